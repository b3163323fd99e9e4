"""`NpdistilEmbeddings` in LangChain's own tests, and in its vector store."""

import asyncio
import pickle

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from npdistil import InputError, SentenceEncoder
from npdistil.langchain import NpdistilEmbeddings
from tests.conftest import WEIGHTS


class TestUnit(EmbeddingsUnitTests):
    """LangChain's tests of the constructor."""

    @property
    def embeddings_class(self):
        return NpdistilEmbeddings

    @property
    def embedding_model_params(self):
        return {"model": str(WEIGHTS)}


class TestIntegration(EmbeddingsIntegrationTests):
    """LangChain's tests of types, lengths and both ways to be called."""

    embeddings_class = TestUnit.embeddings_class
    embedding_model_params = TestUnit.embedding_model_params


@pytest.fixture(scope="module")
def embeddings(minilm_folder):
    return NpdistilEmbeddings(str(minilm_folder), query_prompt="q: ", document_prompt="d: ")


def test_vectors_and_prompts(embeddings, minilm_folder):
    """Catches a prompt before the wrong texts, or vectors of another model."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder)
    assert isinstance(embeddings, Embeddings)
    assert embeddings.embed_query("a") == encoder.encode("q: a").tolist()
    assert embeddings.embed_documents(["a", "b"]) == encoder.encode(["d: a", "d: b"]).tolist()
    assert embeddings.embed_documents([]) == []
    assert asyncio.run(embeddings.aembed_query("a")) == embeddings.embed_query("a")
    assert asyncio.run(embeddings.aembed_documents(["a"])) == embeddings.embed_documents(["a"])
    again = pickle.loads(pickle.dumps(embeddings))
    assert again.embed_query("a") == embeddings.embed_query("a")
    with pytest.raises(InputError, match=r"texts\[0\]: expected a str"):
        NpdistilEmbeddings(str(minilm_folder)).embed_documents([1])


@pytest.mark.parametrize("texts", ["abc", b"abc", {"a": 1}, None])
def test_documents_that_are_no_list(embeddings, texts):
    """Catches a text whose letters become documents, and Python's own words."""
    kind = type(texts).__name__
    with pytest.raises(InputError, match=f"^texts: expected a list of texts, received {kind}"):
        embeddings.embed_documents(texts)


def test_in_a_vector_store(embeddings):
    """Catches embeddings that no store can compare."""
    store = InMemoryVectorStore(embeddings)
    store.add_texts(["Bread dough rises faster in a warm kitchen.", "Volcanoes erupt."])
    (found,) = store.similarity_search("How do I bake?", k=1)
    assert found.page_content.startswith("Bread")
