"""Hold exp and the activations to every float32 there is; write docs/functions.json and .md.

    python tools/check_functions.py               all 2^32 bit patterns (minutes), write both
    python tools/check_functions.py --every 4096  fewer of them, print alone
    python tools/check_functions.py --only exp    one function; the others' rows stay
    python tools/check_functions.py --render      write the table from the committed JSON

The functions are compiled as the engine compiles them, and compared with `npdistil/reference/` in
float64. A bound that is missed is printed and nothing is written: exit code 1.
"""

import argparse
import datetime
import hashlib
import json
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil.kernels.ir import functions
from npdistil.kernels.ir.intrinsics import address, make_map
from npdistil.kernels.ir.microkernel import STORED
from npdistil.kernels.ir.target import HOST
from npdistil.kernels.jit import IN1, OUT1, vector_kernel
from npdistil.progress import progress
from npdistil.reference.activation import ACTIVATIONS
from tests.tolerances import EXP_ULP, GATED, GELU_ABSOLUTE, TANH_ULP
from tools.machine import cpu_name, processors, versions
from tools.readme_block import replace_block

ROOT = Path(__file__).resolve().parent.parent
JSON, PAGE = ROOT / "docs" / "functions.json", ROOT / "docs" / "functions.md"
PACKAGES = ("numpy", "numba", "llvmlite")
CHUNK = 1 << 16  # floats of one task
Float32: TypeAlias = NDArray[np.float32]
Float64: TypeAlias = NDArray[np.float64]
Row: TypeAlias = dict[str, Any]

EMITTED = {function.__name__: function for function in (functions.gelu, *STORED.values())}
EMITTED["exp"] = functions.exp
# Softmax's exp, which is for x <= 0 alone: e^-|x|, and no less than its floor.
EMITTED["exp_down"] = lambda v, x: functions.exp_down(v, v.builder.fneg(v.abs(x)))
LOWEST = float(np.float32(functions.EXP_NORMAL))
EXACT: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "exp_down": lambda x: np.exp(np.maximum(-np.abs(x), LOWEST)),
    **ACTIVATIONS,
}
# What each is promised to keep; "larger" measures by the result where that is above 1.
PROMISES = {
    "exp": ("ulp", EXP_ULP),
    "exp_down": ("ulp", EXP_ULP),
    "gelu": ("absolute", GELU_ABSOLUTE),
    "gelu_tanh": ("larger", GATED),
    "quick_gelu": ("larger", GATED),
    "silu": ("larger", GATED),
    "sigmoid": ("absolute", GATED),
    "tanh": ("ulp", TANH_ULP),
    "relu": ("absolute", 0.0),
}
RISING = ("exp", "relu", "sigmoid", "tanh")
FLOOR = float(f"{np.float32(np.exp(LOWEST)):.9g}")
AT_INFINITY = {
    "exp": (0, np.inf),
    "exp_down": (FLOOR, FLOOR),
    "sigmoid": (0, 1),
    "tanh": (-1, 1),
}  # the others: (0, inf)


def main(arguments: list[str] | None = None) -> int:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=1, help="test one bit pattern in so many")
    parser.add_argument("--only", choices=PROMISES, help="keep the others' rows in the JSON")
    parser.add_argument("--processes", type=int, default=processors())
    parser.add_argument("--render", action="store_true", help="only functions.md, from the JSON")
    options = parser.parse_args(arguments)
    if not options.render:
        names = [options.only] if options.only else list(PROMISES)
        found = measure(names, options.every, options.processes)
        if options.only:
            before = json.loads(JSON.read_text(encoding="utf-8"))["functions"]
            found["functions"] = {name: {**before, **found["functions"]}[name] for name in PROMISES}
        print(render(found))
        problems = beyond(found)
        for problem in problems:
            print(f"check_functions: {problem}", file=sys.stderr)
        if problems:
            return 1
        if options.every > 1:
            return 0
        JSON.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    block = render(json.loads(JSON.read_text(encoding="utf-8")))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(replace_block(page, "functions", block), encoding="utf-8")
    return 0


