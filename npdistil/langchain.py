"""`NpdistilEmbeddings`: LangChain's interface for embeddings; extra `[langchain]`."""

from langchain_core.embeddings import Embeddings

from .tasks.lazy_encoder import LazyEncoder


class NpdistilEmbeddings(Embeddings):
    """Embeds queries and documents, each with a prompt of its own if the model wants one.

    The asynchronous methods are LangChain's: they run these in a thread.
    """

    def __init__(
        self,
        model: str,
        *,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        normalize: bool = False,
        batch_size: int = 32,
        backend: str = "numba",
        num_threads: int | None = None,
        revision: str | None = None,
    ) -> None:
        """Store the parameters; the model is loaded at the first text.

        Args:
            model: a folder, or a name at the hub; as for `SentenceEncoder.from_pretrained`.
            query_prompt: is put before each query; None: the model's own, if it has one.
            document_prompt: likewise before each document.
            normalize: scale vectors to length 1, whatever the folder says.
            batch_size: as for `SentenceEncoder.encode`; changes no result.
            backend: "numba" or "numpy".
            num_threads: of the kernels; None takes what the process may use.
            revision: of a model of the hub.
        """
        self.query_prompt, self.document_prompt = query_prompt, document_prompt
        self._lazy = LazyEncoder(model, backend, num_threads, revision, normalize, batch_size)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector for each text.

        Raises:
            InputError: a str instead of a list, or an item that is no string.
            NpdistilError: the model cannot be loaded; says why.
        """
        vectors: list[list[float]] = self._lazy.encode(
            texts, self.document_prompt, "document"
        ).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query.

        Raises:
            InputError: `text` is no string.
            NpdistilError: the model cannot be loaded; says why.
        """
        vector: list[float] = self._lazy.encode([text], self.query_prompt, "query")[0].tolist()
        return vector
