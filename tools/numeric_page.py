"""The tables of docs/numerics.md, from what was measured and from where bounds are stated."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tests.bounds import BOUNDS
from tests.numerics.draws import FAMILIES
from tests.numerics.passes import TWINS as PASSES
from tests.tolerances import HIDDEN_FLOAT32, KERNELS
from tests.twins import TWINS
from tools.check_functions import PROMISES, UNITS

FUNCTIONS = Path(__file__).resolve().parent.parent / "docs" / "functions.json"
Row: TypeAlias = dict[str, Any]


def render(found: Row) -> str:
    """The page's block, without its markers; depends on the JSON, functions.json and the bounds."""
    targets = list(next(iter(found["kernels"].values())))
    functions = json.loads(FUNCTIONS.read_text(encoding="utf-8"))["functions"]
    parts = [
        "## Functions of one number: every float32 there is",
        "",
        *table("function | stated bound | largest error", _functions(functions)),
        "",
        "## Kernels on values of size 1",
        "",
        *table(
            f"kernel | twin | stated bound | {' | '.join(targets)} | numbers | bits",
            _kernels(found["kernels"], targets),
        ),
        "",
        "## Kernels on any values",
        "",
        *table("kernel | stated bound | why | largest share", _any_values(found["kernels"])),
        "",
        "## Layers and passes",
        "",
        *table(
            f"kernel | twin | stated bound | {' | '.join(targets)}",
            _passes(found["kernels"], targets),
        ),
        "",
        _signature(found),
    ]
    return "\n".join(parts)


def table(head: str, rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table in Markdown."""
    marks = " | ".join("---" for _ in head.split(" | "))
    return [f"| {head} |", f"| {marks} |", *(f"| {' | '.join(row)} |" for row in rows)]


def _functions(functions: Row) -> Iterator[list[str]]:
    for name, (measure, bound) in PROMISES.items():
        error = functions[name]["error"]
        shown = f"{error:.2f}" if measure == "ulp" else number(error)
        yield [name, f"{number(bound)} {UNITS[measure]}", shown]


def _kernels(kernels: Row, targets: list[str]) -> Iterator[list[str]]:
    for twin in TWINS:
        row = kernels[twin.id]
        module = twin.reference.__module__.partition(".")[2]
        errors = [number(row[target]["drawn"]["error"]) for target in targets]
        yield [
            twin.id,
            f"{module}.{twin.reference.__name__}",
            number(KERNELS[twin.name]),
            *errors,
            f"{row[targets[0]]['numbers'] // len(FAMILIES):,}",
            _bits(row, targets, KERNELS[twin.name] == 0.0),
        ]


def _bits(row: Row, targets: list[str], is_exact: bool) -> str:
    """Where results are the same to the last bit."""
    if not row[targets[0]]["ordered"] and not is_exact:
        return "as compiled"
    return "everywhere" if len({row[target]["bits"] for target in targets}) == 1 else "of a target"


def _any_values(kernels: Row) -> Iterator[list[str]]:
    for name, bound in BOUNDS.items():
        shares = [
            at_target[family]["share"]
            for twin in TWINS
            if twin.name == name
            for at_target in kernels[twin.id].values()
            for family in FAMILIES
        ]
        yield [name, bound.formula, bound.reason, f"{max(shares):.2f}"]


def _passes(kernels: Row, targets: list[str]) -> Iterator[list[str]]:
    for name, twin in PASSES.items():
        errors = [number(kernels[name][target]["drawn"]["error"]) for target in targets]
        yield [name, twin, number(KERNELS.get(name, HIDDEN_FLOAT32)), *errors]


def number(value: float) -> str:
    """A bound or an error, short.

    >>> number(2e-5), number(0.0), number(1.0449e-05), number(2.0)
    ('2e-05', '0', '1.04e-05', '2')
    """
    return f"{value:.3g}"


def _signature(found: Row) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    count = sum(row["numbers"] for targets in found["kernels"].values() for row in targets.values())
    return (
        f"Measured on {found['date']} by `tools/numeric_contract.py`, {count:,} numbers:\n"
        f"{found['cpu']}, Python {found['python']}, {packages}."
    )
