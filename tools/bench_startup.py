"""Time from process start to the first embedding, beside ONNX Runtime and Transformers.

    make startup                                everything (minutes): docs/startup.json, the tables
    python tools/bench_startup.py --render      the tables again, from docs/startup.json

Every start is a process of its own; those that are compared take turns, Transformers behind. All
have run once before, so the files are in memory, our kernels are compiled and all vectors are
compared: nothing is timed unless they agree. Times are wall time of the whole process, memory is
its largest resident set. What misses what is promised is named on standard error, and written all
the same: exit code 1.
Exit code 2: something is not installed or not there.
"""

import argparse
import datetime
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.bench import convert
from tools.bench.models import MINILM, ROOT
from tools.bench.process import BenchError
from tools.bench.starts import EMBEDDING, TOKENIZING, Start, parts, start
from tools.machine import cpu_name, processors, versions
from tools.readme_block import read_block, replace_block

JSON = ROOT / "docs" / "startup.json"
PAGES = (ROOT / "docs" / "startup.md", ROOT / "README.md")
BLOCK = "startup"
PACKAGES = (
    *("llvmlite", "numba", "numpy", "onnxruntime"),
    *("safetensors", "tokenizers", "torch", "transformers"),
)
TURNS = 21
OURS = ("npdistil, Python", "`npdistil embed` of one line")
RIVAL, SLOW = "ONNX Runtime + tokenizers", "Transformers + PyTorch"
# What is promised: parts of the rival's time and memory, seconds.
MOST_TIME, MOST_MEMORY = 0.6, 1.0
MOST_SECONDS = {"import npdistil": 0.15, "another tokenizer": 0.010}
# Of two float32 results of length 1; a forgotten mask or another pooling differs by far more.
TOLERANCE = 1e-6

Report = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--render", action="store_true", help="only the tables, from the JSON")
    parser.add_argument("--turns", type=int, default=TURNS, help=f"at least 7; default {TURNS}")
    options = parser.parse_args(arguments)
    try:
        if options.turns < 7:
            raise ValueError(f"--turns: at least 7, not {options.turns}.")
        pages = {page: page.read_text(encoding="utf-8") for page in PAGES}
        for text in pages.values():
            read_block(text, BLOCK)  # fail before the minutes, not after
        if not options.render:
            JSON.write_text(json.dumps(measure(options.turns), indent=1) + "\n", encoding="utf-8")
        report = json.loads(JSON.read_text(encoding="utf-8"))
        blocks = (render(report), summary(report))
        for (page, text), block in zip(pages.items(), blocks, strict=True):
            page.write_text(replace_block(text, BLOCK, block), encoding="utf-8")
    except (OSError, ValueError, ImportError, BenchError) as failure:
        print(f"bench_startup: {' '.join(str(failure).split())}", file=sys.stderr)
        return 2
    print(render(report))
    for line in (more := missed(report)):
        print(f"bench_startup: {line}", file=sys.stderr)
    return 1 if more else 0


# ------------------------------------------------------------------------------------- measuring


def measure(turns: int) -> Report:
    """All numbers, and what they depend on.

    Raises:
        ImportError, OSError: packages or weights are missing.
        BenchError: a program failed, or the results do not agree.
    """
    absent = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if absent:
        raise ImportError(f"{', '.join(absent)} not installed; `make startup` installs all.")
    if not (MINILM / "model.safetensors").exists():
        raise FileNotFoundError(f"{MINILM} is missing; run tools/fetch_weights.py {MINILM.name}")
    if convert.about("l6-h384") is None:
        subprocess.run(
            [sys.executable, "-m", "tools.bench.convert", "l6-h384"],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
    load = round(os.getloadavg()[0], 2)
    with tempfile.TemporaryDirectory() as folder:
        starts = {
            kind: take_turns(names, turns, Path(folder))
            for kind, names in (("embedding", EMBEDDING), ("tokenizing", TOKENIZING))
        }
        parts()
        found = [parts() for _ in range(turns)]
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "threads": processors(),
        "load_before": load,
        "python": platform.python_version(),
        "versions": versions(PACKAGES),
        "turns": turns,
        **starts,
        "parts": {
            name: round(statistics.median(part[name] for part in found), 4) for name in found[0]
        },
    }


def take_turns(names: Mapping[str, str], turns: int, folder: Path) -> Report:
    """Medians of all, after one start each whose results must agree.

    Those that are compared come one after another. A start of several seconds comes behind all
    turns: it leaves the system other memory, so whoever follows it is slower than its neighbours.

    Raises:
        BenchError: they do not, or a program failed.
    """
    agree({name: start(name, folder).numbers for name in names})
    found: dict[str, list[Start]] = {name: [] for name in names}
    alike = sorted(names.keys() - {SLOW})
    for turn in range(turns):
        for name in alike[:: -1 if turn % 2 else 1]:
            found[name].append(start(name, folder))
    for name in names.keys() & {SLOW}:
        found[name] = [start(name, folder) for _ in range(turns)]
    return summarize(found)


