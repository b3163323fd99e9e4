"""`NpdistilEmbeddingFunction`: Chroma's interface for embeddings; extra `[chroma]`.

Importing this module registers it under the name "npdistil", so that a stored collection finds it
again.
"""

from typing import Any

from chromadb.api.types import Documents, EmbeddingFunction, Embeddings, Space
from chromadb.utils.embedding_functions import register_embedding_function

from .errors import InputError
from .tasks.lazy_encoder import LazyEncoder

# What a stored configuration holds, and of which types; the first must be there.
FIELDS: dict[str, tuple[type, ...]] = {
    "model": (str,),
    "query_prompt": (str, type(None)),
    "document_prompt": (str, type(None)),
    "normalize": (bool,),
    "backend": (str,),
    "num_threads": (int, type(None)),
    "revision": (str, type(None)),
}
MAY_CHANGE = ("model", "backend", "num_threads")  # a folder moves; its vectors stay what they were


@register_embedding_function
class NpdistilEmbeddingFunction(EmbeddingFunction[Documents]):
    """Embeds documents and queries, each with a prompt of its own if the model wants one."""

    def __init__(
        self,
        model: str,
        query_prompt: str | None = None,
        document_prompt: str | None = None,
        normalize: bool = False,
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
            backend: "numba" or "numpy".
            num_threads: of the kernels; None takes what the process may use.
            revision: of a model of the hub.

        Raises:
            InputError: a parameter of the wrong type.
        """
        self._config: dict[str, Any] = {
            "model": str(model),
            "query_prompt": query_prompt,
            "document_prompt": document_prompt,
            "normalize": normalize,
            "backend": backend,
            "num_threads": num_threads,
            "revision": revision,
        }
        self.validate_config(self._config)
        self._lazy = LazyEncoder(model, backend, num_threads, revision, normalize)

    def __call__(self, input: Documents) -> Embeddings:
        """A vector for each document.

        Raises:
            InputError: a str instead of a list, or an item that is no string.
            NpdistilError: the model cannot be loaded; says why.
        """
        return [*self._lazy.encode(input, self._config["document_prompt"], "document", "input")]

    def embed_query(self, input: Documents) -> Embeddings:
        """A vector for each query.

        Raises:
            InputError: a str instead of a list, or an item that is no string.
            NpdistilError: the model cannot be loaded; says why.
        """
        return [*self._lazy.encode(input, self._config["query_prompt"], "query", "input")]

    @staticmethod
    def name() -> str:
        """What Chroma stores to find this class again."""
        return "npdistil"

    def default_space(self) -> Space:
        """The distance of a collection that names none."""
        return "cosine"

    def supported_spaces(self) -> list[Space]:
        """The distances that make sense."""
        return ["cosine", "l2", "ip"]

    def get_config(self) -> dict[str, Any]:
        """What Chroma stores to make this object again."""
        return {**self._config}

    @staticmethod
    def build_from_config(config: dict[str, Any]) -> "NpdistilEmbeddingFunction":
        """The object that a stored configuration describes.

        Raises:
            InputError: a field is missing, unknown or of the wrong type.
        """
        NpdistilEmbeddingFunction.validate_config(config)
        return NpdistilEmbeddingFunction(**config)

    @staticmethod
    def validate_config(config: dict[str, Any]) -> None:
        """Refuse a configuration that this class did not write.

        Raises:
            InputError: a field is missing, unknown or of the wrong type.
        """
        if "model" not in config:
            raise InputError('Chroma configuration of npdistil: "model" is missing.')
        for name, value in config.items():
            if name not in FIELDS:
                raise InputError(f"Chroma configuration of npdistil: unknown field {name!r:.80}.")
            if type(value) not in FIELDS[name]:
                kinds = " or ".join(kind.__name__ for kind in FIELDS[name])
                raise InputError(
                    f"Chroma configuration of npdistil: {name}: expected {kinds}, received "
                    f"{value!r:.80}."
                )

    def validate_config_update(
        self, old_config: dict[str, Any], new_config: dict[str, Any]
    ) -> None:
        """Refuse to change what the stored vectors depend on; the model's folder may move.

        Raises:
            InputError: names the field.
        """
        self.validate_config(new_config)
        for name in FIELDS:
            if name not in MAY_CHANGE and old_config.get(name) != new_config.get(name):
                raise InputError(
                    f"Chroma configuration of npdistil: {name} cannot change, because the stored "
                    "vectors depend on it; make a new collection."
                )
