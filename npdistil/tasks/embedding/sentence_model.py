"""What a `SentenceEncoder` consists of: its parts, how they are loaded, and its settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike, NDArray

from ...arguments import as_positive_or_none
from ...encoder.encoder import Encoder
from ...errors import InputError
from ...heads.sentence_embedding import SentenceEmbedding
from ..call_defaults import checked_defaults
from ..model_parts import expect_fitting
from ..prompts import checked_prompt_name, merged_prompts
from .load_parts import load_parts
from .request import checked_similarity

if TYPE_CHECKING:
    from ...text.tokenizer import Tokenizer

LOADING = ("backend", "num_threads", "pooling", "revision")


class SentenceModel:
    """A tokenizer, an encoder and a pooling, with prompts and a similarity; see `SentenceEncoder`.

    Attributes:
        tokenizer: cuts text into ids.
        encoder: ids to hidden states.
        head: hidden states to one vector a text.
        max_seq_length: longer texts lose their end; counts [CLS] and [SEP]. May be set.
        prompts: what is put before texts, by name.
        default_prompt_name: which of them is put before every text; None: none is.
        truncate_dim: how many features a vector keeps; None: all.
        call_defaults: options that every `__call__` has unless it is given others.
    """

    def __init__(
        self,
        tokenizer: "Tokenizer | str | Path",
        encoder: Encoder | None = None,
        head: SentenceEmbedding | None = None,
        max_seq_length: int | None = None,
        *,
        prompts: Mapping[str, str | None] | None = None,
        default_prompt_name: str | None = None,
        truncate_dim: int | None = None,
        similarity_fn_name: str | None = None,
        **options: Any,
    ) -> None:
        """Join the parts, or load a folder.

        Args:
            tokenizer: its ids must lie within the encoder's table. Or a folder, or a model's name
                at the hub, as for `from_pretrained`; then there is no encoder and no head.
            encoder: any backend.
            head: pooling, and what follows it.
            max_seq_length: tokens of a text, [CLS] and [SEP] included; None means the tokenizer's
                own limit. Never more than the model has positions.
            prompts: by name; "query" and "document" are always there, empty unless given.
            default_prompt_name: of the prompt that a text gets where nobody chooses another.
            truncate_dim: how many features a vector keeps; None keeps all.
            similarity_fn_name: "cosine", "dot", "euclidean" or "manhattan"; None means "cosine".
            options: of `__call__`, for calls that do not say them; with a folder also backend,
                num_threads, pooling and revision, as for `from_pretrained`.

        Raises:
            ConfigError: the vocabulary is larger than the encoder's table; or as `from_pretrained`.
            ModelFileError, TokenizerError: as `from_pretrained`.
            InputError: a max_seq_length that does not hold [CLS] and [SEP], or another argument
                that is none of the above.
        """
        loading = {name: options.pop(name) for name in LOADING if name in options}
        if isinstance(tokenizer, str | Path) and encoder is None and head is None:
            parts = load_parts(
                tokenizer,
                **loading,
                prompts=prompts,
                default_prompt_name=default_prompt_name,
                truncate_dim=truncate_dim,
                similarity_fn_name=similarity_fn_name,
            )
            if max_seq_length is not None:
                parts = parts._replace(max_seq_length=max_seq_length)
            SentenceModel.__init__(self, **parts._asdict(), **options)
            return
        if isinstance(tokenizer, str | Path) or encoder is None or head is None or loading:
            raise InputError(
                "SentenceEncoder: expected a folder or a name, which from_pretrained loads, or a "
                "tokenizer, an encoder and a head without options of loading."
            )
        self.call_defaults = checked_defaults(type(self), options)
        expect_fitting(tokenizer, encoder.config)
        if max_seq_length is not None and (type(max_seq_length) is not int or max_seq_length < 2):
            raise InputError(
                f"max_seq_length: expected an integer of at least 2, received {max_seq_length!r}."
            )
        self.tokenizer = tokenizer
        self.encoder = encoder
        self.head = head
        self.max_seq_length = encoder.config.row_limit(max_seq_length or tokenizer.model_max_length)
        self.prompts = merged_prompts({}, prompts)
        self.default_prompt_name = default_prompt_name
        if default_prompt_name is not None:
            checked_prompt_name(default_prompt_name, self.prompts, "default_prompt_name")
        self.truncate_dim = as_positive_or_none(truncate_dim, "truncate_dim")
        self._similarity = checked_similarity(similarity_fn_name or "cosine")

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        backend: str = "numba",
        num_threads: int | None = None,
        pooling: str | None = None,
        revision: str | None = None,
        *,
        prompts: Mapping[str, str | None] | None = None,
        default_prompt_name: str | None = None,
        truncate_dim: int | None = None,
        similarity_fn_name: str | None = None,
        **call_defaults: Any,
    ) -> Self:
        """Load a sentence-transformers folder, or a bare model folder with a `pooling`.

        Args:
            folder: with config.json, weights, a vocabulary, and perhaps modules.json; or the
                file of weights in it that is meant; or as a string a model's name at the hub, as
                for `Encoder`.
            backend: "numba" or "numpy".
            num_threads: see `Encoder`.
            pooling: instead of what the folder says: "mean", "cls", "max", "mean_sqrt_len_tokens",
                "weightedmean" or "lasttoken".
            revision: of a model of the hub: a branch, tag or commit; None means main.
            prompts: go before those of the folder that have the same name.
            default_prompt_name: instead of what the folder says.
            truncate_dim: likewise.
            similarity_fn_name: likewise.
            call_defaults: options of `__call__`, for calls that do not say them.

        Raises:
            InputError: an argument is none of the above.
            ConfigError, ModelFileError, TokenizerError: the folder cannot be used; says why.
        """
        parts = load_parts(
            folder,
            backend,
            num_threads,
            pooling,
            revision,
            prompts=prompts,
            default_prompt_name=default_prompt_name,
            truncate_dim=truncate_dim,
            similarity_fn_name=similarity_fn_name,
        )
        return cls(**parts._asdict(), **call_defaults)

    @property
    def embedding_dimension(self) -> int:
        """Features of one vector, at most `truncate_dim`."""
        return self._dimension(self.truncate_dim)

    def get_embedding_dimension(self) -> int:
        """Features of one vector, at most `truncate_dim`."""
        return self.embedding_dimension

    def get_sentence_embedding_dimension(self) -> int:
        """As `get_embedding_dimension`, under its old name."""
        return self.embedding_dimension

    @property
    def similarity_fn_name(self) -> str:
        """How `similarity` compares: "cosine", "dot", "euclidean" or "manhattan". May be set."""
        return self._similarity

    @similarity_fn_name.setter
    def similarity_fn_name(self, name: str | None) -> None:
        """None means "cosine"; raises InputError for any other name."""
        self._similarity = checked_similarity(name or "cosine")

    def similarity(self, embeddings1: ArrayLike, embeddings2: ArrayLike) -> NDArray[Any]:
        """How alike all rows are to all rows, [n, m], as `similarity_fn_name` says.

        Args:
            embeddings1: numbers [n, E] or [E].
            embeddings2: numbers [m, E] or [E].

        Raises:
            InputError: anything else.
        """
        from .similarity import SIMILARITIES  # late, as few compare here

        return SIMILARITIES[self._similarity].matrix(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1: ArrayLike, embeddings2: ArrayLike) -> NDArray[Any]:
        """How alike each row is to the row of the same number, [n].

        Args:
            embeddings1: numbers [n, E] or [E].
            embeddings2: numbers of the same shape.

        Raises:
            InputError: anything else.
        """
        from .similarity import SIMILARITIES  # late, as few compare here

        return SIMILARITIES[self._similarity].pairwise(embeddings1, embeddings2)

    def _dimension(self, truncate_dim: int | None) -> int:
        whole = self.head.dimension(self.encoder.config.hidden_size)
        return whole if truncate_dim is None else min(whole, truncate_dim)
