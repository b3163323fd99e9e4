"""The numeric contract measured on this processor, and the exact values it is measured by."""

import hashlib
from typing import Any

import numpy as np

from npdistil.kernels.dense import dense
from npdistil.kernels.ir.target import HOST
from tests.numerics import passes
from tests.numerics.cases import Result, inputs_of, results_of
from tests.numerics.draws import FAMILIES
from tests.twins import TWINS

Row = dict[str, Any]
# Kernels whose results lie in memory as the target wants it: one of their places is another number
# elsewhere.
LAYOUTS = ("pack_panels",)


def measured() -> Row:
    """Largest errors of every kernel on this processor's target, and a hash of its bits."""
    rows: Row = {}
    for twin in TWINS:
        families, digest, numbers = {}, hashlib.sha256(), 0
        for family in FAMILIES:
            results = list(results_of(twin, family))
            error, share = (
                max(getattr(result, name) for result in results) for name in ("error", "share")
            )
            families[family] = {"error": short(error), "share": short(share)}
            numbers += sum(ours.size for result in results for ours in result.computed)
            for result in results:
                add_bits(digest, result)
        rows[twin.id] = {"numbers": numbers, **families, **bits(digest, twin.kernel)}
    for name, result in passes.passes():
        digest = hashlib.sha256()
        add_bits(digest, result)
        numbers = sum(ours.size for ours in result.computed)
        error = {"error": short(result.error)}
        rows[name] = {"numbers": numbers, "drawn": error, **bits(digest, None)}
    return {"target": HOST.name, "kernels": rows}


def short(value: float) -> float:
    """Four digits, for a file that people read."""
    return float(f"{value:.4g}")


def add_bits(digest: "hashlib._Hash", result: Result) -> None:
    """To a hash, the very bits of a result; zeros of either sign are one."""
    for ours in result.computed:
        digest.update((ours + np.float32(0)).astype("<f4").tobytes())


def bits(digest: "hashlib._Hash", kernel: Any) -> Row:
    """The hash, and whether the order of sums is written down: not where LLVM may choose it.

    LLVM may in kernels with fastmath, but `dense` leaves all arithmetic to one without.
    """
    ordered = kernel is not None and (kernel is dense or not kernel.targetoptions["fastmath"])
    return {"bits": digest.hexdigest()[:16], "ordered": ordered}


def exact_values() -> Row:
    """Some exact values of each kernel on the drawn inputs, and a hash of all inputs.

    The hash knows of no order and no zeros: those are the target's, where weights are packed.
    """
    values: Row = {}
    digest = hashlib.sha256()
    for twin in TWINS:
        if twin.name in LAYOUTS:
            continue
        values[twin.id] = [result.samples(result.exact) for result in results_of(twin, "drawn")]
        for family in FAMILIES:
            for _, inputs in inputs_of(twin, family):
                for x in inputs:
                    if isinstance(x, np.ndarray):
                        digest.update(np.sort(x[x != 0]).astype("<f4").tobytes())
    for name, result in passes.passes():
        values[name] = [result.samples(result.exact)]
    return {"inputs": digest.hexdigest()[:16], "exact": values}
