"""What the kernels write, and how the parts of a batch become one answer."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ...kernels.text.forms import WITH_SPANS, WITH_WORDS
from ...named_tuple import NamedTuple
from .joined import starts

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Array = TypeVar("Array", bound=np.ndarray[Any, Any])


class Tokens(NamedTuple):
    """Tokens of some texts; arrays that nobody asked for are empty."""

    ids_T: Int32s
    words_T: Int32s
    spans_T2: Int32s
    lengths_B: Int64s

    @classmethod
    def joined(cls, parts: Sequence["Tokens"]) -> "Tokens":
        """The tokens of all texts, one part after another."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([np.empty(0, np.int32), *(part.ids_T for part in parts)]),
            np.concatenate([np.empty(0, np.int32), *(part.words_T for part in parts)]),
            np.concatenate([np.empty((0, 2), np.int32), *(part.spans_T2 for part in parts)]),
            np.concatenate([np.empty(0, np.int64), *(part.lengths_B for part in parts)]),
        )

    def part(self, span: slice) -> "Tokens":
        """Some of the tokens of one text."""
        ids_T = self.ids_T[span]
        return Tokens(ids_T, self.words_T[span], self.spans_T2[span], np.array([len(ids_T)]))


class Found(NamedTuple):
    """What `encode_parts` writes, in its order."""

    begin_B: Int64s
    end_B: Int64s
    id_T: Int32s
    word_T: Int32s
    span_T2: Int32s
    count_B: Int64s
    status_B: NDArray[np.uint8]

    @classmethod
    def room_for(cls, place_B: Int64s, detail: int) -> "Found":
        """Memory that the kernels cannot leave.

        Every part of a character takes a byte or more, and every id a part or more; in front of
        and behind a text stands one id. What is not written costs addresses but no memory.
        """
        texts = len(place_B) - 1
        room = int(place_B[-1]) + 2 * texts
        begin_B, end_B, count_B = np.empty((3, texts), np.int64)
        return cls(
            begin_B=begin_B,
            end_B=end_B,
            id_T=np.empty(room, np.int32),
            word_T=np.empty(room if detail >= WITH_WORDS else 0, np.int32),
            span_T2=np.empty((room if detail >= WITH_SPANS else 0, 2), np.int32),
            count_B=count_B,
            status_B=np.empty(texts, np.uint8),
        )

    def collect(self, place_B: Int64s, cut_P: Int64s, instead: Mapping[int, Tokens]) -> Tokens:
        """The tokens in the order of the texts.

        Args:
            place_B: as for `encode_parts`.
            cut_P: likewise.
            instead: tokens of texts of which none were found.
        """
        start_P = place_B[cut_P[:-1]] + 2 * cut_P[:-1]
        cu_seqlens = starts(self.count_B)
        if not instead:
            edge_P = cu_seqlens[cut_P]
            behind_P = start_P + edge_P[1:] - edge_P[:-1]
            spans = [*map(slice, start_P.tolist(), behind_P.tolist())]
            return Tokens(
                _stretches(self.id_T, spans),
                _stretches(self.word_T, spans),
                _stretches(self.span_T2, spans),
                self.count_B,
            )
        others = np.fromiter(instead, np.int64, len(instead))
        edge_S = np.unique(np.concatenate([cut_P, others, others + 1]))  # S: what lies together
        part_S = np.searchsorted(cut_P, edge_S[:-1], "right") - 1
        first_S = start_P[part_S] - cu_seqlens[cut_P[part_S]] + cu_seqlens[edge_S[:-1]]
        behind_S = first_S + np.diff(cu_seqlens[edge_S])
        parts = []
        for b, behind, first, place in zip(
            *(edge_S[:-1].tolist(), edge_S[1:].tolist(), first_S.tolist(), behind_S.tolist()),
            strict=True,
        ):
            span = slice(first, place)
            mine = Tokens(
                self.id_T[span], self.word_T[span], self.span_T2[span], self.count_B[b:behind]
            )
            parts.append(instead.get(b, mine))
        return Tokens.joined(parts)


def _stretches(array: Array, spans: Sequence[slice]) -> Array:
    """Some stretches of an array, one after another; nothing of one that nobody asked for."""
    if not len(array):
        return array
    if len(spans) == 1:
        return cast(Array, array[spans[0]].copy())
    return cast(Array, np.concatenate([array[span] for span in spans]))


def cut(size_B: Int64s, most: int) -> Int64s:
    """Cut texts into runs of about `most`: the first text of each run, and their number.

    >>> cut(np.array([3, 1, 9, 2, 2]), 4).tolist()
    [0, 1, 2, 4, 5]
    """
    if not len(size_B):
        return np.zeros(1, np.int64)
    if len(size_B) == 1:
        return np.array([0, 1])
    run_B = np.cumsum(size_B) // most
    edges = np.flatnonzero(run_B[1:] != run_B[:-1]) + 1
    return np.array([0, *edges.tolist(), len(size_B)])
