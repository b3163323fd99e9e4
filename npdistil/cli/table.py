"""Show the model card's table: sizes, FLOPs, published speed and scores, our speed and parity."""

import argparse
import json

from ..checkpoint.registry import entries
from ..errors import InputError
from ..progress import progress
from ..tasks.card_table import COLUMNS, LENGTH, cells, legend, rows
from .messages import say

EXAMPLE = "npdistil table --json"
TURNS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil table`."""
    parser.description = (
        "The ten systems of the XtremeDistil card and all-MiniLM-L6-v2. No file is needed: what is "
        "published is in the package, and speed is measured with random weights of the sizes."
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="measure the speed of each size over our BERT-base here (half a minute, 1 GB)",
    )
    parser.add_argument(
        "--turns", type=int, metavar="N", help=f"turns of each size; default: {TURNS}"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="default: 1")
    parser.add_argument("--json", action="store_true", help="print one JSON object, not a table")


def run(options: argparse.Namespace) -> None:
    """Print the table.

    Raises:
        NpdistilError: an option that goes with --measure alone, or a bad number.
    """
    turns = options.turns
    if not options.measure and (turns is not None or options.threads is not None):
        raise InputError("--turns and --threads: go with --measure.")
    turns = TURNS if turns is None else turns
    if not 1 <= turns <= 1000:
        raise InputError(f"--turns: expected an integer from 1 to 1000, not {turns}.")
    threads = 1 if options.threads is None else options.threads
    found = rows(_measured(turns, threads) if options.measure else None)
    if options.json:
        print(json.dumps({"models": found}, indent=1))
        return
    body = [list(COLUMNS), *cells(found)]
    widths = [max(map(len, column)) for column in zip(*body, strict=True)]
    for line in body:
        first, *rest = (
            cell.rjust(width) if n else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *rest]))
    for note in ["", *legend(found)]:
        print(note)
    if not options.measure:
        print("npdistil table --measure fills the measured column.")


def _measured(turns: int, threads: int) -> dict[str, float]:
    from ..tasks.card_speed import TEXTS, measure, size_of, speeds

    models = entries()
    sizes = len({size_of(entry.config) for entry in models})
    with progress(sizes * (turns + 1), "turns", None) as bar:
        seconds = measure(models, LENGTH, turns, threads, lambda: bar.update(1))
    say(f"medians of {turns} turns, {TEXTS} texts of {LENGTH} tokens, threads: {threads}")
    return speeds(models, models[0], seconds)
