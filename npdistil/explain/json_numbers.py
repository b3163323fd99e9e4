"""Numbers in JSON, short: bytes in base64 where there are many, else four digits."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dims import Floats


def in_base64(array: NDArray[Any]) -> str:
    """The bytes of an array, in C order."""
    return base64.b64encode(array.tobytes()).decode()


def as_bytes(values: Floats) -> str:
    """Numbers from 0 to 255, rounded, as uint8 in base64."""
    rounded: NDArray[np.uint8] = np.rint(values).clip(0, 255).astype(np.uint8)
    return in_base64(rounded)


def four_digits(values: Floats) -> Any:
    """Nested lists, four significant digits of each number."""
    if values.ndim > 1:
        return [four_digits(part) for part in values]
    return [digits(value) for value in values.tolist()]


def digits(value: float) -> float:
    """Four significant digits.

    >>> digits(0.123456), digits(1234.56)
    (0.1235, 1235.0)
    """
    return float(f"{value:.4g}")
