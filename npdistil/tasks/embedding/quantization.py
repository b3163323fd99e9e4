"""Embeddings in fewer bytes: a fourth (int8, uint8) or a thirty-second (binary, ubinary)."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import InputError
from ..user_warning import warn_user
from ..vectors import expect_finite
from .request import checked_precision

BUCKETS = 255  # as many steps, of one width for each feature
FEW = 100  # embeddings whose range says little about others'


def quantize_embeddings(
    embeddings: ArrayLike,
    precision: str,
    ranges: ArrayLike | None = None,
    calibration_embeddings: ArrayLike | None = None,
) -> NDArray[Any]:
    """Round embeddings to fewer bits, with the formulas of sentence-transformers.

    With start and end of a feature's range and step = (end - start) / 255 (1 where they are equal):
    uint8 = clip(floor((x - start) / step), 0, 255), and int8 is 128 less. Binary precisions keep
    one bit a feature, x > 0, eight to a byte, the first feature in the highest bit; "binary" is 128
    less.

    Args:
        embeddings: floats [n, E]; for binary precisions [E] too.
        precision: "float32", "int8", "uint8", "binary" or "ubinary".
        ranges: for int8 and uint8, [2, E]: where each feature's range starts and ends.
        calibration_embeddings: [m, E], whose least and largest values are the ranges where there
            are no `ranges`. None takes those of `embeddings`, with a warning if they are fewer
            than 100: what another call gives does not compare with it then.

    Returns:
        int8 or uint8, [n, E], or [n, ceil(E / 8)] for binary precisions; or float32.

    Raises:
        InputError: an unknown precision, embeddings that are no floats, NaN or infinity that would
            have to be rounded (names the row), ranges of another width, or int8 or uint8 of a
            single embedding without ranges.

    >>> quantize_embeddings(np.float32([[0.0, -1.0, 3.0]]), "ubinary")
    array([[32]], dtype=uint8)
    """
    precision = checked_precision(precision)
    x = _floats(embeddings, "embeddings")
    if precision == "float32":
        return x.astype(np.float32)
    expect_finite(np.atleast_2d(x), "embeddings")
    if precision in ("binary", "ubinary"):
        bits = np.packbits(x > 0, axis=-1)
        return bits if precision == "ubinary" else _signed(bits)
    if x.ndim != 2 or len(x) == 0:
        buckets = np.zeros(x.shape, np.uint8)
        if x.ndim != 2:
            raise InputError(f"embeddings: {precision} needs shape [n, features], not {x.shape}.")
    else:
        start_E, end_E = _ranges(x, precision, ranges, calibration_embeddings)
        step_E = (end_E - start_E) / np.float32(BUCKETS)
        step_E = np.where(step_E == 0, np.float32(1), step_E)
        buckets = np.clip(np.floor((x - start_E) / step_E), 0, BUCKETS).astype(np.uint8)
    return buckets if precision == "uint8" else _signed(buckets)


def _signed(numbers: NDArray[np.uint8]) -> NDArray[np.int8]:
    """128 less: the highest bit turned."""
    return (numbers ^ np.uint8(128)).view(np.int8)


def _ranges(
    x_NE: NDArray[Any],
    precision: str,
    ranges: ArrayLike | None,
    calibration_embeddings: ArrayLike | None,
) -> NDArray[np.float32]:
    E = x_NE.shape[1]
    if ranges is not None:
        given = _floats(ranges, "ranges")
        expect_finite(np.atleast_2d(given), "ranges")
        if given.shape != (2, E):
            raise InputError(f"ranges: expected shape (2, {E}), received {given.shape}.")
        return given.astype(np.float32)
    known = x_NE
    if calibration_embeddings is not None:
        known = _floats(calibration_embeddings, "calibration_embeddings")
        expect_finite(np.atleast_2d(known), "calibration_embeddings")
        if known.ndim != 2 or known.shape[1] != E or len(known) == 0:
            raise InputError(
                f"calibration_embeddings: expected shape [m, {E}], received {known.shape}."
            )
    elif len(x_NE) == 1:
        raise InputError(
            f"{precision} needs the range of each feature, which one embedding does not tell: "
            "encode with float32, and call quantize_embeddings with `ranges` or with "
            "`calibration_embeddings`."
        )
    elif len(x_NE) < FEW:
        warn_user(
            f"{precision} ranges come from {len(x_NE)} embeddings only; more of them, `ranges` or "
            "`calibration_embeddings` make it stable."
        )
    return np.stack([known.min(axis=0), known.max(axis=0)]).astype(np.float32)


def _floats(values: ArrayLike, name: str) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind != "f" or array.ndim not in (1, 2):
        raise InputError(
            f"{name}: expected floats in one or two axes, received {array.dtype} of shape "
            f"{array.shape}."
        )
    return array