def agree(results: Mapping[str, Sequence[float]]) -> None:
    """Hold all to the first.

    Raises:
        BenchError: names those that differ.
    """
    (first, expected), *others = results.items()
    for name, numbers in others:
        apart = [abs(a - b) for a, b in zip(numbers, expected, strict=False)]
        # Not by the largest: max() may pass over NaN.
        if len(numbers) != len(expected) or not all(each <= TOLERANCE for each in apart):
            raise BenchError(
                f"{name} and {first} do not agree ({len(numbers)} and {len(expected)} numbers, "
                f"up to {max(apart, default=0.0):.1e} apart), so nothing is timed."
            )


def summarize(found: Mapping[str, Sequence[Start]]) -> Report:
    """Medians over the turns; ratios are made turn by turn, against the last but Transformers."""
    rival = RIVAL if RIVAL in found else list(found)[-1]
    return {
        name: {
            "seconds": round(statistics.median(one.seconds for one in runs), 4),
            "cpu_seconds": round(statistics.median(one.cpu_seconds for one in runs), 4),
            "peak_MiB": round(statistics.median(one.peak_bytes for one in runs) / 2**20, 1),
            "ratio": round(_ratio(runs, found[rival], "seconds"), 3),
            "cpu_ratio": round(_ratio(runs, found[rival], "cpu_seconds"), 3),
            "memory_ratio": round(_ratio(runs, found[rival], "peak_bytes"), 3),
        }
        for name, runs in found.items()
    }


def _ratio(ours: Sequence[Start], theirs: Sequence[Start], what: str) -> float:
    found = [getattr(a, what) / getattr(b, what) for a, b in zip(ours, theirs, strict=True)]
    return float(statistics.median(found))


# ----------------------------------------------------------------------------------------- writing


def missed(report: Report) -> list[str]:
    """What is slower or larger than promised."""
    lines = []
    for name in OURS:
        found = report["embedding"][name]
        if found["ratio"] > MOST_TIME:
            lines.append(f"{name}: {found['ratio']} of the time of {RIVAL}, not {MOST_TIME:g}")
        if found["memory_ratio"] > MOST_MEMORY:
            lines.append(f"{name}: {found['memory_ratio']} of the memory of {RIVAL}")
    for name, most in MOST_SECONDS.items():
        if (took := _seconds(report, name)) > most:
            lines.append(f"{name}: {took:.3f} s, not {most:g}")
    return lines


def _seconds(report: Report, name: str) -> float:
    """Of a part of our start; all that begin with the name of an import count for it."""
    found: dict[str, float] = report["parts"]
    if name in found:
        return found[name]
    return found["import numpy"] + found[f"{name}, after numpy"]


def render(report: Report) -> str:
    """The block of docs/startup.md, without its markers; depends on nothing but its argument."""
    lines = []
    for kind, head in (
        ("embedding", "process start to the end, one text embedded"),
        ("tokenizing", "one text tokenised, no model"),
    ):
        lines += [
            f"| {head} | s | CPU s | MiB | time, of the peer's | memory |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        for name, row in report[kind].items():
            lines.append(
                f"| {name} | {row['seconds']:.2f} | {row['cpu_seconds']:.2f} | "
                f"{row['peak_MiB']:.0f} | {row['ratio']:.2f} | {row['memory_ratio']:.2f} |"
            )
        lines.append("")
    lines += ["| where our time goes | ms |", "| --- | ---: |"]
    lines += [f"| {name} | {1000 * took:.0f} |" for name, took in report["parts"].items()]
    packages = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    lines += [
        "",
        f"Medians of {report['turns']} starts in turn, files in memory, kernels compiled before; "
        f"ratios are made turn by turn. {SLOW} comes behind all turns.",
        f"Measured on {report['date']} by `make startup`: {report['cpu']}, "
        f"{report['threads']} processors allowed, load before {report['load_before']}, "
        f"Python {report['python']}, {packages}.",
    ]
    return "\n".join(lines)


def summary(report: Report) -> str:
    """README's block: one sentence."""
    ours, rival = (report["embedding"][name] for name in (OURS[0], RIVAL))
    return (
        f"From process start to a first embedding: {ours['seconds']:.2f} s and "
        f"{ours['peak_MiB']:.0f} MiB, {RIVAL} {rival['seconds']:.2f} s and "
        f"{rival['peak_MiB']:.0f} MiB ([docs/startup.md](docs/startup.md))."
    )


if __name__ == "__main__":
    sys.exit(main())