# ------------------------------------------------------------------------------------- measuring


def measure(names: Sequence[str], every: int, processes: int) -> Row:
    """Functions over one bit pattern in `every`."""
    tasks = [(name, chunk, every) for name in names for chunk in chunks(every)]
    rows: dict[str, Row] = {}
    with ProcessPoolExecutor(processes) as pool, progress(len(tasks), "chunks", True) as bar:
        for (name, *_), row in zip(
            tasks, pool.map(check_chunk, *zip(*tasks, strict=True), chunksize=64), strict=True
        ):
            rows[name] = merge(rows[name], row) if name in rows else row
            bar.update(1)
    for name, row in rows.items():
        row["at_infinity"] = at_infinity(name)
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "target": HOST.name,
        "python": platform.python_version(),
        "versions": versions(PACKAGES),
        "functions": rows,
        "sample": sample_digest(),
    }


def chunks(every: int) -> Iterator[int]:
    """First bit patterns of the chunks that cover all 2^32."""
    return iter(range(0, 1 << 32, CHUNK * every))


def check_chunk(name: str, first: int, every: int) -> Row:
    """What one function does from bit pattern `first` on.

    The chunk reaches one vector into the next one, so that no step between neighbours is lost.
    """
    patterns = first + every * np.arange(CHUNK + HOST.lanes, dtype=np.int64)
    x_N = patterns.astype(np.uint32).view(np.float32)  # modulo 2^32
    y_N = computed(name, x_N)
    with np.errstate(all="ignore"):
        exact_N = EXACT[name](x_N.astype(np.float64))
        error_N = ERRORS[PROMISES[name][0]](y_N.astype(np.float64), exact_N)
        # Bits rise with the size of a number: downward among the negative ones.
        step_N = np.diff(y_N) * np.where(np.signbit(x_N[1:]), -1, 1)
    error_N[~np.isfinite(x_N)] = -1.0
    own, worst = slice(CHUNK), int(error_N[:CHUNK].argmax())
    nan_in_N, nan_out_N = np.isnan(x_N[own]), np.isnan(y_N[own])
    return {
        "floats": CHUNK,
        "error": float(error_N[worst]),
        "at": float(x_N[worst]),
        "nan_in": int(nan_in_N.sum()),
        "nan_out": int(nan_out_N.sum()),
        "nan_wrong": int((nan_in_N != nan_out_N).sum()),
        "steps_down": int((step_N[own] < 0).sum()) if name in RISING else None,
    }


def merge(one: Row, other: Row) -> Row:
    """Two chunks of one function together."""
    worse = max(one, other, key=lambda row: float(row["error"]))
    counts = ("floats", "nan_in", "nan_out", "nan_wrong", "steps_down")
    summed = {key: None if one[key] is None else one[key] + other[key] for key in counts}
    return {**summed, "error": worse["error"], "at": worse["at"]}


def ulps(y_N: Float64, exact_N: Float64) -> Float64:
    """Distances in units of the last place of the exact result in float32.

    The unit of 2^k <= |exact| < 2^(k+1) is 2^(k-23), that of subnormal results 2^-149. Infinity
    counts as 2^128, which float32 would have next.
    """
    limit = 2.0**128
    y_N, exact_N = np.clip(y_N, -limit, limit), np.clip(exact_N, -limit, limit)
    power_N = (exact_N.view(np.uint64) & np.uint64(0x7FF0_0000_0000_0000)).view(np.float64)
    return np.abs(y_N - exact_N) / np.clip(power_N * 2.0**-23, 2.0**-149, 2.0**104)


def distances(y_N: Float64, exact_N: Float64) -> Float64:
    """|y - exact|."""
    return np.abs(y_N - exact_N)


def larger_distances(y_N: Float64, exact_N: Float64) -> Float64:
    """|y - exact|, as a share of |exact| where that is above 1."""
    return np.abs(y_N - exact_N) / np.maximum(np.abs(exact_N), 1.0)


