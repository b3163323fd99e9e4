"""`SentenceEncoder`: texts to vectors, as sentence-transformers does it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ..arguments import as_flag, as_integer, as_positive, as_positive_or_none, as_texts, one_of
from ..errors import InputError
from ..progress import progress
from .call_defaults import expect_cpu, one_of_two, refuse_tensors, with_defaults
from .embedding.embed_texts import TextEmbedder
from .embedding.request import (
    Request,
    Vectors,
    checked_precision,
    flag_or_none,
)
from .embedding.sentence_model import SentenceModel
from .prompts import chosen_prompt, name_for_documents
from .stream import tokens_of
from .windows import GrowingRows, as_iterable, distinct, windows

Texts: TypeAlias = str | Path | Iterable[str]
WINDOW = 4096  # texts that are tokenised and ordered by length at a time
READ_AHEAD = 256  # texts of which `encode_iter` makes its next blocks
OUTPUTS = ("sentence_embedding", "token_embeddings")


class SentenceEncoder(SentenceModel):
    """A tokenizer, an encoder and a pooling. Safe to share between threads.

    Attributes:
        tokenizer: cuts text into ids.
        encoder: ids to hidden states.
        head: hidden states to one vector a text.
        max_seq_length: longer texts lose their end; counts [CLS] and [SEP]. May be set.
        prompts: what is put before texts, by name.
        default_prompt_name: which of them is put before every text; None: none is.
        truncate_dim: how many features a vector keeps; None: all.
    """

    @with_defaults
    def __call__(
        self,
        inputs: Texts,
        *,
        batch_size: int = 32,
        prompt_name: str | None = None,
        prompt: str | None = None,
        precision: str = "float32",
        normalize_embeddings: bool | None = False,
        truncate_dim: int | None = None,
        long: bool = False,
        stride: int | None = None,
    ) -> NDArray[Any]:
        """`encode`, as tasks are called.

        Args:
            inputs: a string, any iterable of strings, or a `Path`: as for `encode`, and so are the
                others.
            batch_size: bounds how many are computed at a time.
            prompt_name: which of `prompts` is put before each text.
            prompt: what is put before each text.
            precision: what numbers are returned.
            normalize_embeddings: scale vectors to length 1.
            truncate_dim: how many features are kept.
            long: read texts that do not fit in windows.
            stride: tokens that neighbouring windows share.

        Returns:
            float32 [n, embedding_dimension], or what `precision` makes of it; for a string a row.

        Raises:
            InputError: as `encode`.
        """
        return self.encode(
            inputs,
            prompt_name,
            prompt,
            batch_size,
            precision=precision,
            normalize_embeddings=normalize_embeddings,
            truncate_dim=truncate_dim,
            long=long,
            stride=stride,
        )

    def encode(
        self,
        inputs: Texts | None = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        batch_size: int = 32,
        show_progress_bar: bool | None = None,
        output_value: str = "sentence_embedding",
        precision: str = "float32",
        convert_to_numpy: bool = True,
        convert_to_tensor: bool = False,
        device: Any = None,
        normalize_embeddings: bool | None = False,
        truncate_dim: int | None = None,
        *,
        long: bool = False,
        stride: int | None = None,
        return_num_truncated_tokens: bool = False,
        sentences: Texts | None = None,
    ) -> NDArray[Any]:
        """Embed one text or many; a text's vector does not depend on the others.

        Equal texts are computed once: of a list's all, of another iterable's those that come near
        each other, because it is read a window at a time.

        Args:
            inputs: a string, any iterable of strings, or a `Path`: of a file with one text a line.
            prompt_name: which of `prompts` is put before each text; None: the default one.
            prompt: what is put before each text, instead of one of `prompts`.
            batch_size: bounds the tokens that are computed at a time: as many as so many texts of
                the greatest length have, at most 16,384. Changes no result.
            show_progress_bar: None shows it where standard error is a terminal.
            output_value: "sentence_embedding"; or "token_embeddings", the last hidden states of
                each text's tokens.
            precision: "float32"; or "int8", "uint8", "binary" or "ubinary": see
                `quantize_embeddings`, whose ranges are here those of these very texts.
            convert_to_numpy: False gives a list of vectors.
            convert_to_tensor: for tensors there is no library here: must be False.
            device: None, "cpu" or -1.
            normalize_embeddings: True scales vectors to length 1, behind everything else. What the
                folder's modules do is done in any case.
            truncate_dim: how many features are kept, instead of the attribute of that name.
            long: texts that do not fit keep their ends: they are read in overlapping windows and
                pooled by tokens (`embedding/long_texts.py` has the formula).
            stride: with `long`, the tokens that neighbouring windows share; None: a fourth.
            return_num_truncated_tokens: also return how many tokens each text has lost.
            sentences: another name of `inputs`, as sentence-transformers 5 has it.

        Returns:
            float32 [n, embedding_dimension] in the order of `inputs`, or what `precision` makes of
            it; for a string its one row. For "token_embeddings" a list of [L, D]. With
            `return_num_truncated_tokens` a pair: that, and int32 [n].

        Raises:
            InputError: something that is no string, a lone surrogate, or an argument of the wrong
                kind. A list is checked whole before anything is computed.
        """
        texts, name = one_of_two(inputs, sentences)
        batch_tokens = tokens_of(batch_size, self.max_seq_length)
        show_progress_bar = flag_or_none(show_progress_bar, "show_progress_bar")
        refuse_tensors(convert_to_tensor)
        expect_cpu(device)
        precision = checked_precision(precision)
        counted = as_flag(return_num_truncated_tokens, "return_num_truncated_tokens")
        embedder = self._embedder(
            prompt_name, prompt, normalize_embeddings, truncate_dim, long, stride, counted
        )
        if one_of(output_value, OUTPUTS, "output_value") == "token_embeddings":
            if precision != "float32" or counted or embedder.request.overlap is not None:
                raise InputError(
                    "output_value='token_embeddings' goes neither with precision, nor with long, "
                    "nor with return_num_truncated_tokens."
                )
            return _token_rows(embedder, texts, name, show_progress_bar)
        vectors_BE, truncated_B = _embed_all(embedder, texts, name, batch_tokens, show_progress_bar)
        if precision != "float32":
            from .embedding.quantization import quantize_embeddings  # late, as few want it

            vectors_BE = quantize_embeddings(vectors_BE, precision)
        found: Any = vectors_BE
        if isinstance(texts, str):
            found = vectors_BE[0]
        elif not as_flag(convert_to_numpy, "convert_to_numpy"):
            found = list(vectors_BE)
        if truncated_B is not None:
            found = found, (int(truncated_B[0]) if isinstance(texts, str) else truncated_B)
        return cast(NDArray[Any], found)

    def encode_query(
        self,
        inputs: Texts | None = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        **options: Any,
    ) -> NDArray[Any]:
        """As `encode`, for what is looked for: with the prompt "query" unless one is chosen.

        Args:
            inputs: as for `encode`.
            prompt_name: likewise.
            prompt: likewise.
            options: the other arguments of `encode`.

        Raises:
            InputError: as `encode`.
        """
        if prompt_name is None and prompt is None and "query" in self.prompts:
            prompt_name = "query"
        return self.encode(inputs, prompt_name, prompt, **options)

    def encode_document(
        self,
        inputs: Texts | None = None,
        prompt_name: str | None = None,
        prompt: str | None = None,
        **options: Any,
    ) -> NDArray[Any]:
        """As `encode`, for what is searched: with the prompt "document" unless one is chosen.

        "passage" and "corpus" come next, for a model whose `prompts` have lost "document".

        Args:
            inputs: as for `encode`.
            prompt_name: likewise.
            prompt: likewise.
            options: the other arguments of `encode`.

        Raises:
            InputError: as `encode`.
        """
        if prompt_name is None and prompt is None:
            prompt_name = name_for_documents(self.prompts)
        return self.encode(inputs, prompt_name, prompt, **options)

    def encode_iter(
        self,
        inputs: Texts,
        batch_tokens: int = 16_384,
        normalize_embeddings: bool | None = False,
        *,
        prompt_name: str | None = None,
        prompt: str | None = None,
        truncate_dim: int | None = None,
        long: bool = False,
        stride: int | None = None,
    ) -> Iterator[NDArray[np.float32]]:
        """Embed texts without end: vectors come in blocks, in order, from constant memory.

        Args:
            inputs: any iterable of strings, or the `Path` of a file with one text a line; 256 are
                read at a time, and a block has no more.
            batch_tokens: the most tokens of a block; a longer text is a block by itself.
            normalize_embeddings: as for `encode`.
            prompt_name: likewise.
            prompt: likewise.
            truncate_dim: likewise.
            long: likewise; blocks are bounded by characters then.
            stride: likewise.

        Yields:
            float32 [n, embedding_dimension], n at least 1; one block behind another they are what
            `encode` returns.

        Raises:
            InputError: as `encode`; for an item, when it is reached.
        """
        batch_tokens = as_positive(batch_tokens, "batch_tokens")
        items = as_iterable(inputs, "inputs")
        embedder = self._embedder(
            prompt_name, prompt, normalize_embeddings, truncate_dim, long, stride, False
        )
        return (
            block
            for window in windows(items, READ_AHEAD, "inputs")
            for block in embedder.blocks(window, batch_tokens)
        )

    def _embedder(
        self,
        prompt_name: object,
        prompt: object,
        normalize: object,
        truncate_dim: object,
        long: object,
        stride: object,
        counted: bool,
    ) -> TextEmbedder:
        """What one call asks for, checked."""
        text = chosen_prompt(self.prompts, self.default_prompt_name, prompt_name, prompt)
        skip = 0
        if text and not self.head.include_prompt:
            # [CLS] and the prompt, but not the [SEP] behind it
            skip = len(self.tokenizer.pack([text], self.max_seq_length).input_ids_T) - 1
        overlap = None
        if as_flag(long, "long"):
            from .embedding.long_texts import check_poolings, checked_overlap  # likewise

            check_poolings(self.head.pooling)
            wanted = None if stride is None else as_integer(stride, "stride")
            overlap = checked_overlap(wanted, self.max_seq_length - 2)
        elif stride is not None:
            raise InputError("stride: it is of windows, which long=True makes.")
        cut = as_positive_or_none(truncate_dim, "truncate_dim") or self.truncate_dim
        request = Request(
            text,
            skip,
            flag_or_none(normalize, "normalize_embeddings") is True,
            cut,
            counted,
            overlap,
        )
        parts = self.tokenizer, self.encoder, self.head, self.max_seq_length
        return TextEmbedder(*parts, request, self._dimension(cut))


def _embed_all(
    embedder: TextEmbedder, texts: object, name: str, batch_tokens: int, show: bool | None
) -> Vectors:
    """All texts, a window at a time."""
    items, total, places = as_iterable(texts, name), None, None
    if isinstance(items, list | tuple | np.ndarray):
        items, places = distinct(as_texts(items, name))
        total = len(items)
    vectors = GrowingRows(embedder.dimension, total or 0)
    counts = [np.empty(0, np.int32)]
    with progress(total, "texts", show) as bar:
        for window in windows(items, WINDOW, name):
            found = embedder.embed(window, batch_tokens, bar.update)
            vectors.append(found.vectors_BE)
            if found.truncated_B is not None:
                counts.append(found.truncated_B)
    vectors_BE = vectors.finish()
    truncated_B = np.concatenate(counts) if embedder.request.count_truncated else None
    if places is None:
        return Vectors(vectors_BE, truncated_B)
    return Vectors(vectors_BE[places], None if truncated_B is None else truncated_B[places])


def _token_rows(
    embedder: TextEmbedder, texts: object, name: str, show: bool | None
) -> NDArray[Any]:
    """Of each text the rows of its tokens; of a string these alone."""
    rows: list[Any] = []
    with progress(None, "texts", show) as bar:
        for window in windows(as_iterable(texts, name), READ_AHEAD, name):
            rows += embedder.token_rows(window)
            bar.update(len(window))
    return cast(NDArray[Any], rows[0] if isinstance(texts, str) else rows)
