"""`SentenceEncoder`: texts to vectors, as sentence-transformers does it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..arguments import as_flag, as_folder, as_integer
from ..encoder.encoder import Encoder
from ..encoder.packing import Int32, pack_sequences
from ..errors import ConfigError, InputError
from ..heads.sentence_embedding import SentenceEmbedding
from ..progress import progress
from ..text.tokenizer import Tokenizer
from .sentence_config import read_sentence_config


class SentenceEncoder:
    """A tokenizer, an encoder and a pooling. Safe to share between threads.

    Attributes:
        tokenizer: cuts text into ids.
        encoder: ids to hidden states.
        head: hidden states to one vector a text.
        max_seq_length: longer texts lose their end; counts [CLS] and [SEP].
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        encoder: Encoder,
        head: SentenceEmbedding,
        max_seq_length: int | None = None,
    ) -> None:
        """Join the parts.

        Args:
            tokenizer: its ids must lie within the encoder's table.
            encoder: any backend.
            head: pooling and normalisation.
            max_seq_length: tokens of a text, [CLS] and [SEP] included; None means the tokenizer's
                own limit. Never more than the model has positions.

        Raises:
            ConfigError: the vocabulary is larger than the encoder's table.
            InputError: a max_seq_length that does not hold [CLS] and [SEP].
        """
        if tokenizer.vocab_size > encoder.config.vocab_size:
            raise ConfigError(
                f"the vocabulary has {tokenizer.vocab_size} ids, but the model's table only "
                f"{encoder.config.vocab_size} rows: they do not belong together."
            )
        if max_seq_length is not None and (type(max_seq_length) is not int or max_seq_length < 2):
            raise InputError(
                f"max_seq_length: expected an integer of at least 2, received {max_seq_length!r}."
            )
        self.tokenizer = tokenizer
        self.encoder = encoder
        self.head = head
        positions = encoder.config.max_position_embeddings
        wanted = max_seq_length or tokenizer.model_max_length or positions
        self.max_seq_length = min(wanted, positions)

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        backend: str = "numba",
        num_threads: int | None = None,
        pooling: str | None = None,
    ) -> Self:
        """Load a sentence-transformers folder, or a bare model folder with a `pooling`.

        Args:
            folder: config.json, model.safetensors, a vocabulary, and perhaps modules.json.
            backend: "numba" or "numpy".
            num_threads: see `Encoder`.
            pooling: "mean", "cls" or "max" instead of what the folder says.

        Raises:
            InputError: an argument is none of the above.
            ConfigError, ModelFileError, TokenizerError: the folder cannot be used; says why.
        """
        config = read_sentence_config(as_folder(folder), pooling)
        encoder = Encoder.from_pretrained(
            config.transformer_folder, backend, num_threads=num_threads
        )
        tokenizer = Tokenizer.from_pretrained(
            config.transformer_folder,
            backend="numba" if backend == "numba" else "python",
            num_threads=num_threads,
        )
        return cls(tokenizer, encoder, config.head, config.max_seq_length)

    @property
    def embedding_dimension(self) -> int:
        """Features of one vector."""
        return self.encoder.config.hidden_size * len(self.head.pooling)

    def encode(
        self,
        texts: str | Iterable[str],
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        normalize_embeddings: bool | None = None,
    ) -> NDArray[np.float32]:
        """Embed one text or many; a text's vector does not depend on the others.

        Args:
            texts: a string, or any iterable of strings.
            batch_size: texts computed at a time; bounds memory, changes no result.
            show_progress_bar: None shows it where standard error is a terminal.
            normalize_embeddings: True scales every vector to length 1, False never does; None does
                what the folder's modules.json says.

        Returns:
            float32 [n, embedding_dimension] in the order of `texts`; for a string its one row.

        Raises:
            InputError: something that is no string, a lone surrogate, or an argument of the wrong
                kind.
        """
        batch_size = as_integer(batch_size, "batch_size")
        if batch_size < 1:
            raise InputError(f"batch_size: expected a positive integer, received {batch_size}.")
        if show_progress_bar is not None:
            show_progress_bar = as_flag(show_progress_bar, "show_progress_bar")
        if normalize_embeddings is not None:
            normalize_embeddings = as_flag(normalize_embeddings, "normalize_embeddings")
        single = isinstance(texts, str)
        sequences = self._tokenize(_as_list(texts))
        vectors = np.empty((len(sequences), self.embedding_dimension), np.float32)
        # Longest first: a batch holds texts of about one length, and the last is the cheapest.
        order = np.argsort([-len(sequence) for sequence in sequences], kind="stable")
        with progress(len(sequences), "texts", show_progress_bar) as bar:
            for start in range(0, len(order), batch_size):
                chosen = order[start : start + batch_size]
                batch = pack_sequences([sequences[n] for n in chosen], self.encoder.config)
                vectors[chosen] = self.head(self.encoder.backend, batch, normalize_embeddings)
                bar.update(len(chosen))
        return vectors[0] if single else vectors

    def _tokenize(self, texts: list[Any]) -> list[Int32]:
        batch = self.tokenizer(
            texts, padding=False, truncation=True, max_length=self.max_seq_length
        )
        return list(batch["input_ids"])


def _as_list(texts: object) -> list[Any]:
    """All texts at once; what they are is the tokenizer's to check."""
    if isinstance(texts, str):
        return [texts]
    try:
        items = iter(texts)  # type: ignore[call-overload]
    except TypeError:
        items = None
    if items is None or isinstance(texts, bytes | bytearray | Mapping):
        raise InputError(
            f"texts: expected a str or an iterable of str, received {type(texts).__name__}."
        )
    return list(items)
