"""Rows of numbers as `tokenizers` gives them, as one array: compared at once, not one by one."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np


def flat(rows: Iterable[Iterable[Any]]) -> np.ndarray[Any, Any]:
    """The numbers of all rows, int32.

    >>> flat([[1], [], [2, 3]]).tolist()
    [1, 2, 3]
    """
    return np.fromiter(chain.from_iterable(rows), np.int32)


def flat_spans(rows: Iterable[Iterable[Iterable[int]]]) -> np.ndarray[Any, Any]:
    """The places of all rows, [T, 2].

    >>> flat_spans([[(0, 1)], [], [(2, 3)]]).tolist()
    [[0, 1], [2, 3]]
    """
    return flat(chain.from_iterable(rows)).reshape(-1, 2)


def same_rows(mine: Sequence[np.ndarray[Any, Any]], rows: Sequence[Sequence[Any]]) -> bool:
    """Whether arrays hold the same numbers, or places, in rows of the same lengths."""
    if [*map(len, mine)] != [*map(len, rows)]:
        return False
    if not len(mine):
        return True
    joined = np.concatenate(mine)
    return np.array_equal(joined, flat(rows) if joined.ndim == 1 else flat_spans(rows))
