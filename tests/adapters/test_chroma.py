"""`NpdistilEmbeddingFunction` in Chroma's registry, its configurations and a collection."""

import chromadb
import numpy as np
import pytest
from chromadb.api.types import EmbeddingFunction
from chromadb.config import Settings
from chromadb.utils.embedding_functions import (
    config_to_embedding_function,
    known_embedding_functions,
)

from npdistil import InputError, ModelFileError, SentenceEncoder
from npdistil.chroma import NpdistilEmbeddingFunction

TEXTS = [
    "Bread dough rises faster in a warm kitchen.",
    "Volcanoes erupt.",
    "A kitchen has a stove.",
]


@pytest.fixture(scope="module")
def function(minilm_folder):
    return NpdistilEmbeddingFunction(str(minilm_folder), query_prompt="q: ", document_prompt="d: ")


def test_vectors_and_prompts(function, minilm_folder):
    """Catches a prompt before the wrong texts, or what Chroma's own wrapper refuses."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder)
    assert isinstance(function, EmbeddingFunction) and not function.is_legacy()
    found = function(TEXTS)
    assert all(type(vector) is np.ndarray and vector.dtype == np.float32 for vector in found)
    np.testing.assert_array_equal(found, encoder.encode([f"d: {text}" for text in TEXTS]))
    np.testing.assert_array_equal(function.embed_query(["a"]), encoder.encode(["q: a"]))


@pytest.mark.parametrize("call", [lambda f, texts: f(texts), lambda f, texts: f.embed_query(texts)])
def test_documents_that_are_no_list(function, call):
    """Catches a text whose letters become documents, and an argument under another name."""
    with pytest.raises(InputError, match=r"^input: expected a list of texts, received str\.$"):
        call(function, "abc")
    with pytest.raises(InputError, match=r"^input\[1\]: expected a str, received int"):
        call(function, ["a", 3])


def test_registry_and_configurations(function):
    """Catches a collection that cannot find its function again, or finds another one."""
    assert known_embedding_functions[function.name()] is NpdistilEmbeddingFunction
    stored = {"name": function.name(), "config": function.get_config()}
    again = config_to_embedding_function(stored)
    assert again.get_config() == function.get_config()
    np.testing.assert_array_equal(again(TEXTS[:1]), function(TEXTS[:1]))
    assert function.default_space() in function.supported_spaces()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"model": None}, "model: expected str, received None"),
        ({"num_threads": True}, "num_threads: expected int or NoneType, received True"),
        ({"device": "cuda"}, "unknown field 'device'"),
        ({"query_prompt": 3}, "query_prompt: expected str or NoneType, received 3"),
    ],
)
def test_configurations_of_others(function, change, message):
    """Catches a stored configuration that is believed, or fails in Python's words."""
    config = {**function.get_config(), **change}
    with pytest.raises(InputError, match=message):
        NpdistilEmbeddingFunction.validate_config(config)
    with pytest.raises(InputError, match=message):
        NpdistilEmbeddingFunction.build_from_config(config)
    with pytest.raises(InputError, match='"model" is missing'):
        NpdistilEmbeddingFunction.validate_config({})


def test_what_may_change(function):
    """Catches vectors of two kinds in one collection."""
    old = function.get_config()
    function.validate_config_update(old, {**old, "model": "elsewhere", "num_threads": 1})
    with pytest.raises(InputError, match="document_prompt cannot change"):
        function.validate_config_update(old, {**old, "document_prompt": "x"})


def test_a_collection(function, tmp_path):
    """Catches answers that differ from a search over the same vectors, now or when reopened."""
    silent = Settings(anonymized_telemetry=False)
    for client in (
        chromadb.EphemeralClient(silent),
        chromadb.PersistentClient(str(tmp_path), Settings(anonymized_telemetry=False)),
    ):
        collection = client.create_collection("texts", embedding_function=function)
        collection.add(ids=["a", "b", "c"], documents=TEXTS)
        found = collection.query(query_texts=["How do I bake?"], n_results=3)
        vectors, (query,) = np.array(function(TEXTS)), function.embed_query(["How do I bake?"])
        order = np.argsort(-(vectors @ query))
        assert found["ids"] == [["abc"[n] for n in order]]
        np.testing.assert_allclose(found["distances"][0], 1 - (vectors @ query)[order], atol=1e-5)
        again = client.get_collection("texts")  # the function comes out of the stored configuration
        assert again.query(query_texts=["How do I bake?"], n_results=3)["ids"] == found["ids"]


def test_a_model_that_is_not_there():
    """Catches a constructor that loads."""
    function = NpdistilEmbeddingFunction("no/such/folder")
    with pytest.raises(ModelFileError):
        function(["a"])
