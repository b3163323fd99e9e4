"""The gate for vectors: rows of numbers that can be compared with each other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Vectors = NDArray[Any]  # [N, D] of any float type, perhaps memory-mapped


def as_vectors(value: object, name: str, one: bool = False) -> Vectors:
    """Rows of floats as they are; rows of integers, and lists of either, as float64.

    Args:
        value: an array, what NumPy makes one of (a list, a tensor), perhaps memory-mapped.
        name: for the messages.
        one: a single vector [D] is a batch of one.

    Raises:
        InputError: anything else.
    """
    if isinstance(value, str | bytes):
        raise InputError(f"{name}: expected vectors, received {type(value).__name__}.")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as failure:
        raise InputError(f"{name}: cannot become an array: {failure!s:.80}.") from None
    if array.size == 0 and array.ndim == 1:
        return np.empty((0, 0))
    if array.dtype.kind not in "fiu":
        received = array.dtype if array.ndim else type(value).__name__
        raise InputError(f"{name}: expected rows of floats, received {received}.")
    if array.ndim == 1 and one:
        array = array[np.newaxis]
    if array.ndim != 2 or not array.shape[1]:
        raise InputError(f"{name}: expected shape [N, D], received {array.shape}.")
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def expect_finite(vectors_ND: Vectors, name: str, first: int = 0) -> None:
    """Refuse NaN and infinity.

    Args:
        vectors_ND: rows.
        name: for the messages.
        first: the number of the first row, where these are some of many.

    Raises:
        InputError: names the first such row.
    """
    bad = ~np.isfinite(vectors_ND).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        feature = int((~np.isfinite(vectors_ND[row])).argmax())
        raise InputError(
            f"{name}: row {first + row} holds {vectors_ND[row, feature]} (feature {feature}); "
            "embed that text again, or leave it out."
        )


def expect_same_dimension(queries_BD: Vectors, corpus_ND: Vectors, names: tuple[str, str]) -> None:
    """Refuse to compare vectors of different models.

    Raises:
        InputError: names both dimensions.
    """
    if queries_BD.shape[1] != corpus_ND.shape[1]:
        raise InputError(
            f"{names[0]} have {queries_BD.shape[1]} features, {names[1]} {corpus_ND.shape[1]}: "
            "they must come from the same model."
        )
