"""A report as JSON values."""

import math
from typing import Any

from .causes import Cause
from .report import ActivationRow, Figures, Report

_SIZES = ("before", "after")


def as_dict(report: Report) -> dict[str, Any]:
    """Everything that the report knows, in the order of the table.

    JSON has no infinity: null stands for a cause's difference where the other side's values were
    not finite, or of another shape.
    """
    return {
        "model": report.model,
        "against": report.side,
        "passed": report.passed,
        "first": report.first,
        "cause": None if report.cause is None else _cause(report.cause),
        "texts": [*report.texts],
        "tokens": report.tokens,
        "settings": [row._asdict() for row in report.settings],
        "ids": [{**row._asdict(), "ok": row.ok} for row in report.ids],
        "activations": [_activation(row) for row in report.activations],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    told = cause._asdict()
    return told | {name: told[name] if math.isfinite(told[name]) else None for name in _SIZES}


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
