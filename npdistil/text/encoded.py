"""The seam: what any way from text to ids hands over to truncation, pairs and padding."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from ..named_tuple import NamedTuple

Int32s = np.ndarray[Any, np.dtype[np.int32]]
Int64s = np.ndarray[Any, np.dtype[np.int64]]


class EncodedTexts(NamedTuple):
    """The tokens of several texts, one text after another, without special tokens around them.

    Text b has the tokens `cu_seqlens[b]` to `cu_seqlens[b + 1]`.
    """

    ids_T: Int32s
    words_T: Int32s  # number of the word in its text, from 0; an added token is a word
    spans_T2: Int32s | None  # characters of the text, half open; None if nobody asked
    cu_seqlens: Int64s  # [B + 1], begins with 0

    @property
    def lengths_B(self) -> Int64s:
        """Tokens of each text."""
        return np.diff(self.cu_seqlens)


class TextsToIds(Protocol):
    """The readable `TextEncoder`, or anything that gives the same answer faster."""

    def __call__(
        self, texts: Sequence[str], *, enough: int | None, offsets: bool, special_as_text: bool
    ) -> EncodedTexts:
        """Encode each text by itself.

        Args:
            texts: Unicode text without lone surrogates.
            enough: a text may stop at a word's end once it has so many tokens; None: read all.
            offsets: fill `spans_T2`.
            special_as_text: do not look for special tokens.
        """
        ...

    def pack(
        self, texts: Sequence[str], *, enough: int | None, special_as_text: bool
    ) -> tuple[Int32s, Int64s]:
        """The same as rows with [CLS] and [SEP] around each text: ids_T and cu_seqlens.

        Args:
            texts: likewise.
            enough: the most tokens that a text may have, [CLS] and [SEP] not counted.
            special_as_text: likewise.
        """
        ...


def join_words(encoded: EncodedTexts, counts_B: Int64s) -> EncodedTexts:
    """Take texts that are words of `counts_B[b]` words each together; offsets stay the word's own.

    >>> tokens = np.array([5, 6, 7, 8], np.int32)
    >>> words = EncodedTexts(
    ...     ids_T=tokens, words_T=tokens * 0, spans_T2=None, cu_seqlens=np.array([0, 2, 3, 4])
    ... )
    >>> joined = join_words(words, np.array([2, 1]))
    >>> joined.cu_seqlens.tolist(), joined.words_T.tolist()
    ([0, 3, 4], [0, 0, 1, 0])
    """
    bounds = np.concatenate([[0], np.cumsum(counts_B)])
    number_N = np.arange(bounds[-1]) - np.repeat(bounds[:-1], counts_B)
    return EncodedTexts(
        ids_T=encoded.ids_T,
        words_T=np.repeat(number_N, encoded.lengths_B).astype(np.int32),
        spans_T2=encoded.spans_T2,
        cu_seqlens=encoded.cu_seqlens[bounds],
    )
