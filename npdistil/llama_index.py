"""`NpdistilEmbedding`: LlamaIndex's interface for embeddings; extra `[llama-index]`."""

import asyncio
from typing import Any

from llama_index.core.base.embeddings.base import BaseEmbedding, Embedding
from llama_index.core.bridge.pydantic import Field, PrivateAttr

from .tasks.lazy_encoder import LazyEncoder


class NpdistilEmbedding(BaseEmbedding):
    """Embeds queries and texts, each with a prompt of its own if the model wants one.

    The model is loaded at the first text; a copy, pickle or dict carries the fields alone.
    """

    model_name: str = Field(description="A folder, or a name at the hub.")
    query_instruction: str | None = Field(
        None, description="Is put before each query; None: the model's own."
    )
    text_instruction: str | None = Field(
        None, description="Is put before each text; None: the model's own."
    )
    normalize: bool = Field(
        False, description="Scale vectors to length 1, whatever the folder says."
    )
    backend: str = Field("numba", description='"numba" or "numpy".')
    num_threads: int | None = Field(None, description="Threads of the kernels.")
    revision: str | None = Field(None, description="Of a model of the hub.")

    _lazy: Any = PrivateAttr(default=None)

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex calls this class where it is serialized."""
        return "NpdistilEmbedding"

    def model_post_init(self, context: Any, /) -> None:
        """Take over the fields; nothing is loaded."""
        super().model_post_init(context)
        self._lazy = LazyEncoder(
            self.model_name,
            self.backend,
            self.num_threads,
            self.revision,
            self.normalize,
            self.embed_batch_size,
        )

    def _get_query_embedding(self, query: str) -> Embedding:
        vector: Embedding = self._lazy.encode([query], self.query_instruction, "query")[0].tolist()
        return vector

    def _get_text_embedding(self, text: str) -> Embedding:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        vectors: list[Embedding] = self._lazy.encode(
            texts, self.text_instruction, "document"
        ).tolist()
        return vectors

    async def _aget_query_embedding(self, query: str) -> Embedding:
        return await asyncio.to_thread(self._get_query_embedding, query)

    async def _aget_text_embedding(self, text: str) -> Embedding:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)
