"""`SentenceEncoder`: texts to vectors, as sentence-transformers does it."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..arguments import as_flag, as_integer, as_texts
from ..checkpoint.locate import locate
from ..checkpoint.weights_file import folder_of
from ..encoder.encoder import Encoder
from ..encoder.packing import PackedBatch, pack_rows
from ..errors import InputError
from ..heads.sentence_embedding import SentenceEmbedding
from ..progress import progress
from ..text.tokenizer import Tokenizer
from .model_parts import expect_fitting, make_kernels
from .sentence_config import read_sentence_config
from .windows import GrowingRows, as_iterable, distinct, windows

WINDOW = 4096  # texts that are tokenised and ordered by length at a time
READ_AHEAD = 256  # texts of which `encode_iter` makes its next blocks


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
        expect_fitting(tokenizer, encoder.config)
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
        revision: str | None = None,
    ) -> Self:
        """Load a sentence-transformers folder, or a bare model folder with a `pooling`.

        Args:
            folder: with config.json, weights, a vocabulary, and perhaps modules.json; or the
                file of weights in it that is meant; or as a string a model's name at the hub, as
                for `Encoder`.
            backend: "numba" or "numpy".
            num_threads: see `Encoder`.
            pooling: "mean", "cls" or "max" instead of what the folder says.
            revision: of a model of the hub: a branch, tag or commit; None means main.

        Raises:
            InputError: an argument is none of the above.
            ConfigError, ModelFileError, TokenizerError: the folder cannot be used; says why.
        """
        model = locate(folder, "sentence", revision)
        config = read_sentence_config(folder_of(model), pooling)
        weights = model if model.is_file() else config.transformer_folder
        if backend == "numba":
            make_kernels()
        encoder = Encoder.from_pretrained(weights, backend, num_threads=num_threads)
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

        Equal texts are computed once: of a list's all, of another iterable's those that come near
        each other, because it is read a window at a time.

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
                kind. A list is checked whole before anything is computed.
        """
        batch_size = _positive(batch_size, "batch_size")
        if show_progress_bar is not None:
            show_progress_bar = as_flag(show_progress_bar, "show_progress_bar")
        normalize = _flag_or_none(normalize_embeddings)
        items, total, places = as_iterable(texts), None, None
        if isinstance(items, list | tuple | np.ndarray):
            items, places = distinct(as_texts(items, "texts"))
            total = len(items)
        vectors = GrowingRows(self.embedding_dimension, total or 0)
        with progress(total, "texts", show_progress_bar) as bar:
            for window in windows(items, WINDOW):
                vectors.append(self._embed(window, batch_size, normalize, bar.update))
        vectors_BE = vectors.finish()
        if isinstance(texts, str):
            vector_E: NDArray[np.float32] = vectors_BE[0]
            return vector_E
        return vectors_BE if places is None else vectors_BE[places]

    def encode_iter(
        self,
        texts: Iterable[str],
        batch_tokens: int = 16_384,
        normalize_embeddings: bool | None = None,
    ) -> Iterator[NDArray[np.float32]]:
        """Embed texts without end: vectors come in blocks, in order, from constant memory.

        Args:
            texts: any iterable of strings; 256 are read at a time, and a block has no more.
            batch_tokens: the most tokens of a block; a longer text is a block by itself.
            normalize_embeddings: as for `encode`.

        Yields:
            float32 [n, embedding_dimension], n at least 1; one block behind another they are what
            `encode` returns.

        Raises:
            InputError: as `encode`; for an item, when it is reached.
        """
        batch_tokens = _positive(batch_tokens, "batch_tokens")
        normalize, items = _flag_or_none(normalize_embeddings), as_iterable(texts)
        return self._blocks(items, batch_tokens, normalize)

    def _blocks(
        self, items: Iterable[str], batch_tokens: int, normalize: bool | None
    ) -> Iterator[NDArray[np.float32]]:
        for window in windows(items, READ_AHEAD):
            batch = self._pack(window)
            for first, last in batch.spans(batch_tokens):
                yield self._embed_batch(batch.bundle(first, last), normalize)

    def _pack(self, texts: list[str]) -> PackedBatch:
        packed = self.tokenizer.pack(texts, self.max_seq_length)
        return pack_rows(packed.input_ids_T, packed.cu_seqlens, self.encoder.config)

    def _embed(
        self,
        texts: list[str],
        batch_size: int,
        normalize: bool | None,
        done: Callable[[int], object],
    ) -> NDArray[np.float32]:
        """A window of texts."""
        distinct_texts, places = distinct(texts)
        batch = self._pack(distinct_texts)
        vectors_BE = np.empty((len(distinct_texts), self.embedding_dimension), np.float32)
        # Longest first: a batch holds texts of about one length, and the last is the cheapest.
        order = np.argsort(-batch.lengths, kind="stable")
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            vectors_BE[chosen] = self._embed_batch(batch.take(chosen), normalize)
            done(len(chosen))
        return vectors_BE if places is None else vectors_BE[places]

    def _embed_batch(self, batch: PackedBatch, normalize: bool | None) -> NDArray[np.float32]:
        return self.head(self.encoder.backend, batch, normalize)


def _positive(value: object, name: str) -> int:
    number = as_integer(value, name)
    if number < 1:
        raise InputError(f"{name}: expected a positive integer, received {number}.")
    return number


def _flag_or_none(normalize_embeddings: object) -> bool | None:
    if normalize_embeddings is None:
        return None
    return as_flag(normalize_embeddings, "normalize_embeddings")
