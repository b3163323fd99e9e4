"""Time the scores of masked rows against a vocabulary, beside what one core reads.

    OPENBLAS_NUM_THREADS=1 python tools/bench_word_scores.py
                        (a minute, an idle machine) compare, measure, write docs/word_scores.json

One masked row multiplies with each float of the table once, so it takes as long as reading the
table, and no less. Tables are those of the card's models. Nothing is timed before it was compared
with float64. Exit code 2: the comparison failed.
"""

import argparse
import datetime
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil.dims import Floats
from npdistil.encoder.word_scores import WordScores
from npdistil.params import NormParams
from npdistil.reference.forward import layer_norm
from npdistil.reference.masked_lm import score_words
from tools.machine import cpu_name, processors, versions

ROOT = Path(__file__).resolve().parent.parent
JSON = ROOT / "docs" / "word_scores.json"
WORDS, WIDTHS = 30_522, (256, 384, 768)
MASKS = (1, 2, 4, 16, 64)
TURNS = 20
EPS, TOLERANCE = 1e-12, 5e-5
PACKAGES = ("numpy", "numba")
Report = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=TURNS, help=f"default: {TURNS}")
    options = parser.parse_args(arguments)
    try:
        report = measured(options.turns)
    except ValueError as failure:
        print(f"bench_word_scores: {failure}", file=sys.stderr)
        return 2
    JSON.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for row in report["rows"]:
        print(
            f"D {row['hidden_size']:>4}  threads {row['threads']}  masks {row['masks']:>3}  "
            f"{row['milliseconds']:8.2f} ms  {row['gigabytes_per_second']:6.1f} GB/s  "
            f"{row['gigaflops']:6.1f} GFLOP/s  (one core reads {row['one_core_reads']:.1f} GB/s)"
        )
    return 0


def measured(turns: int) -> Report:
    """Every width, number of threads and of masks.

    Raises:
        ValueError: the scores are not those of the reference.
    """
    rng = np.random.default_rng(5)
    rows = [
        row
        for width in WIDTHS
        for threads in sorted({1, processors()})
        for row in of_table(rng, width, threads, turns)
    ]
    return {
        "cpu": cpu_name(),
        "processors": processors(),
        "system": platform.system(),
        "versions": versions(PACKAGES),
        "date": datetime.date.today().isoformat(),
        "words": WORDS,
        "rows": rows,
    }


def of_table(rng: np.random.Generator, width: int, threads: int, turns: int) -> list[Report]:
    """One table, any number of masks."""
    table_VD = rng.standard_normal((WORDS, width)).astype(np.float32)
    bias_V = rng.standard_normal(WORDS).astype(np.float32)
    norm = NormParams(np.ones(width, np.float32), np.zeros(width, np.float32))
    scores = WordScores(norm, table_VD, bias_V, EPS, threads)
    hidden_MD = rng.standard_normal((max(MASKS), width)).astype(np.float32)
    expect_equal(scores(hidden_MD), hidden_MD, table_VD, bias_V)
    reads = table_VD.nbytes / read_seconds(table_VD, turns) / 1e9
    rows = []
    for masks in MASKS:
        seconds = best_seconds(partial(scores, hidden_MD[:masks]), turns)
        rows.append(
            {
                "hidden_size": width,
                "threads": threads,
                "masks": masks,
                "milliseconds": round(1e3 * seconds, 3),
                "gigabytes_per_second": round(table_VD.nbytes / seconds / 1e9, 2),
                "gigaflops": round(2 * table_VD.size * masks / seconds / 1e9, 1),
                "one_core_reads": round(reads, 2),
            }
        )
    return rows


def expect_equal(found_MV: Floats, hidden_MD: Floats, table_VD: Floats, bias_V: Floats) -> None:
    """Compare with the reference in float64.

    Raises:
        ValueError: a score is further away than float32 explains.
    """
    D = table_VD.shape[1]
    x_MD = layer_norm(hidden_MD.astype(np.float64), np.ones(D), np.zeros(D), EPS)
    wanted_MV = score_words(x_MD, table_VD.astype(np.float64), bias_V)
    worst = float(np.abs(found_MV - wanted_MV).max())
    if not worst <= TOLERANCE:
        raise ValueError(f"scores differ from the reference by {worst:.2g}; nothing is timed.")


def read_seconds(table_VD: Floats, turns: int) -> float:
    """The quickest way that NumPy has to read every float once, on one core."""
    flat, x_D = table_VD.ravel(), table_VD[0].copy()
    whole = flat.view(np.uint64)
    ways: tuple[Callable[[], object], ...] = (
        lambda: flat.max(),
        lambda: np.bitwise_or.reduce(whole),
        lambda: table_VD @ x_D,  # by BLAS, which the caller holds to one thread
    )
    return min(best_seconds(way, turns) for way in ways)


def best_seconds(call: Callable[[], object], turns: int) -> float:
    """The shortest of some turns: whatever else runs only makes one longer."""
    times = []
    for _ in range(turns):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
