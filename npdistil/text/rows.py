"""From encoded texts to rows: cut, [CLS] and [SEP] around them, one row after another."""

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..named_tuple import NamedTuple
from .encoded import EncodedTexts, Int32s, Int64s
from .overflow import Window, window_pairs, windows
from .truncate import kept_lengths, kept_of_one

SPECIAL = -1  # in place of a word's number


class Cut(NamedTuple):
    """How texts that are too long are cut."""

    budget: int | None  # tokens of a row that are not special; None: nothing is cut
    strategy: str = "longest_first"
    on_the_left: bool = False
    stride: int = 0
    overflow: bool = False  # make rows of what is cut off


class Rows(NamedTuple):
    """[CLS] A [SEP], or [CLS] A [SEP] B [SEP], without padding.

    Row r has the tokens `cu_seqlens[r]` to `cu_seqlens[r + 1]`.
    """

    ids_T: Int32s
    types_T: Int32s  # 0 for the first text, 1 for the second and its [SEP]
    words_T: Int32s  # SPECIAL for [CLS] and [SEP]
    spans_T2: Int32s | None
    cu_seqlens: Int64s
    sample_N: Int64s  # which text or pair a row is of
    truncated_N: Int64s  # tokens of that text or pair that the row leaves out


def make_rows(
    first: EncodedTexts, second: EncodedTexts | None, cut: Cut, cls_id: int, sep_id: int
) -> Rows:
    """One row for each text or pair, followed by what was cut off if that is wanted.

    Raises:
        InputError: `only_first` or `only_second` cannot make a pair short enough, or a text of
            which nothing is left, or no more than the stride, is to overflow.
    """
    parts = [first] if second is None else [first, second]
    sample_N, starts, lengths = _cut_rows(parts, cut)
    row_lengths_N = sum(lengths) + len(parts) + 1
    cu_seqlens = np.concatenate([[0], np.cumsum(row_lengths_N)])
    T = int(cu_seqlens[-1])
    ids_T = np.empty(T, np.int32)
    types_T = np.zeros(T, np.int32)
    words_T = np.full(T, SPECIAL, np.int32)
    spans_T2 = None if first.spans_T2 is None else np.zeros((T, 2), np.int32)
    ids_T[cu_seqlens[:-1]] = cls_id
    place_N = cu_seqlens[:-1] + 1
    for token_type, (part, start_N, length_N) in enumerate(
        zip(parts, starts, lengths, strict=True)
    ):
        source, goal = _ranges(start_N, length_N), _ranges(place_N, length_N)
        ids_T[goal] = part.ids_T[source]
        words_T[goal] = part.words_T[source]
        if spans_T2 is not None and part.spans_T2 is not None:
            spans_T2[goal] = part.spans_T2[source]
        place_N = place_N + length_N
        ids_T[place_N] = sep_id
        types_T[goal] = types_T[place_N] = token_type
        place_N = place_N + 1
    all_B = np.sum([part.lengths_B for part in parts], axis=0)
    return Rows(
        ids_T=ids_T,
        types_T=types_T,
        words_T=words_T,
        spans_T2=spans_T2,
        cu_seqlens=cu_seqlens,
        sample_N=sample_N,
        truncated_N=all_B[sample_N] - sum(lengths),
    )


def _cut_rows(parts: Sequence[EncodedTexts], cut: Cut) -> tuple[Int64s, list[Int64s], list[Int64s]]:
    """Of each row the sample, and of each of its parts the first token and the length."""
    whole = [part.lengths_B for part in parts]
    kept = [length_B.copy() for length_B in whole]
    too_long = np.arange(0) if cut.budget is None else np.flatnonzero(sum(whole) > cut.budget)
    if cut.budget is not None and len(parts) == 1 and cut.strategy != "only_second":
        kept = [np.minimum(whole[0], cut.budget)]
    else:
        for index in map(int, too_long):
            lengths = _kept(index, [int(length_B[index]) for length_B in whole], cut)
            for length_B, length in zip(kept, lengths, strict=False):
                length_B[index] = length
    start_B = [part.cu_seqlens[:-1] for part in parts]
    if cut.overflow and too_long.size:
        return _overflowing(start_B, whole, kept, cut)
    if cut.on_the_left:
        start_B = [a + b - c for a, b, c in zip(start_B, whole, kept, strict=True)]
    return np.arange(len(whole[0])), start_B, kept


def _kept(index: int, lengths: Sequence[int], cut: Cut) -> tuple[int, int]:
    first, second = (*lengths, None)[:2]
    assert first is not None and cut.budget is not None
    if cut.strategy == "longest_first":
        return kept_lengths(first, second, cut.budget)
    kept = kept_of_one(first, second, cut.budget, cut.strategy)
    if kept is None:
        shown = " and ".join(map(str, lengths))
        raise InputError(
            f'texts[{index}]: truncation="{cut.strategy}" cannot cut {shown} tokens to '
            f"{cut.budget} and leave one of the text that it cuts; raise max_length or use "
            '"longest_first".'
        )
    return kept


def _overflowing(
    start_B: Sequence[Int64s], whole: Sequence[Int64s], kept: Sequence[Int64s], cut: Cut
) -> tuple[Int64s, list[Int64s], list[Int64s]]:
    samples: list[int] = []
    chosen: list[tuple[Window, ...]] = []
    for index in range(len(whole[0])):
        of_parts = [
            _windows(index, int(length_B[index]), int(kept_B[index]), cut)
            for length_B, kept_B in zip(whole, kept, strict=True)
        ]
        if len(of_parts) == 1:
            rows: list[tuple[Window, ...]] = [(window,) for window in of_parts[0]]
        else:
            rows = [*window_pairs(*of_parts)]
        samples += [index] * len(rows)
        chosen += rows
    sample_N = np.array(samples, np.int64)
    windows_NP2 = np.array(chosen, np.int64)  # P: the parts of a row
    starts = [start_B[p][sample_N] + windows_NP2[:, p, 0] for p in range(len(whole))]
    return sample_N, starts, [*(windows_NP2[:, :, 1] - windows_NP2[:, :, 0]).T]


def _windows(index: int, length: int, kept: int, cut: Cut) -> list[Window]:
    if kept < length and cut.stride >= kept:
        raise InputError(
            f"texts[{index}]: {kept} tokens are left of a text of {length}, which is too few to "
            f"overflow with a stride of {cut.stride}; raise max_length or lower stride."
        )
    return windows(length, kept, cut.stride, left=cut.on_the_left)


def _ranges(start_N: Int64s, length_N: Int64s) -> Int64s:
    """All of `range(start, start + length)`, one after another."""
    ends_N = np.cumsum(length_N)
    total = int(ends_N[-1]) if ends_N.size else 0
    return np.arange(total) + np.repeat(start_N - ends_N + length_N, length_N)
