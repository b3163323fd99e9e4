"""A report as lines for a terminal."""

import math
from collections.abc import Iterable, Iterator, Sequence

from .hypothesis import IDS
from .report import SETTINGS, ActivationRow, Figures, IdsRow, Report, Value

# Of the four figures of the other side; of our own backends the first alone.
FIGURES = ("max", "mean", "ULP", "1 - cosine")
MARKS = {True: "ok", False: "DIFFERS", None: ""}
LONGEST = 40  # characters of a text


def as_table(report: Report) -> str:
    """Sections with aligned columns, and the verdict at the end.

    Args:
        report: of a comparison.
    """
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield headline(report)
    if report.settings:
        yield ""
        settings = [
            (row.name, value(row.ours), value(row.theirs), MARKS[row.ok]) for row in report.settings
        ]
        yield from aligned([("setting", "npdistil", report.side, ""), *settings], left=4)
    if report.ids:
        yield ""
        yield from map(ids_line, report.ids)
    if report.activations:
        yield ""
        own = beside(report)
        head = ("activation", *FIGURES, *own.values(), "bound", "")
        rows = [_cells(row, own) for row in report.activations]
        yield from aligned([head, *rows], left=1)
        yield ""
        yield legend(report)
    yield ""
    yield from verdict(report)


def headline(report: Report) -> str:
    """What was compared."""
    texts = "1 text" if len(report.texts) == 1 else f"{len(report.texts)} texts"
    return f"{report.model} beside {report.side}: {texts}, {report.tokens} tokens"


def ids_line(row: IdsRow) -> str:
    """The ids of one text, and where they begin to differ."""
    shown = row.text if len(row.text) <= LONGEST else row.text[: LONGEST - 1] + "…"
    line = f"text {row.number}  {row.ours} tokens  {MARKS[row.ok]}  {shown}"
    if row.ok:
        return line
    here, there = row.our_piece or "nothing", row.their_piece or "nothing"
    return (
        f"{line}\n  of {row.theirs} tokens on the other side, the first that differs is token "
        f"{row.place}: ours {here}, theirs {there}"
    )


def beside(report: Report) -> dict[str, str]:
    """Our own sides that were computed: field of an `ActivationRow` -> name."""
    has_numba = any(row.numba32 for row in report.activations)
    return {"numpy32": "numpy float32"} | ({"numba32": "numba float32"} if has_numba else {})


def _cells(row: ActivationRow, own: Iterable[str]) -> tuple[str, ...]:
    """One line of the activations' table."""
    theirs = [number(figure) for figure in shown_figures(row.theirs)]
    sides: Iterator[Figures | None] = (getattr(row, field) for field in own)
    return (
        row.name,
        *(theirs or ("",) * len(FIGURES)),
        *(number(found.max_abs) if found else "" for found in sides),
        number(row.bound) if row.numpy32 else "",
        f"{MARKS[row.ok]}{f': {row.problem}' if row.problem else ''}",
    )


def shown_figures(figures: Figures | None) -> tuple[float, ...]:
    """In the order of FIGURES; nothing where there are none."""
    if figures is None:
        return ()
    return figures.max_abs, figures.mean_abs, figures.ulp, max(1 - figures.cosine, 0.0)


def number(figure: float) -> str:
    """Two digits or a few more, as everywhere in a report.

    >>> number(0.0), number(1.25e-7), number(12.34), number(1e4)
    ('0', '1.2e-07', '12.3', '1.0e+04')
    """
    if figure == 0:
        return "0"
    return f"{figure:.1f}" if 0.1 <= figure < 1000 else f"{figure:.1e}"


def value(setting: Value) -> str:
    """A setting as it is written in JSON, but for strings without quotes."""
    words = {True: "true", False: "false", None: "null"}
    if isinstance(setting, bool) or setting is None:
        return words[setting]
    return setting if isinstance(setting, str) and setting else repr(setting)


def legend(report: Report) -> str:
    """What the columns mean."""
    return (
        f"Differences from npdistil's numpy backend in float64: of {report.side} largest, mean, "
        "largest in units\nin the last place of the activation's largest value, and 1 - cosine of "
        "the text that is worst;\nof our other backends the largest. The bound is what rounding "
        "explains: docs/parity.md."
    )


def verdict(report: Report) -> Iterator[str]:
    """What differs first, and whether that is parity."""
    if report.passed:
        yield "passed: everything that was compared agrees"
        return
    first = report.first
    if first == IDS:
        yield f"first that differs: {IDS}{_computed_on(report)}"
    for row in report.activations:
        if not row.ok:
            why = (
                row.problem
                or f"{number(row.theirs.max_abs if row.theirs else 0)}, bound {number(row.bound)}"
            )
            yield f"first activation over its bound: {row.name} ({why})"
            break
    else:
        if first != IDS:
            yield f"first that differs: {first}; no activation of these texts shows it"
    yield from _cause(report)
    yield "FAILED"


def _computed_on(report: Report) -> str:
    """Which ids activations are of, where the two sides have others."""
    if not report.activations:
        return ""
    if report.on_their_ids:
        return ", so activations were compared on the other side's ids"
    return (
        ", and this model has no rows for some of the other side's, so activations are of "
        "different ids"
    )


def _cause(report: Report) -> Iterator[str]:
    cause = report.cause
    if cause is not None:
        yield f"likely cause: {cause.key}, at {cause.where}. {cause.sentence}"
        if math.isfinite(cause.before):
            yield (
                f"computed as they seem to, the largest difference where it begins falls from "
                f"{number(cause.before)} to {number(cause.after)}"
            )
        else:
            yield (
                "where it begins, shapes differ or values are not finite; computed as they seem "
                f"to, the largest difference is {number(cause.after)}"
            )
    elif not (report.first or "").startswith(f"{SETTINGS}."):
        yield "likely cause: none that is known makes npdistil compute the same"


def aligned(rows: Sequence[Sequence[str]], left: int) -> Iterator[str]:
    """Lines of columns, the first `left` of them flush left and the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            cell.ljust(width) if n < left or n == len(row) - 1 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
