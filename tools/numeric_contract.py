"""Measure every kernel by its stated bound; write docs/numerics.json and docs/numerics.md.

    python tools/numeric_contract.py           on each target of this processor (a minute or two)
    python tools/numeric_contract.py --render  write the page from the committed JSON

Bounds are stated once, in tests/tolerances.py and tests/bounds.py, and inputs are fixed
(tests/numerics/). A bound that is missed is printed and nothing is written: exit code 1.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil.kernels.objects.cpu import LEVELS, VARIABLE
from tests.numerics import measure
from tests.numerics.draws import FAMILIES
from tests.tolerances import DRIFT, HIDDEN_FLOAT32, KERNELS
from tools.machine import cpu_name, versions
from tools.numeric_page import render
from tools.readme_block import replace_block

ROOT = Path(__file__).resolve().parent.parent
JSON, PAGE = ROOT / "docs" / "numerics.json", ROOT / "docs" / "numerics.md"
PACKAGES = ("numpy", "numba", "llvmlite")
Row: TypeAlias = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--render", action="store_true", help="only numerics.md, from the JSON")
    parser.add_argument("--here", action="store_true", help="print what this process measures")
    options = parser.parse_args(arguments)
    if options.here:
        print(json.dumps(measure.measured()))
        return 0
    if not options.render:
        found = measured_everywhere()
        if problems := beyond(found):
            for problem in problems:
                print(f"numeric_contract: {problem}", file=sys.stderr)
            return 1
        JSON.write_text(as_text(found), encoding="utf-8")
    block = render(json.loads(JSON.read_text(encoding="utf-8")))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(replace_block(page, "numerics", block), encoding="utf-8")
    return 0


def measured_everywhere() -> Row:
    """The exact values, and the errors on each level of processors that this one has."""
    values = measure.exact_values()
    found: Row = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "python": platform.python_version(),
        "versions": versions(PACKAGES),
        "inputs": values["inputs"],
        "kernels": {},
        "exact": values["exact"],
    }
    for level in reversed(LEVELS):
        done = subprocess.run(
            [sys.executable, __file__, "--here"],
            env={**os.environ, VARIABLE: level}, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode and "this processor is no" in done.stderr:
            continue
        if done.returncode:
            raise SystemExit(done.stderr)
        at_level = json.loads(done.stdout)
        for name, row in at_level["kernels"].items():
            found["kernels"].setdefault(name, {})[at_level["target"]] = row
    return found


def allowed(name: str) -> float:
    """The absolute bound of a kernel or a pass on the drawn inputs.

    >>> allowed("linear-gelu") == KERNELS["linear"]
    True
    """
    return float(KERNELS.get(name.partition("-")[0], HIDDEN_FLOAT32))


def beyond(found: Row) -> list[str]:
    """What misses its bound."""
    problems = []
    for name, targets in found["kernels"].items():
        for target, row in targets.items():
            error = row["drawn"]["error"]
            if not error <= allowed(name):
                problems.append(f"{name} ({target}): {error:.3g}, allowed is {allowed(name):g}")
            for family in FAMILIES:
                share = row.get(family, {}).get("share", 0.0)
                if not share <= 1:
                    problems.append(f"{name} ({target}), {family}: {share:.3g} of its bound")
    return problems


def drifted(found: Row, here: Row) -> list[str]:
    """How this process differs from what is committed; empty: in nothing that matters.

    Args:
        found: the committed JSON.
        here: what `measure.measured` gives now.
    """
    problems, target = [], here["target"]
    for name, row in here["kernels"].items():
        before = found["kernels"][name]
        largest = max(old["drawn"]["error"] for old in before.values())
        largest = before[target]["drawn"]["error"] if target in before else largest
        error = row["drawn"]["error"]
        if not error <= DRIFT * largest:
            problems.append(f"{name}: error {error:.3g}, it was {largest:.3g}")
        if row["ordered"] and target in before and row["bits"] != before[target]["bits"]:
            problems.append(f"{name}: other bits than before on {target}")
    return problems


def as_text(found: Row) -> str:
    """JSON with a line for each kernel."""
    parts = []
    for key, value in found.items():
        text = json.dumps(value)
        if isinstance(value, dict):
            lines = (f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in value.items())
            text = "{\n" + ",\n".join(lines) + "\n }"
        parts.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
