"""Write the README's table of the card's models: published figures, our speed, our parity.

    make table                            measure the speed (minutes, an idle machine), write
                                          docs/table.json and the README's table
    python tools/card_table.py --render   write the README's table from what is committed

It is the table of `npdistil table`. Without docs/table.json its measured column is empty. Exit
code 2: the README's markers are missing, or a file cannot be read.
"""

import argparse
import datetime
import json
import platform
import statistics
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil.checkpoint.registry import entries
from npdistil.tasks.card_speed import TEXTS, measure, size_of, speeds
from npdistil.tasks.card_table import COLUMNS, LENGTH, cells, legend, rows
from tools.machine import cpu_name, processors, versions
from tools.readme_block import read_block, replace_block

ROOT = Path(__file__).resolve().parent.parent
JSON = ROOT / "docs" / "table.json"
README = ROOT / "README.md"
BLOCK = "table"
TURNS = 15
PACKAGES = ("numpy", "numba")
Report = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--render", action="store_true", help="only README.md, no measurement")
    parser.add_argument("--turns", type=int, default=TURNS, help=f"default: {TURNS}")
    parser.add_argument("--threads", type=int, default=1, help="default: 1")
    options = parser.parse_args(arguments)
    try:
        readme = README.read_text(encoding="utf-8")
        read_block(readme, BLOCK)  # fail before the minutes, not after
        if not options.render:
            report = measured(options.turns, options.threads)
            JSON.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        report = json.loads(JSON.read_text(encoding="utf-8")) if JSON.exists() else {}
        README.write_text(replace_block(readme, BLOCK, render(report)), encoding="utf-8")
    except (OSError, ValueError) as failure:
        print(f"card_table: {failure}", file=sys.stderr)
        return 2
    print(render(report))
    return 0


def measured(turns: int, threads: int) -> Report:
    """Speeds over BERT-base, and where they were measured."""
    seconds = measure(entries(), LENGTH, turns, threads, lambda: print(".", end="", flush=True))
    print()
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "processors": processors(),
        "threads": threads,
        "python": platform.python_version(),
        "versions": versions(PACKAGES),
        "turns": turns,
        "texts": TEXTS,
        "length": LENGTH,
        "seconds": {
            entry.name: statistics.median(seconds[size_of(entry.config)]) for entry in entries()
        },
        "speeds": speeds(entries(), entries()[0], seconds),
    }


def render(report: Mapping[str, Any]) -> str:
    """The README's block, without its markers; an empty report leaves a column empty."""
    found = rows(report.get("speeds"))
    lines = [f"| {' | '.join(COLUMNS)} |", f"| --- | --- |{' ---: |' * (len(COLUMNS) - 2)}"]
    lines += [f"| {' | '.join(line)} |" for line in cells(found)]
    text = legend(found)
    if report:
        packages = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
        text.append(
            f"Speed measured on {report['date']} by `make table`: {report['cpu']}, "
            f"{report['processors']} processors, threads: {report['threads']}, medians of "
            f"{report['turns']} turns, {report['texts']} texts of {report['length']} tokens, "
            f"Python {report['python']}, {packages}."
        )
    else:
        text.append("The measured column was not measured yet: `make table` fills it.")
    bullets = [
        textwrap.fill(
            part, 100, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
        for part in text
    ]
    return "\n\n".join(["\n".join(lines), "\n".join(bullets)])


if __name__ == "__main__":
    sys.exit(main())
