"""Time the compiled tokenizer beside `tokenizers`; write docs/tokenizer.json and README's table.

    make tokenizer                              everything (minutes)
    python tools/bench_tokenizer.py --render    README.md's table again, from docs/tokenizer.json

Both tokenise the same texts in turn, with special tokens and without truncation: we into packed
rows, `tokenizers` with encode_batch_fast. Every repeat has texts that the process has not seen and
tokenizers that were made for it. A run for each number of threads is a process of its own, since
`tokenizers` reads RAYON_NUM_THREADS once. All times are wall time. What is slower than promised is
named on standard error, and written all the same: exit code 1. Exit code 2: the texts, the weights
or the README's markers are missing.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.adversarial_texts import FAMILIES, text_of
from tools.machine import cpu_name, processors, versions
from tools.readme_block import read_block, replace_block
from tools.tokenizer_texts import Texts, all_kinds

ROOT = Path(__file__).resolve().parent.parent
MINILM = ROOT / "weights" / "all-MiniLM-L6-v2"
JSON = ROOT / "docs" / "tokenizer.json"
README = ROOT / "README.md"
BLOCK = "tokenizer"
PACKAGES = ("numba", "numpy", "tokenizers")
# What is promised: times as fast as `tokenizers`, growth per doubling, seconds.
FAST = dict.fromkeys(("wikitext-2", "SQuAD contexts", "STS-B sentences"), 10.0)
NEVER_BELOW, MOST_GROWTH, MOST_SECONDS = 3.0, 2.6, 1.0
GROWTH_CHARACTERS = 400_000
GROWTH_REPEATS = 15
LARGE_BYTES = 10_000_000

Run = Callable[[Texts], object]
Report = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--render", action="store_true", help="only README.md, from the JSON")
    parser.add_argument("--repeats", type=int, default=7, help="of every kind of text")
    parser.add_argument("--data", type=Path, default=os.environ.get("NPDISTIL_DATA"))
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)  # measure in this process
    options = parser.parse_args(arguments)
    if options.threads:
        print(json.dumps(measure(options.data, options.repeats, options.threads)))
        return 0
    try:
        readme = README.read_text(encoding="utf-8")
        read_block(readme, BLOCK)  # fail before the minutes, not after
        if not options.render:
            JSON.write_text(json.dumps(report(options), indent=2) + "\n", encoding="utf-8")
        written = json.loads(JSON.read_text(encoding="utf-8"))
        README.write_text(replace_block(readme, BLOCK, render(written)), encoding="utf-8")
    except (OSError, ValueError, subprocess.CalledProcessError) as failure:
        print(f"bench_tokenizer: {failure}", file=sys.stderr)
        return 2
    print(render(written))
    for line in (slower := missed(written)):
        print(f"bench_tokenizer: {line}", file=sys.stderr)
    return 1 if slower else 0


# ------------------------------------------------------------------------------------- measuring


def report(options: argparse.Namespace) -> Report:
    """All numbers, and what they depend on.

    Raises:
        ValueError: nobody said where the texts are.
        OSError: the texts or the weights are not there.
    """
    if options.data is None or not Path(options.data).is_dir():
        raise ValueError("name the folder of texts with --data or NPDISTIL_DATA.")
    if not (MINILM / "tokenizer.json").exists():
        raise FileNotFoundError(f"{MINILM} is missing; run tools/fetch_weights.py {MINILM.name}")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "versions": versions(PACKAGES),
        "runs": [
            in_process(options.data, options.repeats, threads)
            for threads in dict.fromkeys((1, processors()))
        ],
    }


def in_process(data: Path, repeats: int, threads: int) -> Report:
    """One run in a fresh process."""
    command = [sys.executable, __file__, "--threads", str(threads)]
    command += ["--repeats", str(repeats), "--data", str(data)]
    parallel = "false" if threads == 1 else "true"
    environment = {"RAYON_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": parallel}
    print(f"bench_tokenizer: {threads} threads", file=sys.stderr)
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True
    )
    found: Report = json.loads(done.stdout)
    return found


def measure(data: Path, repeats: int, threads: int) -> Report:
    """Ratios on every kind of text; on one thread also growth and the large texts."""
    ours = make_ours(threads)
    ours(["warm up the code, not the words"])
    kinds = dict(all_kinds(data, repeats))
    result: Report = {
        "threads": threads,
        "kinds": {name: compare(parts, threads) for name, parts in kinds.items()},
    }
    if threads == 1:
        result["growth"] = {name: growth(ours, name) for name in FAMILIES}
        book = " ".join(text for texts in kinds["wikitext-2"] for text in texts)
        book = (book * (LARGE_BYTES // len(book.encode()) + 1))[:LARGE_BYTES]
        large = {"English": book, "one word": "a" * LARGE_BYTES, "spaces": " " * LARGE_BYTES}
        result["seconds_for_10_MB"] = {
            name: round(seconds(ours, [text]), 3) for name, text in large.items()
        }
    return result


def compare(repeats: list[Texts], threads: int) -> dict[str, float]:
    """MB/s of both and how they compare, medians over the repeats; who goes first alternates."""
    rates: dict[str, list[float]] = {"npdistil": [], "tokenizers": []}
    for number, texts in enumerate(repeats):
        megabytes = sum(len(text.encode()) for text in texts) / 1e6
        engines = {"npdistil": make_ours(threads), "tokenizers": make_theirs()}
        for name in sorted(engines, reverse=number % 2 == 1):
            rates[name].append(megabytes / seconds(engines[name], texts))
    ratios = [a / b for a, b in zip(rates["npdistil"], rates["tokenizers"], strict=True)]
    return {
        "texts": len(repeats[0]),
        **{name: round(statistics.median(found), 2) for name, found in rates.items()},
        "ratio": round(statistics.median(ratios), 2),
        "smallest_ratio": round(min(ratios), 2),
    }


def growth(run: Run, family: str) -> dict[str, float]:
    """How the time grows from n to 2n and from 2n to 4n.

    The shortest of many times: what else the machine does only adds.
    """
    texts = [text_of(family, times * GROWTH_CHARACTERS) for times in (1, 2, 4)]
    took = [[seconds(run, [text]) for text in texts] for _ in range(GROWTH_REPEATS)]
    n, n2, n4 = (min(column) for column in zip(*took, strict=True))
    return {
        "2n/n": round(n2 / n, 2),
        "4n/2n": round(n4 / n2, 2),
        "worst": round(max(n2 / n, n4 / n2), 2),
        "ns_per_character": round(1e9 * n4 / len(texts[2]), 2),
    }


def seconds(run: Run, texts: Texts) -> float:
    """Wall time of one call, the freeing of its result left out."""
    started = time.perf_counter()
    result = run(texts)
    took = time.perf_counter() - started
    del result
    return took


def make_ours(threads: int) -> Run:
    """Texts to packed rows."""
    from npdistil import Tokenizer

    pack = Tokenizer.from_pretrained(MINILM, num_threads=threads).pack
    return lambda texts: pack(texts, truncation=False)


def make_theirs() -> Run:
    """Texts to a list of Encodings."""
    import tokenizers

    theirs = tokenizers.Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()
    return theirs.encode_batch_fast


# ----------------------------------------------------------------------------------------- writing


def missed(report: Report) -> list[str]:
    """What is slower than promised."""
    lines = []
    for run in report["runs"]:
        for name, found in run["kinds"].items():
            least = FAST.get(name, NEVER_BELOW)
            if found["ratio"] < least:
                lines.append(
                    f"{name}, threads: {run['threads']}: {found['ratio']} times as fast as "
                    f"tokenizers, not {least:g}"
                )
        for family, found in run.get("growth", {}).items():
            if found["worst"] >= MOST_GROWTH:
                lines.append(f"{family}: twice the text takes {found['worst']} times as long")
        for name, took in run.get("seconds_for_10_MB", {}).items():
            if took >= MOST_SECONDS:
                lines.append(f"10 MB of {name}: {took} s")
    return lines


def render(report: Report) -> str:
    """README's block, without its markers; depends on nothing but its argument."""
    runs = report["runs"]
    head = ["MB/s"]
    for run in runs:
        threads = "1 thread" if run["threads"] == 1 else f"{run['threads']} threads"
        head += [f"npdistil, {threads}", "`tokenizers`", "ratio"]
    lines = [f"| {' | '.join(head)} |", f"| --- |{' ---: |' * (len(head) - 1)}"]
    for name in runs[0]["kinds"]:
        cells = [name]
        for run in runs:
            found = run["kinds"][name]
            cells += [f"{found['npdistil']:.1f}", f"{found['tokenizers']:.1f}"]
            cells.append(f"{found['ratio']:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    worst, family = max((found["worst"], name) for name, found in runs[0]["growth"].items())
    large = ", ".join(
        f"{took:.2f} s ({name})" for name, took in runs[0]["seconds_for_10_MB"].items()
    )
    packages = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    text = [
        "Packed rows of npdistil beside `encode_batch_fast`: medians, in turn, every time on texts "
        "that were not seen before, with tokenizers that were made anew.",
        f"Of {len(runs[0]['growth'])} families of hostile texts, doubling a text multiplies the "
        f"time by {worst:.2f} at most ({family}). 10 MB in one text take {large}.",
        f"Measured on {report['date']} by `make tokenizer`: {report['cpu']}, "
        f"Python {report['python']}, {packages}.",
    ]
    paragraphs = [textwrap.fill(part, 100, break_on_hyphens=False) for part in text]
    return "\n\n".join(["\n".join(lines), *paragraphs])


if __name__ == "__main__":
    sys.exit(main())
