"""What the numeric contract measures: each kernel at sizes of real models, on fixed inputs.

Sizes are whole panels on every target, so that the inputs do not depend on the processor.
"""

import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from tests.bounds import BOUNDS
from tests.models import Draw
from tests.numerics.draws import FAMILIES, FixedGenerator, Inputs
from tests.twins import TWINS, Sizes, Twin

SIZES: dict[str, list[Sizes]] = {
    "linear": [{"T": 13, "I": I, "E": 128} for I in (32, 384, 1536, 3072)],
    "dense": [{"N": 5, "I": I, "E": 128} for I in (384, 768)],
    "score_words": [{"M": 5, "V": 999, "D": D} for D in (312, 768)],
    "layer_norm": [{"T": 17, "D": D} for D in (128, 384, 768)],
    "embed": [{"T": 33, "D": 384, "V": 499, "P": 64, "G": 2}],
    "attention": [{"L": 24, "M": M, "K": K} for M in (17, 128, 512) for K in (32, 64)],
    "normalize": [{"B": 16, "D": D} for D in (384, 1024)],
    "pack_panels": [{"E": 128, "I": 384}],
}
POOLED: list[Sizes] = [{"L": L, "D": 384, "skip": skip} for L, skip in [(128, 0), (512, 7)]]


class Result(NamedTuple):
    """Outputs of one call, what they are exactly, and the bound of each element, if it has one."""

    computed: list[Any]
    exact: list[Any]
    bound: list[Any]

    @property
    def differences(self) -> list[np.ndarray]:
        """|computed - exact|, infinite where it is not a number."""
        pairs = zip(self.computed, self.exact, strict=True)
        return [
            np.nan_to_num(np.abs(ours - exact), nan=np.inf, posinf=np.inf) for ours, exact in pairs
        ]

    @property
    def error(self) -> float:
        """The largest difference."""
        return max(float(difference.max(initial=0)) for difference in self.differences)

    @property
    def share(self) -> float:
        """The largest part of its bound that a difference takes; infinite where 0 is allowed."""
        shares = [0.0]
        for difference, bound in zip(self.differences, self.bound, strict=True):
            with np.errstate(divide="ignore"):
                part = np.where(difference > 0, difference / np.where(difference, bound, 1), 0)
            shares.append(float(part.max(initial=0)))
        return max(shares)

    def samples(self, arrays: list[Any], count: int = 4) -> list[float]:
        """Some numbers of each of the computed or exact arrays, from its first to its last."""
        flats = [np.ravel(array) for array in arrays]
        places = [np.linspace(0, len(flat) - 1, count).astype(int) for flat in flats]
        return [float(x) for flat, at in zip(flats, places, strict=True) for x in flat[at]]


def as_float64(value: Any) -> Any:
    """Float32 numbers and arrays as float64; others as they are."""
    is_float = isinstance(value, np.ndarray | np.floating) and value.dtype == np.float32
    return value.astype(np.float64) if is_float else value


def sizes_of(twin: Twin) -> list[Sizes]:
    """At which sizes a kernel is measured."""
    return POOLED if twin.name.startswith("pool_") else SIZES[twin.name]


def inputs_of(twin: Twin, family: str) -> Iterator[tuple[Sizes, Inputs]]:
    """A kernel's sizes and its inputs at each."""
    for n, sizes in enumerate(sizes_of(twin)):
        yield sizes, FAMILIES[family](_drawn(twin.id, n))


@cache
def _drawn(twin_id: str, n: int) -> Inputs:
    """The inputs of the family "drawn", of which the others are made."""
    (twin,) = (twin for twin in TWINS if twin.id == twin_id)
    draw = Draw(FixedGenerator(zlib.crc32(f"{twin_id} {n}".encode())))
    return twin.inputs(draw, sizes_of(twin)[n])


def results_of(twin: Twin, family: str) -> Iterator[Result]:
    """One call of a kernel for each of its sizes."""
    for sizes, inputs in inputs_of(twin, family):
        yield result_of(twin, sizes, inputs)


def result_of(twin: Twin, sizes: Sizes, inputs: Inputs) -> Result:
    """One call of a kernel."""
    outputs = [np.full(shape, np.nan, np.float32) for shape in twin.outputs(sizes)]
    twin.run(inputs, outputs)
    exact_inputs = tuple(map(as_float64, inputs))
    exact = (twin.exact or twin.reference)(*exact_inputs)
    exact = exact if isinstance(exact, tuple) else (exact,)
    bound = BOUNDS[twin.name].of(*exact_inputs)
    return Result(outputs[: len(exact)], list(exact), list(bound))
