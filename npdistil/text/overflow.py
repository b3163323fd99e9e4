"""The pieces of texts that truncation cuts off, as further rows that overlap by a stride."""

from collections.abc import Sequence

Window = tuple[int, int]


def windows(length: int, kept: int, stride: int, *, left: bool) -> list[Window]:
    """Half-open stretches of at most `kept` tokens that cover `length`, the kept one first.

    Neighbours share `stride` tokens, which is below `kept`. With `left` the last tokens are kept,
    and the stretches run from the end to the beginning.
    Source: Encoding::truncate (tokenizers).

    >>> windows(7, 3, 1, left=False), windows(6, 3, 1, left=True)
    ([(0, 3), (2, 5), (4, 7)], [(3, 6), (1, 4), (0, 2)])
    """
    if kept >= length:
        return [(0, length)]
    starts = range(0, length - stride, kept - stride)
    found = [(start, min(start + kept, length)) for start in starts]
    return [(length - stop, length - start) for start, stop in found] if left else found


def window_pairs(
    firsts: Sequence[Window], seconds: Sequence[Window]
) -> list[tuple[Window, Window]]:
    """Which stretch of the first text stands beside which of the second, in the library's order.

    Source: Encoding::merge_with (tokenizers).

    >>> window_pairs([(0, 2), (2, 4)], [(0, 1), (1, 2)])
    [((0, 2), (0, 1)), ((2, 4), (0, 1)), ((2, 4), (1, 2)), ((0, 2), (1, 2))]
    """
    further = [(first, second) for first in firsts[1:] for second in seconds]
    return [(firsts[0], seconds[0]), *further, *((firsts[0], second) for second in seconds[1:])]
