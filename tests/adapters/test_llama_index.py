"""`NpdistilEmbedding` as LlamaIndex calls, copies and stores its embeddings."""

import asyncio
import pickle

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.embeddings import resolve_embed_model
from llama_index.core.schema import TextNode

from npdistil import ModelFileError, SentenceEncoder
from npdistil.llama_index import NpdistilEmbedding


@pytest.fixture(scope="module")
def embedding(minilm_folder):
    return NpdistilEmbedding(
        model_name=str(minilm_folder), query_instruction="q: ", text_instruction="t: "
    )


@pytest.fixture(scope="module")
def encoder(minilm_folder):
    return SentenceEncoder.from_pretrained(minilm_folder)


def test_vectors_and_prompts(embedding, encoder):
    """Catches a prompt before the wrong texts, or a batch in another order."""
    texts = [f"text {n}" for n in range(25)]  # more than a batch
    query, wanted = encoder.encode("q: a").tolist(), encoder.encode([f"t: {t}" for t in texts])
    assert isinstance(embedding, BaseEmbedding) and resolve_embed_model(embedding) is embedding
    assert embedding.get_query_embedding("a") == query
    assert embedding.get_text_embedding(texts[3]) == wanted[3].tolist()
    assert embedding.get_text_embedding_batch(texts) == wanted.tolist()
    assert embedding.get_agg_embedding_from_queries(["a", "a"]) == pytest.approx(query)


def test_asynchronous(embedding, encoder):
    """Catches coroutines that nobody awaits, or that give other vectors."""

    async def calls():
        return (
            await embedding.aget_query_embedding("a"),
            await embedding.aget_text_embedding("a"),
            await embedding.aget_text_embedding_batch(["a", "b"]),
        )

    query, text, batch = asyncio.run(calls())
    assert query == embedding.get_query_embedding("a")
    assert text == embedding.get_text_embedding("a")
    assert batch == embedding.get_text_embedding_batch(["a", "b"])


def test_copies_carry_fields_alone(embedding):
    """Catches weights in a pickle or a dict, and fields that are lost on the way."""
    vector = embedding.get_query_embedding("a")
    content = pickle.dumps(embedding)
    assert len(content) < 2000
    fields = embedding.to_dict()
    assert fields["class_name"] == "NpdistilEmbedding" and fields["query_instruction"] == "q: "
    for again in (
        pickle.loads(content),
        NpdistilEmbedding.from_dict(fields),
        NpdistilEmbedding.from_json(embedding.to_json()),
        embedding.model_copy(deep=True),
    ):
        assert again.get_query_embedding("a") == vector
        assert again.to_dict() == fields


def test_in_an_index(embedding):
    """Catches an embedding that LlamaIndex cannot use beside its own."""
    texts = ["Bread dough rises faster in a warm kitchen.", "Volcanoes erupt."]
    index = VectorStoreIndex([TextNode(text=text) for text in texts], embed_model=embedding)
    (found,) = index.as_retriever(similarity_top_k=1).retrieve("How do I bake?")
    assert found.text == texts[0]


def test_a_model_that_is_not_there():
    """Catches a constructor that loads, and an error that LlamaIndex swallows."""
    embedding = NpdistilEmbedding(model_name="no/such/folder")
    with pytest.raises(ModelFileError):
        embedding.get_query_embedding("a")
