"""The differences of all activations in one picture: from the first on the left to the last.

The scale is logarithmic. A mistake is a step: before it everything is as small as rounding, behind
it nothing is.
"""

import math
from collections.abc import Callable, Iterator, Sequence

from ..pages.shell import escaped
from .report import ActivationRow, Figures, Report
from .table import beside

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960, 300, 64, 12, 28

STYLES = """
.chart { width: 100%; min-width: 54rem; height: auto; font: 12px var(--sans); fill: var(--quiet); }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .bound { fill: none; stroke: var(--quiet); stroke-width: 1.5; stroke-dasharray: 5 4; }
.chart .theirs { fill: var(--second); stroke: var(--second); stroke-width: 2; }
.chart .theirs polyline { fill: none; }
.chart .numpy32 { fill: none; stroke: var(--first); stroke-width: 1.5; }
.chart .numba32 { fill: var(--good); }
.chart .mark { stroke: var(--bad); stroke-width: 2; }
.chart text.mark { fill: var(--bad); stroke: none; }
.key { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; }
.key svg { width: 2rem; min-width: 0; height: 0.8rem; vertical-align: middle; }
"""


def chart(report: Report) -> str:
    """An SVG with a key; empty where there is nothing to draw.

    Args:
        report: with activations.
    """
    rows = report.activations
    series = {
        "bound": [row.bound if row.numpy32 else None for row in rows],
        "numpy32": [_largest(row.numpy32) for row in rows],
        "numba32": [_largest(row.numba32) for row in rows],
        "theirs": [_largest(row.theirs) for row in rows],
    }
    sizes = [value for values in series.values() for value in values if value]
    if not sizes:
        return ""
    low, high = math.floor(math.log10(min(sizes))), math.ceil(math.log10(max(sizes)))
    high = max(high, low + 1)

    def y(value: float) -> float:
        share = (math.log10(value) - low) / (high - low) if value else 0.0
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)

    def x(number: int) -> float:
        return LEFT + (number + 0.5) * (WIDTH - LEFT) / len(rows)

    drawn = [*_grid(low, high, y), *_layers(rows, x), *_mark(rows, x)]
    for name, values in series.items():
        points = [(x(number), y(value)) for number, value in enumerate(values) if value is not None]
        if points:
            drawn += _series(name, points)
    label = "Largest difference of each activation from npdistil in float64, in logarithmic scale"
    return (
        f'<figure><div class="scroll"><svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{label}">{"".join(drawn)}</svg></div>'
        f"<figcaption>{_key(report)}</figcaption></figure>"
    )


def _largest(figures: Figures | None) -> float | None:
    return None if figures is None else figures.max_abs


def _grid(low: int, high: int, y: Callable[[float], float]) -> Iterator[str]:
    step = max(1, (high - low) // 8)
    for power in range(low, high + 1, step):
        at = y(10.0**power)
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">1e{power}</text>'


def _layers(rows: Sequence[ActivationRow], x: Callable[[int], float]) -> Iterator[str]:
    """The number of a layer where it begins; of many layers every second or third."""
    begins: dict[str, int] = {}
    for number, row in enumerate(rows):
        first, *rest = row.name.split(".")
        if first == "layers" and rest:
            begins.setdefault(rest[0], number)
    every = math.ceil(len(begins) / 24)
    word = "layer " if len(begins) <= 12 else ""
    for layer, number in [*begins.items()][::every] if begins else []:
        yield f'<text x="{x(number):.1f}" y="{HEIGHT - 8}">{word}{escaped(layer)}</text>'


def _mark(rows: Sequence[ActivationRow], x: Callable[[int], float]) -> Iterator[str]:
    for number, row in enumerate(rows):
        if not row.ok:
            at = x(number)
            side = "end" if at > WIDTH / 2 else "start"
            move = -6 if side == "end" else 6
            ends = f'y1="{TOP}" y2="{HEIGHT - BOTTOM}"'
            yield f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" {ends}/>'
            yield (
                f'<text class="mark" x="{at + move:.1f}" y="{TOP + 12}" text-anchor="{side}">'
                f"{escaped(row.name)}</text>"
            )
            return


def _series(name: str, points: Sequence[tuple[float, float]]) -> Iterator[str]:
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    if name == "bound":
        yield f'<polyline class="bound" points="{line}"/>'
        return
    shapes = "".join(_point(name, x, y) for x, y in points)
    joined = f'<polyline points="{line}"/>' if name == "theirs" else ""
    yield f'<g class="{name}">{joined}{shapes}</g>'


def _point(name: str, x: float, y: float) -> str:
    if name == "numba32":
        return f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2.5 if name == "theirs" else 3.5}"/>'


def _key(report: Report) -> str:
    items = [
        f'<li><svg class="chart" viewBox="0 0 32 12"><g class="{name}">{_point(name, 16, 6)}</g>'
        f"</svg> {escaped(text)}</li>"
        for name, text in {"theirs": report.side, **beside(report)}.items()
    ]
    line = '<polyline class="bound" points="2,6 30,6"/>'
    items.append(f'<li><svg class="chart" viewBox="0 0 32 12">{line}</svg> bound</li>')
    return f'<ul class="key">{"".join(items)}</ul>'
