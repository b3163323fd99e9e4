"""How alike two embeddings are: cosine, dot product, or minus a distance.

Every function takes [n, E] or [E] and gives float32, or float64 where both inputs are. All but the
dot product of sums are computed with their rounding in mind: a distance is that of the differences,
not of squares that cancel.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError

Array = NDArray[Any]
BLOCK_ELEMENTS = 1 << 21  # differences that are held at a time


def cos_sim(a: ArrayLike, b: ArrayLike) -> Array:
    """Cosines of all rows with all rows, [n, m]; a zero row has 0 with every row.

    Raises:
        InputError: no numbers in one or two axes, or of different widths.
    """
    a_NE, b_ME = _checked(a, b)
    return _unit(a_NE) @ _unit(b_ME).T


def dot_score(a: ArrayLike, b: ArrayLike) -> Array:
    """Dot products of all rows with all rows, [n, m].

    Raises:
        InputError: as `cos_sim`.
    """
    a_NE, b_ME = _checked(a, b)
    return a_NE @ b_ME.T


def euclidean_sim(a: ArrayLike, b: ArrayLike) -> Array:
    """Minus the Euclidean distances of all rows from all rows, [n, m].

    Raises:
        InputError: as `cos_sim`.
    """
    return _distances(a, b, lambda gap_NME: -np.sqrt((gap_NME * gap_NME).sum(axis=-1)))


def manhattan_sim(a: ArrayLike, b: ArrayLike) -> Array:
    """Minus the sums of absolute differences of all rows from all rows, [n, m].

    Raises:
        InputError: as `cos_sim`.
    """
    return _distances(a, b, lambda gap_NME: -np.abs(gap_NME).sum(axis=-1))


def pairwise_cos_sim(a: ArrayLike, b: ArrayLike) -> Array:
    """Cosine of each row with the row of the same number, [n].

    Raises:
        InputError: as `cos_sim`, or different numbers of rows.
    """
    a_NE, b_NE = _pairs(a, b)
    return _sum(_unit(a_NE) * _unit(b_NE))


def pairwise_dot_score(a: ArrayLike, b: ArrayLike) -> Array:
    """Dot product of each row with the row of the same number, [n].

    Raises:
        InputError: as `pairwise_cos_sim`.
    """
    a_NE, b_NE = _pairs(a, b)
    return _sum(a_NE * b_NE)


def pairwise_euclidean_sim(a: ArrayLike, b: ArrayLike) -> Array:
    """Minus the Euclidean distance of each row from the row of the same number, [n].

    Raises:
        InputError: as `pairwise_cos_sim`.
    """
    a_NE, b_NE = _pairs(a, b)
    return -np.sqrt(_sum((a_NE - b_NE) ** 2))


def pairwise_manhattan_sim(a: ArrayLike, b: ArrayLike) -> Array:
    """Minus the sum of absolute differences of each row from the row of the same number, [n].

    Raises:
        InputError: as `pairwise_cos_sim`.
    """
    a_NE, b_NE = _pairs(a, b)
    return -_sum(np.abs(a_NE - b_NE))


class Similarity(NamedTuple):
    """The two functions of one name."""

    matrix: Callable[[ArrayLike, ArrayLike], Array]
    pairwise: Callable[[ArrayLike, ArrayLike], Array]


SIMILARITIES = {  # by the names in `request.py`
    "cosine": Similarity(cos_sim, pairwise_cos_sim),
    "dot": Similarity(dot_score, pairwise_dot_score),
    "euclidean": Similarity(euclidean_sim, pairwise_euclidean_sim),
    "manhattan": Similarity(manhattan_sim, pairwise_manhattan_sim),
}


def _distances(a: ArrayLike, b: ArrayLike, of_gaps: Callable[[Array], Array]) -> Array:
    a_NE, b_ME = _checked(a, b)
    scores_NM = np.empty((len(a_NE), len(b_ME)), a_NE.dtype)
    step = max(1, BLOCK_ELEMENTS // max(1, a_NE.shape[1]))
    for rows, columns in _blocks(len(a_NE), len(b_ME), step):
        scores_NM[rows, columns] = of_gaps(a_NE[rows, None] - b_ME[None, columns])
    return scores_NM


def _blocks(n: int, m: int, pairs: int) -> Iterator[tuple[slice, slice]]:
    """Rectangles of at most `pairs` places that cover all [n, m] of them."""
    width = min(m, pairs)
    height = max(1, pairs // max(1, width))
    for row in range(0, n, height):
        for column in range(0, m, max(1, width)):
            yield slice(row, row + height), slice(column, column + width)


def _checked(a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    a_NE, b_ME = _rows(a, "embeddings1"), _rows(b, "embeddings2")
    if a_NE.shape[1] != b_ME.shape[1]:
        raise InputError(
            f"embeddings of {a_NE.shape[1]} and of {b_ME.shape[1]} features cannot be compared."
        )
    dtype = np.result_type(a_NE, b_ME)
    return a_NE.astype(dtype, copy=False), b_ME.astype(dtype, copy=False)


def _pairs(a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    a_NE, b_NE = _checked(a, b)
    if len(a_NE) != len(b_NE):
        raise InputError(f"{len(a_NE)} and {len(b_NE)} embeddings are no pairs.")
    return a_NE, b_NE


def _rows(embeddings: ArrayLike, name: str) -> Array:
    try:
        array = np.asarray(embeddings)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise InputError(
            f"{name}: expected numbers of shape [n, features] or [features], received "
            f"{array.dtype} of shape {array.shape}."
        )
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def _unit(x_NE: Array) -> Array:
    length_N1: Array = np.sqrt((x_NE * x_NE).sum(axis=1, keepdims=True))
    return x_NE / np.maximum(length_N1, 1e-12)


def _sum(x_NE: Array) -> Array:
    total_N: Array = x_NE.sum(axis=1)
    return total_N
