"""Inputs of the numeric contract: the same bytes on every machine and with every NumPy.

NumPy promises that of the raw words of a PCG64 and of nothing that is made of them, so floats are
made of them here, by integers and one division. Each number is a sum of four even ones: nearly
normal, of mean 0 and standard deviation 1, and never beyond 3.5.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

SPREAD = 65536 / np.sqrt(3.0)  # the standard deviation of four numbers below 65536, added


class FixedGenerator:
    """What tests draw from a `numpy.random.Generator`, by words that do not change."""

    def __init__(self, seed: int) -> None:
        self.words = np.random.PCG64(seed)

    def standard_normal(self, shape: Sequence[int]) -> np.ndarray:
        """Nearly so."""
        words_N = self.words.random_raw(int(np.prod(shape))).astype("<u8")
        sums_N = words_N.view("<u2").reshape(-1, 4).sum(axis=1, dtype=np.int64)
        return ((2 * sums_N - 4 * 65535) / (2 * SPREAD)).reshape(shape)

    def integers(self, low: int, high: int, size: int) -> np.ndarray:
        """From `low` up to `high`, which is not among them."""
        return low + (self.words.random_raw(size) % np.uint64(high - low)).astype(np.int64)


Inputs = tuple[Any, ...]


def _each_array(change: Callable[[np.ndarray, int], np.ndarray]) -> Callable[[Inputs], Inputs]:
    """Change every number of every float array, knowing its array's place among the arguments.

    Zeros stay: with them inputs are filled up. Where a number lies may not matter, because packed
    weights lie otherwise on other targets.
    """

    def changed(inputs: Inputs) -> Inputs:
        made = []
        for place, x in enumerate(inputs):
            if isinstance(x, np.ndarray) and x.dtype == np.float32:
                x = np.where(x == 0, x, change(x, place)).astype(np.float32)
                x.flags.writeable = False
            made.append(x)
        return tuple(made)

    return changed


def _spread(x: np.ndarray, place: int) -> np.ndarray:
    """Each number times a power of two from 2^-8 to 2^8, which its own bits choose."""
    mixed = x.view(np.uint32) * np.uint32(2654435761)
    powers = (mixed >> np.uint32(16)) % np.uint32(17)
    return np.ldexp(x, powers.astype(np.int32) - 8)


# What roundings do worst, beside plain draws.
FAMILIES: dict[str, Callable[[Inputs], Inputs]] = {
    "drawn": lambda inputs: inputs,
    # Sums that grow all the way.
    "positive": _each_array(lambda x, place: np.abs(x)),
    # A few terms decide and the others are rounded away.
    "spread": _each_array(_spread),
    # Sums of large terms of which little is left; the differences of a row from its mean.
    "shifted": _each_array(lambda x, place: x + np.float32(64) * (place == 0)),
}
