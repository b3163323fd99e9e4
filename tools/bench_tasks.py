"""Time what stands around the engine: tasks over the ragged workload, and a search; their memory.

    python tools/bench_tasks.py [--threads 1 2] [--turns 60] [--parts 32] [--only search ...]
    python tools/bench_tasks.py --render   # the table again, from the JSON

* search: one query against 100,000 stored vectors of 384, a memory-mapped index;
* tasks: each task over texts of all lengths, beside the engine alone on the same token rows, cut
  by length into calls of 16,384 of them: turn by turn, and what is said is the median ratio;
* first-token: the logits of sequences with and without the other tokens of the last layer;
* memory: of a process with a masked-words head whose decoder is the word table, and without it.

Writes docs/task_speed.json and the table in docs/performance.md (a quiet machine; a quarter of an
hour). Each measurement runs in a process of its own, whose BLAS and kernels have so many threads.
Needs `make heads` and NPDISTIL_DATA. Exit code: 0 well, 1 an overhead or a time is beyond what is
promised, 2 something is missing.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.bench.task_table import render
from tools.bench.tasks import MEASUREMENTS, OVERHEAD, SEARCH_MS, SPEEDUP
from tools.machine import cpu_name, processors, versions
from tools.readme_block import read_block, replace_block

ROOT = Path(__file__).resolve().parent.parent
JSON, PAGE = ROOT / "docs" / "task_speed.json", ROOT / "docs" / "performance.md"
BLOCK = "taskspeed"
PACKAGES = ("numpy", "numba")
Report = dict[str, Any]
# Measurement -> the figures that a row must have; one without them keeps no promise.
FIGURES = {
    "search": ("search_ms", "vectors", "dimension"),
    "tasks": ("task", "overhead"),
    "first-token": ("speedup",),
    "memory": ("more_bytes", "table_bytes"),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure and write, or write alone."""
    options = parse(arguments)
    if options.worker:
        print(json.dumps(MEASUREMENTS[options.worker](options.turns, options.parts)))
        return 0
    try:
        page = PAGE.read_text(encoding="utf-8")
        read_block(page, BLOCK)  # fails before the minutes, not after
        found = json.loads(JSON.read_text(encoding="utf-8")) if options.render else None
    except (OSError, ValueError) as failure:
        print(f"bench_tasks: {failure}", file=sys.stderr)
        return 2
    if found is None:
        results = measure(options)
        if results is None:
            return 2
        found = report(options, results)
    problems = [problem for row in found["results"] for problem in beyond(row)]
    for problem in problems:
        print(f"bench_tasks: {problem}", file=sys.stderr)
    if not options.only and not any(map(missing, found["results"])):
        JSON.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(replace_block(page, BLOCK, render(found)), encoding="utf-8")
    return 1 if problems else 0


def measure(options: argparse.Namespace) -> list[Report] | None:
    """All rows, printed as they come; None if a measurement failed, which it has said."""
    results: list[Report] = []
    for threads in options.threads:
        for name in options.only or MEASUREMENTS:
            done = run(name, threads, options)
            if not done:
                return None
            for row in done:
                results.append({"measurement": name, "threads": threads, **row})
                print(shown(results[-1]), flush=True)
    return results


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, processors()])
    parser.add_argument("--render", action="store_true", help="only the table, from the JSON")
    parser.add_argument("--turns", type=int, default=60, help="of each measurement; default: 60")
    parser.add_argument("--parts", type=int, default=32, help="one text of so many; default: 32")
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, help="writes nothing")
    parser.add_argument("--worker", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if min(options.turns, options.parts, *options.threads) < 1:
        parser.error("--turns, --parts, --threads: expected positive integers")
    if options.render and options.only:
        parser.error("--render: shows all of the JSON; leave --only out")
    options.threads = sorted(set(options.threads))
    return options


def run(name: str, threads: int, options: argparse.Namespace) -> list[Report] | None:
    """Rows of one measurement, in a process of its own; None if it failed, which it has said."""
    done = subprocess.run(
        [
            *(sys.executable, __file__, "--worker", name),
            *("--turns", str(options.turns), "--parts", str(options.parts)),
        ],
        env={
            **os.environ,
            "OPENBLAS_NUM_THREADS": str(threads),
            "OMP_NUM_THREADS": str(threads),
            "NPDISTIL_NUM_THREADS": str(threads),
        },
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        return None
    rows: list[Report] = json.loads(done.stdout)
    return rows


def missing(row: Report) -> list[str]:
    """Figures that a row lacks."""
    measurement, threads = row["measurement"], row["threads"]
    return [
        f"{measurement}, threads {threads}: no {name} in the row"
        for name in FIGURES[measurement]
        if name not in row
    ]


def beyond(row: Report) -> list[str]:
    """What is worse than promised, or was not measured; a number that is no number is worse."""
    measurement, threads = row["measurement"], row["threads"]
    if lacks := missing(row):
        return lacks
    match measurement:
        case "search" if not row["search_ms"] <= SEARCH_MS:
            return [f"search, threads {threads}: {row['search_ms']:.1f} ms"]
        case "tasks" if not row["overhead"] <= OVERHEAD:
            return [f"{row['task']}, threads {threads}: overhead {row['overhead']:.1%}"]
        case "first-token" if not row["speedup"] >= SPEEDUP:
            return [f"first-token, threads {threads}: speed-up {row['speedup']:.2f}"]
        case "memory" if not row["more_bytes"] < row["table_bytes"]:
            return [f"memory: the head takes {row['more_bytes']:,} bytes, as much as a table"]
    return []


def shown(row: Report) -> str:
    """One line of what is printed."""
    parts = [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in row.items()
    ]
    return "  ".join(parts)


def report(options: argparse.Namespace, results: list[Report]) -> Report:
    """What is committed."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "processors": processors(),
        "python": platform.python_version(),
        "versions": versions(PACKAGES),
        "turns": options.turns,
        "parts": options.parts,
        "promised": {"overhead": OVERHEAD, "search_ms": SEARCH_MS, "speedup": SPEEDUP},
        "results": results,
    }


if __name__ == "__main__":
    sys.exit(main())
