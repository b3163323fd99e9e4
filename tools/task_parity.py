"""Compare every task with its peer on real inputs; write docs/tasks.json and the README's table.

    python tools/task_parity.py [--inputs 500]    measure (minutes), write both
    python tools/task_parity.py --only fill_mask  measure some tasks and print them alone
    python tools/task_parity.py --render          write the README's table from the committed JSON

A task is a module of tools/task_cases/ with a function `compare(case, inputs) -> Figure`, the names
of its MODELS, and the HEAD that random models get (None: it needs none); tests/data/tasks/ runs the
same with 50 inputs. Figures beyond the bounds of tools/task_cases/figure.py are not written: exit
code 1. Exit code 2: weights, fitted heads, NPDISTIL_DATA or the README's markers are missing.
"""

import argparse
import datetime
import importlib
import json
import platform
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.machine import cpu_name, versions
from tools.readme_block import read_block, replace_block
from tools.task_cases.figure import DECIDED, LOGITS, SCORES, Figure, faults
from tools.task_cases.models import FITTED, RANDOM, Models, data_folder

ROOT = Path(__file__).resolve().parent.parent
CASES = Path(__file__).resolve().parent / "task_cases"
JSON = ROOT / "docs" / "tasks.json"
README = ROOT / "README.md"
PACKAGES = ("numpy", "numba", "torch", "transformers", "sentence-transformers")
Report = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=500, help="of each model (default: 500)")
    parser.add_argument(
        "--only", nargs="+", metavar="TASK", help="names of modules; writes nothing"
    )
    parser.add_argument("--render", action="store_true", help="only README.md, from the JSON")
    options = parser.parse_args(arguments)
    try:
        readme = README.read_text(encoding="utf-8")
        if not options.only:
            read_block(readme, "tasks")  # fail before the minutes, not after
        if not options.render:
            figures = measure(options.only or task_names(), options.inputs)
            problems = [fault for figure in figures for fault in faults(figure)]
            for problem in problems:
                print(f"task_parity: {problem}", file=sys.stderr)
            if options.only or problems:
                print("\n".join(table(figures)))
                return 1 if problems else 0
            JSON.write_text(json.dumps(report(figures), indent=2) + "\n", encoding="utf-8")
        found = json.loads(JSON.read_text(encoding="utf-8"))
        README.write_text(replace_block(readme, "tasks", render(found)), encoding="utf-8")
    except AssertionError as failure:  # of a comparison: other shapes, or nothing to compare
        print(f"task_parity: {failure}", file=sys.stderr)
        return 1
    except (ModuleNotFoundError, OSError, ValueError) as failure:
        print(f"task_parity: {failure}", file=sys.stderr)
        return 2
    print(render(found))
    return 0


def task_names() -> list[str]:
    """The modules that compare a task."""
    return sorted(
        path.stem for path in CASES.glob("*.py") if "\ndef compare(" in path.read_text("utf-8")
    )


def task_module(name: str) -> ModuleType:
    """One of them; it imports torch.

    Raises:
        ModuleNotFoundError: there is none of that name.
    """
    return importlib.import_module(f"tools.task_cases.{name}")


def measure(names: list[str], inputs: int) -> list[Figure]:
    """The figures of these tasks, each as it is printed on the way.

    Raises:
        FileNotFoundError: weights or data are missing.
        AssertionError: answers that cannot be compared.
    """
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    warnings.simplefilter("ignore")  # the peers' own
    with tempfile.TemporaryDirectory() as root:
        return [*_figures(names, Models(Path(root), data_folder()), inputs)]


def _figures(names: list[str], models: Models, inputs: int) -> Iterator[Figure]:
    for name in names:
        module = task_module(name)
        for model in module.MODELS:
            figure: Figure = module.compare(models.case(model, module.HEAD), inputs)
            print(" ".join(map(str, _cells(figure))), file=sys.stderr, flush=True)
            yield figure


def report(figures: list[Figure]) -> Report:
    """What is committed."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "python": platform.python_version(),
        "versions": versions(PACKAGES),
        "bounds": {"logits": LOGITS, "scores": SCORES, "unlike": 0, "decided": DECIDED},
        "figures": [figure._asdict() for figure in figures],
    }


def table(figures: list[Figure]) -> list[str]:
    """Lines of Markdown."""
    head = ["task", "model", "inputs", "logits", "scores", "unlike", "decided"]
    lines = [f"| {' | '.join(head)} |", "| --- | --- |" + " ---: |" * 5]
    return lines + [f"| {' | '.join(_cells(figure))} |" for figure in figures]


def render(found: Report) -> str:
    """The README's block, without its markers; depends on nothing but its argument."""
    bounds = found["bounds"]
    allowed = [
        f"{bounds['logits']:.0e}",
        f"{bounds['scores']:.0e}",
        "0",
        f"{bounds['decided']:.0%}",
    ]
    lines = table([Figure(**figure) for figure in found["figures"]])
    lines.append(f"| *allowed* | | | {' | '.join(allowed)} |")
    packages = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    meaning = [
        "*logits*: the largest difference of a logit, or of a number of a vector or of a "
        "regression; empty where the other library does not show them.",
        "*scores*: the largest difference of a score (a probability, a similarity), as a share of "
        "the other library's; empty where the answers have none.",
        "*unlike*: how many labels, spans, offsets, words or ranks differ.",
        "*decided*: the share of the inputs whose best score is clearly above chance, so that the "
        "answer is one: twice as high as if all were alike, or half way from there to 1. A span "
        "must have four times as much; a number of a regression or ranking must be far from the "
        "mean of all, a hundred times what a logit may differ. The figure allowed is the least.",
    ]
    text = [
        "Each task on real inputs beside Transformers and sentence-transformers. "
        f"{', '.join(RANDOM)} are random weights of these shapes; {', '.join(FITTED)} are heads "
        "that `make heads` fits over all-MiniLM-L6-v2.",
        f"Measured on {found['date']} by `make tasks`: {found['cpu']}, Python {found['python']}, "
        f"{packages}.",
    ]
    items = [textwrap.fill(f"- {part}", 100, subsequent_indent="  ") for part in meaning]
    paragraphs = [textwrap.fill(part, 100, break_on_hyphens=False) for part in text]
    return "\n\n".join(["\n".join(lines), "\n".join(items), *paragraphs])


def _cells(figure: Figure) -> list[str]:
    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.1e}"

    return [
        *(figure.task, figure.model, f"{figure.inputs:,}"),
        *(number(figure.logits), number(figure.scores), str(figure.unlike)),
        f"{figure.decided:.0%}",
    ]


if __name__ == "__main__":
    sys.exit(main())
