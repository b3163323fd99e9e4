"""The book's pictures: arrays to SVG, in plain code; a cell's last line shows what it returns."""

from collections.abc import Mapping, Sequence

import numpy as np
from drawing import COLOURS, LETTER, SANS, Drawing, shade
from numpy.typing import ArrayLike

Span = tuple[int, int, object]  # first character, the one behind the last, what to write there


def text_way(text: str, rows: Mapping[str, Sequence[Span]], title: str) -> Drawing:
    """What becomes of a text, step by step, each part under the characters it comes from.

    Args:
        text: the characters as given, one column each.
        rows: the name of each step and its parts.
        title: stands beneath.
    """
    column, height, left = 36, 40, 8 + max(map(len, rows)) * 12 * LETTER
    drawing = Drawing(left + column * len(text) + 4, height * (len(rows) + 1), title)
    given = [(at, at + 1, character) for at, character in enumerate(text)]
    for number, (name, parts) in enumerate({"": given, **rows}.items()):
        top = number * height + 6
        drawing.text(0, top + 18, name, font=SANS)
        for start, end, shown in parts:
            x, width = left + start * column, (end - start) * column - 3
            fill = "#eeeeee" if number == 0 else shade(0.12 + 0.06 * (number % 2))
            drawing.rect(x, top, width, 28, fill, rx="4")
            drawing.text(x + width / 2, top + 18, "␣" if shown == " " else shown, "middle")
    return drawing


def heatmap(
    values: ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    digits: int | None = None,
    cell: float = 30,
) -> Drawing:
    """A map [N, M]: white is 0, blue up to the largest value, orange down to its opposite.

    Args:
        values: [N, M].
        rows: N names.
        columns: M names.
        title: stands beneath.
        digits: of the number in each field; None: no numbers.
        cell: pixels of a field.
    """
    shown = np.asarray(values, np.float64)
    left, top = (12 + LETTER * 12 * max(map(len, names)) for names in (rows, columns))
    drawing = Drawing(left + cell * len(columns), top + cell * len(rows) + 4, title)
    for at, name in enumerate(columns):
        drawing.text(left + cell * (at + 0.5) + 4, top - 6, name, turned=True)
    for n, name in enumerate(rows):
        drawing.text(left - 6, top + cell * (n + 0.5) + 4, name, "end")
    _fields(drawing, shown, left, top, cell, digits)
    return drawing


def heatmaps(values: ArrayLike, names: Sequence[str], title: str) -> Drawing:
    """Several maps [N, L, M] beside each other, all on one scale, with a name each."""
    maps = np.asarray(values, np.float64)
    cell = max(2.0, min(10.0, 120 / maps.shape[1]))
    across = 6  # maps in a line
    width, height = maps.shape[2] * cell + 14, maps.shape[1] * cell + 24
    lines = -(-len(maps) // across)
    drawing = Drawing(width * min(across, len(maps)), height * lines, title)
    for n, (one, name) in enumerate(zip(maps, names, strict=True)):
        x, y = width * (n % across), height * (n // across)
        drawing.text(x, y + 12, name, size=11, font=SANS)
        _fields(drawing, one, x, y + 17, cell, None, np.abs(maps).max())
    return drawing


def bars(values: ArrayLike, names: Sequence[str], title: str, digits: int = 2) -> Drawing:
    """A horizontal bar for each value, to the right of zero or to the left of it."""
    lengths = np.asarray(values, np.float64)
    left, room, row = 12 + LETTER * 12 * max(map(len, names)), 360, 22
    low, high = min(lengths.min(), 0), max(lengths.max(), 0)
    pixels = room / ((high - low) or 1)
    gap = 0 if low == 0 else 60  # for the numbers of negative bars
    zero = left + gap - low * pixels
    drawing = Drawing(left + gap + room + 70, row * len(names) + 4, title)
    for n, (value, name) in enumerate(zip(lengths, names, strict=True)):
        y = row * n
        drawing.text(left - 6, y + 15, name, "end")
        end = zero + value * pixels
        fill = COLOURS[0] if value >= 0 else COLOURS[1]
        drawing.rect(min(zero, end), y + 3, abs(end - zero), row - 6, fill)
        place, anchor = (end + 5, "start") if value >= 0 else (end - 5, "end")
        drawing.text(place, y + 15, f"{value:,.{digits}f}", anchor, size=11)
    return drawing


def lines(x: ArrayLike, series: Mapping[str, ArrayLike], title: str, x_name: str = "") -> Drawing:
    """Curves over the same x; each is named at its right end.

    Args:
        x: [N], ascending.
        series: the values [N] of each curve, by name.
        title: stands beneath.
        x_name: under the axis.
    """
    across = np.asarray(x, np.float64)
    curves = {name: np.asarray(values, np.float64) for name, values in series.items()}
    low = min(values.min() for values in curves.values())
    high = max(values.max() for values in curves.values())
    left, top, width, height = 56, 24, 440, 220
    names_width = LETTER * 12 * max(map(len, curves)) + 16
    drawing = Drawing(left + width + names_width, top + height + 44, title)

    def place(a: float, b: float) -> tuple[float, float]:
        return (
            left + (a - across[0]) / (across[-1] - across[0]) * width,
            top + (high - b) / ((high - low) or 1) * height,
        )

    for b in _ticks(low, high):
        _, y = place(across[0], b)
        drawing.line([(left, y), (left + width, y)], "#dddddd")
        drawing.text(left - 6, y + 4, f"{b:.4g}", "end", size=11)
    for a in _ticks(across[0], across[-1]):
        drawing.text(place(a, low)[0], top + height + 16, f"{a:.4g}", "middle", size=11)
    drawing.text(left + width / 2, top + height + 36, x_name, "middle", font=SANS)
    free = top - 12.0
    for n, (name, values) in enumerate(sorted(curves.items(), key=lambda item: -item[1][-1])):
        colour, dashes = COLOURS[n % len(COLOURS)], ("", "6 3", "2 3")[n % 3]
        points = [place(a, b) for a, b in zip(across, values, strict=True)]
        drawing.line(points, colour, **{"stroke-width": "2", "stroke-dasharray": dashes})
        free = max(points[-1][1] + 4, free + 14)  # names never lie on one another
        drawing.text(left + width + 6, free, name, colour=colour)
    return drawing


def _ticks(low: float, high: float) -> np.ndarray:
    """At most seven round numbers within a range."""
    power = 10.0 ** np.floor(np.log10(high - low) - 1)
    step = next(power * n for n in (1, 2, 5, 10, 20, 50) if (high - low) / (power * n) <= 6)
    return np.arange(np.ceil(low / step), np.floor(high / step * (1 + 1e-12)) + 1) * step


def _fields(
    drawing: Drawing,
    values_NM: np.ndarray,
    left: float,
    top: float,
    cell: float,
    digits: int | None,
    largest: float | None = None,
) -> None:
    scale = largest or np.abs(values_NM).max() or 1
    for (n, m), value in np.ndenumerate(values_NM):
        x, y, share = left + m * cell, top + n * cell, abs(value) / scale
        fill = shade(share, COLOURS[0] if value >= 0 else COLOURS[1])
        drawing.rect(x, y, cell - 0.5, cell - 0.5, fill)
        if digits is not None:
            colour = "#ffffff" if share > 0.55 else "#222222"
            number = f"{value:.{digits}f}"
            drawing.text(x + cell / 2, y + cell / 2 + 4, number, "middle", 10, colour)