ERRORS = {"ulp": ulps, "absolute": distances, "larger": larger_distances}


@cache
def compiled(name: str) -> Callable[[Float32, Float32], None]:
    """A function over an array, by the engine's own compiler and flags."""
    map_vectors, start = make_map(EMITTED[name]), cast(Any, address)

    def run(x_N: Any, y_N: Any) -> None:
        map_vectors(start(x_N), start(y_N), x_N.shape[0])

    kernel: Callable[[Float32, Float32], None] = vector_kernel(IN1, OUT1)(run)
    return kernel


def computed(name: str, x_N: Float32) -> Float32:
    """function(x), for a multiple of HOST.lanes floats."""
    y_N = np.empty_like(x_N)
    compiled(name)(x_N, y_N)
    return y_N


def at_infinity(name: str) -> list[str]:
    """The function of -inf and of inf; as strings, since JSON has no infinity."""
    x_N = np.full(2 * HOST.lanes, np.inf, np.float32)
    x_N[: HOST.lanes] = -np.inf
    return [f"{y:.9g}" for y in computed(name, x_N)[:: HOST.lanes]]


def sample_digest() -> str:
    """A hash of every 4099th result of each function: it tells when the table is out of date.

    All instructions used round as IEEE 754 says, so the processor does not matter.
    """
    digest = hashlib.sha256()
    patterns = np.arange(0, 1 << 32, 4099, dtype=np.int64).astype(np.uint32)
    x_N = patterns[: len(patterns) // 64 * 64].view(np.float32)
    for name in PROMISES:
        y_N = computed(name, x_N)
        y_N[np.isnan(y_N)] = np.nan  # payloads may differ
        digest.update(y_N.astype("<f4").tobytes())
    return digest.hexdigest()


def beyond(found: Row) -> list[str]:
    """What misses its promise."""
    problems = []
    for name, (measure_name, bound) in PROMISES.items():
        row = found["functions"][name]
        if not row["error"] <= bound:
            problems.append(f"{name}: {row['error']:.3g} {measure_name}, allowed is {bound:g}")
        if row["nan_wrong"]:
            problems.append(f"{name}: NaN is wrong {row['nan_wrong']} times")
        limits = AT_INFINITY.get(name, (0, np.inf))
        edges = [float(edge) for edge in row["at_infinity"]]
        if not np.isclose(edges, limits, rtol=0, atol=GELU_ABSOLUTE).all():
            problems.append(f"{name}: {edges} at the infinities, not {list(limits)}")
    return problems


# ------------------------------------------------------------------------------------- rendering

UNITS = {"ulp": "ULP", "absolute": "absolute", "larger": "of max(1, result)"}


def render(found: Row) -> str:
    """The page's block, without its markers; depends on nothing but its argument."""
    head = (
        "function | largest error | at x = | allowed | NaN in | NaN out | steps down | at -inf, inf"
    )
    lines = [f"| {head} |", "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: |"]
    for name, (measure_name, bound) in PROMISES.items():
        row = found["functions"][name]
        error = f"{row['error']:.2f}" if measure_name == "ulp" else f"{row['error']:.2e}"
        steps = "" if row["steps_down"] is None else f"{row['steps_down']:,}"
        cells = [name, error, f"{row['at']:.9g}", f"{bound:g} {UNITS[measure_name]}"]
        cells += [f"{row['nan_in']:,}", f"{row['nan_out']:,}", steps, ", ".join(row["at_infinity"])]
        lines.append(f"| {' | '.join(cells)} |")
    tested = {row["floats"] for row in found["functions"].values()}
    packages = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    lines += [
        "",
        f"Measured on {found['date']} by `tools/check_functions.py` over "
        f"{' and '.join(f'{count:,}' for count in sorted(tested))} floats each:",
        f"{found['cpu']} ({found['target']}), Python {found['python']}, {packages}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
