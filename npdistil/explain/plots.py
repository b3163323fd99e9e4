"""Attention as pictures, of one head or of all, by matplotlib (extra `[plot]`).

Figures are made without pyplot: nothing opens a window and nothing is kept. What the process or the
reader's own matplotlibrc have set does not matter, and is the same afterwards. The same `Explained`
gives the same bytes with the same version of matplotlib and the same fonts.

Colour shows the square root of a probability, on one scale from 0 to 1 in all pictures: among a
hundred tokens a tenth of the attention is much.
"""

import base64
import importlib.util
import io
import math
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from ..dims import Floats
from ..errors import InputError
from ..pages.shell import in_pictures
from .record import Explained, Token, checked_head

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg")
COLOURS = "Blues"
IN_NUMBERS = 12  # tokens up to which a head's probabilities are written into it
LABELLED = 14  # tokens up to which a grid has them at its edges, and not in a list below
LONGEST_LABEL = 24
SPECIAL, FIRST, SECOND = "#767676", "#000000", "#a03c00"  # labels: [CLS] and [SEP]; the texts
FAR = 30  # tokens from which on names stand on all sides
# Tokens up to which a cell is so many inches wide; then come the widest texts there are.
CELLS = ((IN_NUMBERS, 0.5), (30, 0.3), (64, 0.2), (160, 0.15), (512, 0.1))
PANEL = 1.25  # inches of a head in a grid
LARGEST = 6000  # pixels of a picture's longer side
# What DejaVu Sans, which comes with matplotlib, has no glyphs for: the first of these that is here.
OTHER_SCRIPTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "PingFang SC", "Hiragino Sans", "Droid Sans Fallback", "Arial Unicode MS"),
    *("Noto Sans Devanagari", "Noto Sans Thai", "Nirmala UI", "Leelawadee UI"),
)
_DRAWING = RLock()  # matplotlib's settings are the process's: one thread at a time


