"""A report as one HTML page, with the numbers of the table and a picture."""

from collections.abc import Iterator, Sequence

from ..pages.shell import escaped, shell
from .chart import STYLES, chart
from .report import ActivationRow, Figures, Report
from .table import FIGURES, MARKS, beside, headline, legend, number, shown_figures, value, verdict

_STYLES = (
    STYLES
    + """
.verdict { white-space: pre-line; border-left: 0.3rem solid var(--bad); padding: 0.25rem 1rem; }
.verdict.passed { border-color: var(--good); }
tr.bad td, tr.bad th { color: var(--bad); font-weight: 600; }
thead th { border-bottom: 2px solid var(--line); }
.figures { font-size: 0.85rem; }
.figures td, .figures th { white-space: nowrap; }
td.text { max-width: 40rem; overflow-wrap: anywhere; }
figure { margin: 1rem 0; }
"""
)


def as_html(report: Report) -> str:
    """A page that needs no network; see `pages.shell`.

    Args:
        report: of a comparison.
    """
    return shell(f"Parity: {headline(report)}", "\n".join(_body(report)), _STYLES)


def _body(report: Report) -> Iterator[str]:
    kind = " passed" if report.passed else ""
    *lines, last = verdict(report)
    rest = escaped("".join(f"\n{line}" for line in lines))
    yield f'<p class="verdict{kind}"><strong>{escaped(last)}</strong>{rest}</p>'
    if report.activations:
        yield "<h2>Activations</h2>"
        yield chart(report)
        yield f'<p class="quiet">{escaped(legend(report))}</p>'
        yield from _activations(report)
    if report.settings:
        yield "<h2>Settings</h2>"
        yield from _table(
            ["setting", "npdistil", report.side, ""],
            [
                ([row.name, value(row.ours), value(row.theirs), MARKS[row.ok]], row.ok is False)
                for row in report.settings
            ],
        )
    yield "<h2>Texts</h2>"
    yield from _texts(report)


def _activations(report: Report) -> Iterator[str]:
    own = beside(report)
    groups = [report.side, *own.values()]
    spans = "".join(
        f'<th class="number" colspan="{len(FIGURES)}">{escaped(title)}</th>' for title in groups
    )
    heads = "".join(f'<th class="number">{name}</th>' for name in FIGURES) * len(groups)
    yield '<div class="scroll"><table class="figures"><thead>'
    yield f"<tr><th></th>{spans}<th></th><th></th></tr>"
    yield f'<tr><th>activation</th>{heads}<th class="number">bound</th><th></th></tr></thead>'
    yield "<tbody>"
    for row in report.activations:
        figures = [row.theirs, *(getattr(row, field) for field in own)]
        yield _activation(row, figures)
    yield "</tbody></table></div>"


def _activation(row: ActivationRow, sides: Sequence[Figures | None]) -> str:
    cells = []
    for figures in sides:
        cells += [number(figure) for figure in shown_figures(figures)] or [""] * len(FIGURES)
    cells.append(number(row.bound) if row.numpy32 else "")
    numbers = "".join(f'<td class="number">{cell}</td>' for cell in cells)
    problem = f": {escaped(row.problem)}" if row.problem else ""
    start = "<tr>" if row.ok else '<tr class="bad">'
    return f"{start}<th>{escaped(row.name)}</th>{numbers}<td>{MARKS[row.ok]}{problem}</td></tr>"


def _texts(report: Report) -> Iterator[str]:
    if not report.ids:
        rows = [([str(n), text], False) for n, text in enumerate(report.texts)]
        yield from _table(["", "text"], rows)
        return
    yield from _table(
        ["", "text", "tokens", "theirs", "first that differs", "ours", "theirs", ""],
        [
            (
                [
                    str(row.number),
                    row.text,
                    str(row.ours),
                    str(row.theirs),
                    "" if row.place is None else str(row.place),
                    row.our_piece,
                    row.their_piece,
                    MARKS[row.ok],
                ],
                not row.ok,
            )
            for row in report.ids
        ],
    )


def _table(head: Sequence[str], rows: Sequence[tuple[Sequence[str], bool]]) -> Iterator[str]:
    """Cells of any text; rows that are True are marked."""
    yield '<div class="scroll"><table><thead><tr>'
    yield "".join(f"<th>{escaped(name)}</th>" for name in head)
    yield "</tr></thead><tbody>"
    for cells, bad in rows:
        shown = "".join(f'<td class="text">{escaped(cell)}</td>' for cell in cells)
        start = '<tr class="bad">' if bad else "<tr>"
        yield f"{start}{shown}</tr>"
    yield "</tbody></table></div>"
