"""A report as JSON values."""

from typing import Any

from .report import ActivationRow, Figures, Report


def as_dict(report: Report) -> dict[str, Any]:
    """Everything that the report knows, in the order of the table."""
    return {
        "model": report.model,
        "against": report.side,
        "passed": report.passed,
        "first": report.first,
        "cause": None if report.cause is None else report.cause._asdict(),
        "texts": [*report.texts],
        "tokens": report.tokens,
        "settings": [row._asdict() for row in report.settings],
        "ids": [{**row._asdict(), "ok": row.ok} for row in report.ids],
        "activations": [_activation(row) for row in report.activations],
    }


def _activation(row: ActivationRow) -> dict[str, Any]:
    figures = {"theirs": row.theirs, "numpy32": row.numpy32, "numba32": row.numba32}
    return {
        "name": row.name,
        "ok": row.ok,
        "bound": row.bound,
        "problem": row.problem,
        **{side: _figures(found) for side, found in figures.items()},
    }


def _figures(figures: Figures | None) -> dict[str, float] | None:
    return None if figures is None else figures._asdict()