def require_matplotlib() -> None:
    """Say early what is missing.

    Raises:
        InputError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError("pictures: need matplotlib: pip install 'npdistil[plot]'.")


def head_figure(explained: Explained, layer: int, head: int) -> "Figure":
    """One head: a row for each token that looks, a column for each that is looked at.

    Up to 12 tokens, probabilities stand in their cells.

    Args:
        explained: of `record.explained`.
        layer: from 0.
        head: from 0.

    Raises:
        InputError: there is no such head, or no matplotlib.
    """
    require_matplotlib()
    layer, head = checked_head((layer, head), explained["layers"], explained["heads"])
    prob_LM, tokens = attention_of(explained)[layer, head], explained["tokens"]
    L = len(tokens)
    cell = next((width for most, width in CELLS if L <= most), CELLS[-1][1])
    font = min(10.0, 0.72 * 72 * cell)
    with _own_style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(L * cell, L * cell))
        axes = figure.add_axes((0, 0, 1, 1))
        image = _draw_map(axes, prob_LM, tokens)
        _label(axes.xaxis, tokens, font, rotation=90)
        _label(axes.yaxis, tokens, font)
        if L > FAR:
            _help_the_eye(axes, tokens)
        if L <= IN_NUMBERS:
            _write_numbers(axes, prob_LM)
        axes.set_xlabel("is looked at", fontsize=10)
        axes.set_ylabel("looks", fontsize=10)
        right, _, top = _edges(figure)
        _title(figure, explained, f"layer {layer}, head {head}", top + 0.15)
        _draw_scale(figure, image, right + 0.25, top=L * cell)
    return figure


def grid_figure(explained: Explained) -> "Figure":
    """All heads, small: a row for each layer, a column for each head.

    Up to 14 tokens stand at the edges; of more tokens the edges have numbers, and below is a list.

    Args:
        explained: of `record.explained`.

    Raises:
        InputError: there is no matplotlib.
    """
    require_matplotlib()
    prob_NHLM, tokens = attention_of(explained), explained["tokens"]
    N, H, L, _ = prob_NHLM.shape
    step, font = PANEL + 0.12, min(8.0, 0.8 * 72 * PANEL / L)
    with _own_style():
        from matplotlib.figure import Figure

        width, height = H * step, N * step
        figure = Figure(figsize=(width, height))
        for n, prob_HLM in enumerate(prob_NHLM):
            for h, prob_LM in enumerate(prob_HLM):
                place = (h * step / width, (N - 1 - n) * step / height)
                axes = figure.add_axes((*place, PANEL / width, PANEL / height))
                image = _draw_map(axes, prob_LM, tokens, line_width=0.6)
                for axis, at_edge in ((axes.xaxis, n == N - 1), (axes.yaxis, h == 0)):
                    if not at_edge:
                        axis.set_ticks([])
                    elif L <= LABELLED:
                        _label(axis, tokens, font, rotation=90 if axis is axes.xaxis else 0)
                    else:
                        axis.set_ticks(range(0, L, _every(L)))
                        axis.set_tick_params(labelsize=7)
                if n == 0:
                    axes.set_title(f"head {h}", fontsize=9, pad=5)
                if h == 0:
                    axes.set_ylabel(f"layer {n}", fontsize=9, labelpad=5)
        _title(figure, explained, "rows look at columns", height + 0.2)
        right, bottom, _ = _edges(figure)
        _draw_scale(figure, image, right + 0.25, top=height)
        if L > LABELLED:
            _list_tokens(figure, tokens, width, bottom - 0.2)
    return figure


def drawn(figure: "Figure", file_format: str) -> bytes:
    """The bytes of a picture.

    Args:
        figure: of `head_figure` or `grid_figure`.
        file_format: "png", of up to 6000 pixels a side, or "svg", whose text is text.

    Raises:
        InputError: another format.
    """
    if file_format not in FORMATS:
        raise InputError(f"format: expected one of {', '.join(FORMATS)}, not {file_format!r}.")
    stream = io.BytesIO()
    metadata: dict[str, Any] = {"Date": None} if file_format == "svg" else {"Software": None}
    with _own_style():
        right, bottom, top = _edges(figure)
        longest = max(right, top - bottom) + 2
        figure.savefig(
            stream,
            format=file_format,
            dpi=min(150, LARGEST / longest),
            metadata=metadata,
            bbox_inches="tight",
            pad_inches=0.15,
        )
    return stream.getvalue()


def attention_of(explained: Explained) -> Floats:
    """Every head's probabilities [N, H, L, L], rounded to 1/255, as a page has them."""
    L = len(explained["tokens"])
    bytes_N = np.frombuffer(base64.b64decode(explained["attention"]), np.uint8)
    return bytes_N.reshape(explained["layers"], explained["heads"], L, L) / np.float64(255)


# --------------------------------------------------------------------------------------- drawing


