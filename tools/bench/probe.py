"""What the processor can do at all: multiply-adds that never leave the registers, and reads."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from npdistil.kernels.ir.target import HOST
from npdistil.kernels.ir.vectors import I64, Vectors, forbid_unrolling

# As many sums as leave registers for x; at least 8 hide the latency of two units of 4 cycles.
SUMS = {32: 24, 16: 12}[HOST.registers]
STEPS = 300_000  # of one measurement: 3 to 5 ms
REPEATS = 7
LARGE_BYTES = 512 << 20


def _emit_multiply_add(typing_context: Any, steps: Any, place: Any) -> Any:
    """`steps` times SUMS independent vector FMAs on the float at an address, where they end."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        v = Vectors(builder, HOST.lanes)
        steps, place = arguments[0], v.pointer(arguments[1])
        x = v.load_splat(place)
        before, loop = builder.block, builder.function.append_basic_block("loop")
        after = builder.function.append_basic_block("after")
        builder.branch(loop)
        builder.position_at_end(loop)
        step = builder.phi(I64)
        step.add_incoming(ir.Constant(I64, 0), before)
        sums = [builder.phi(v.type) for _ in range(SUMS)]
        totals = [v.fma(x, x, total) for total in sums]
        for n, (total, updated) in enumerate(zip(sums, totals, strict=True)):
            total.add_incoming(v.constant(float(n)), before)
            total.add_incoming(updated, loop)
        next_step = builder.add(step, ir.Constant(I64, 1))
        step.add_incoming(next_step, loop)
        forbid_unrolling(builder.cbranch(builder.icmp_signed("<", next_step, steps), loop, after))
        builder.position_at_end(after)
        result = totals[0]
        for total in totals[1:]:
            result = builder.fadd(result, total)
        v.store(result, place)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp), generate


multiply_add: Any = intrinsic(_emit_multiply_add)


def _multiply_add(steps: Any, place: Any) -> None:
    multiply_add(steps, place)


def _sum(x: Any) -> Any:
    total = np.float32(0)
    for n in range(x.shape[0]):
        total += x[n]
    return total


compiled_multiply_add = njit("void(intp, intp)", nogil=True)(_multiply_add)
# Numba splits the sum over registers when it may reorder it; only the reading is of interest.
compiled_sum = njit("float32(float32[::1])", nogil=True, fastmath={"reassoc"})(_sum)


class Probe:
    """Measures on demand; `weight_bytes` is the size of one model's matrices."""

    def __init__(self, weight_bytes: int) -> None:
        self._weights = np.ones(weight_bytes // 4, np.float32)
        self._large = np.ones(LARGE_BYTES // 4, np.float32)

    def fma_gflops(self, threads: int) -> float:
        """Median of a few short runs on so many threads at once."""
        places = [np.full(HOST.lanes, 1e-3, np.float32) for _ in range(threads)]

        def run(place: Any) -> None:
            compiled_multiply_add(STEPS, place.ctypes.data)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, places))
            seconds = _median_seconds(lambda: list(pool.map(run, places)))
        return threads * STEPS * SUMS * HOST.lanes * 2 / seconds / 1e9

    def read_gbytes(self) -> dict[str, float]:
        """GB/s of one thread that reads the weights again and again, and a large array."""
        return {
            name: array.nbytes / _median_seconds(partial(compiled_sum, array)) / 1e9
            for name, array in (("weights", self._weights), ("large", self._large))
        }


def _median_seconds(run: Callable[[], object]) -> float:
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