@contextmanager
def _own_style() -> Iterator[None]:
    """matplotlib's own settings and ours, for this long; glyphs that no font has are boxes."""
    import matplotlib as mpl
    from matplotlib import style
    from matplotlib.font_manager import fontManager

    present = set(fontManager.get_font_names())
    settings: dict[str, Any] = {
        "font.family": [
            "DejaVu Sans",
            *(name for name in OTHER_SCRIPTS if name in present),
            "sans-serif",
        ],
        "svg.fonttype": "none",
        "svg.hashsalt": "npdistil",
        "figure.facecolor": "white",
    }
    with (
        _DRAWING,
        warnings.catch_warnings(),
        style.context("default"),
        mpl.rc_context(settings),
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _draw_map(axes: Any, prob_LM: Floats, tokens: list[Token], line_width: float = 1.0) -> Any:
    """The cells, and where the second text begins; returns the image."""
    from matplotlib.colors import PowerNorm

    image = axes.imshow(
        prob_LM, cmap=COLOURS, norm=PowerNorm(0.5, 0, 1), interpolation="none", aspect="auto"
    )
    axes.tick_params(length=0, pad=3)
    for spine in axes.spines.values():
        spine.set(color="#808080", linewidth=0.5)
    types = [token["type"] for token in tokens]
    if 1 in types:
        between = types.index(1) - 0.5
        for line in (axes.axhline, axes.axvline):
            line(between, color=SECOND, linewidth=line_width)
    return image


def _label(axis: Any, tokens: list[Token], font: float, rotation: int = 0) -> None:
    """Every token at an axis, as text and never as a formula."""
    axis.set_ticks(range(len(tokens)), [_shown(token["piece"]) for token in tokens])
    axis.set_tick_params(labelsize=font, labelrotation=rotation)
    _label_colours(axis, tokens)


def _label_colours(axis: Any, tokens: list[Token]) -> None:
    for tick, token in zip(axis.get_major_ticks(), tokens, strict=True):
        colour = SPECIAL if token["special"] else (FIRST, SECOND)[token["type"]]
        for label in (tick.label1, tick.label2):
            label.set(color=colour, parse_math=False)


def _write_numbers(axes: Any, prob_LM: Floats) -> None:
    for (row, column), prob in np.ndenumerate(prob_LM):
        colour = "white" if prob > 0.4 else "black"  # on the darker half of the colours
        text = "1" if prob == 1 else f"{prob:.2f}"[1:]
        colour = colour if prob >= 0.005 else "#909090"
        axes.text(column, row, text, ha="center", va="center", fontsize=9, color=colour)


def _help_the_eye(axes: Any, tokens: list[Token]) -> None:
    """Names on all sides, and a thin line behind every tenth row and column."""
    axes.tick_params(labeltop=True, labelright=True)
    for axis in (axes.xaxis, axes.yaxis):
        _label_colours(axis, tokens)
        axis.set_ticks(np.arange(9.5, len(tokens) - 1, 10), minor=True)
        axis.set_tick_params(which="minor", length=0)
    axes.grid(which="minor", color="#a0a0a0", linewidth=0.4)


def _title(figure: Any, explained: Explained, what: str, bottom: float) -> None:
    """At the left, `bottom` inches above the lower end of the maps."""
    model = f"{_shown(explained['model'], 60)}: " if explained["model"] else ""
    height = figure.get_figheight()
    figure.text(0, bottom / height, f"{model}{what}", fontsize=12, va="bottom", parse_math=False)


def _draw_scale(figure: Any, image: Any, left: float, top: float) -> None:
    """What the colours mean, from `left` inches on and down from `top`."""
    width, height = figure.get_size_inches()
    tall = min(top, 2.5)
    place = (left / width, (top - tall) / height, 0.14 / width, tall / height)
    bar = figure.colorbar(image, cax=figure.add_axes(place), ticks=[0, 0.05, 0.25, 0.5, 1])
    bar.ax.tick_params(labelsize=8, length=2)
    bar.outline.set(linewidth=0.5, edgecolor="#808080")
    bar.set_label("attention", fontsize=9)


def _list_tokens(figure: Any, tokens: list[Token], width: float, top: float) -> None:
    """All tokens with their numbers, in lines as long as the picture is wide."""
    entries = [f"{n}\u00a0{_shown(token['piece'])}" for n, token in enumerate(tokens)]
    lines = textwrap.wrap(
        "\u00a0\u00a0 ".join(entries),
        int(width * 72 / 4.6),
        break_long_words=False,
        break_on_hyphens=False,
    )
    height = figure.get_figheight()
    figure.text(
        0, top / height, "\n".join(lines), va="top", fontsize=8, linespacing=1.5, parse_math=False
    )


def _edges(figure: Any) -> tuple[float, float, float]:
    """The right, lower and upper edge of all that is drawn so far, in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    box = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    return float(box.x1), float(box.y0), float(box.y1)


def _every(length: int) -> int:
    """Between two numbers at an axis; at most six are there."""
    few = (step for step in (5, 10, 20, 25, 50, 100) if length / step <= 6)
    return next(few, 100 * math.ceil(length / 600))


def _shown(text: str, longest: int = LONGEST_LABEL) -> str:
    """Text that XML can hold and an axis has room for."""
    sound = in_pictures(text, in_one_line=True)
    return sound if len(sound) <= longest else f"{sound[: longest - 1]}…"
