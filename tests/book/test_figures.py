"""What the book draws is what it was given."""

import re

import numpy as np
import pytest

from tests.book.pages import FIGURES


def test_texts_are_shown_and_not_obeyed():
    """Catches a token such as < that breaks the page, or does worse."""
    hostile = "<script>alert(1)</script>\"'&"
    drawn = FIGURES.text_way("<b>", {hostile: [(0, 3, hostile)]}, hostile)._repr_html_()
    drawn += FIGURES.bars([1.0], [hostile], hostile)._repr_html_()
    drawn += FIGURES.heatmap([[1.0]], [hostile], [hostile], hostile)._repr_html_()
    drawn += FIGURES.lines([0, 1], {hostile: [0, 1]}, hostile, hostile)._repr_html_()
    assert drawn.count("&lt;script&gt;") > 8 and "<script" not in drawn and "<b>" not in drawn


def test_maps_tell_large_from_small_and_above_from_below():
    """Catches rows drawn as columns, or a negative value that looks positive."""
    drawn = FIGURES.heatmap([[0.0, 2.0], [-2.0, 1.0]], "ab", "cd", "map", digits=1)._repr_html_()
    fills = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" .*? fill="(#\w+)"', drawn)
    places = sorted({float(y) for _, y, _ in fills}), sorted({float(x) for x, _, _ in fills})
    colours = {(float(y), float(x)): fill for x, y, fill in fills}
    assert [[colours[y, x] for x in places[1]] for y in places[0]] == [
        ["#ffffff", "#0072b2"],
        ["#d55e00", "#80b8d8"],
    ]
    assert re.findall(r">(-?\d\.\d)<", drawn) == ["0.0", "2.0", "-2.0", "1.0"]


def test_bars_are_as_long_as_their_values():
    """Catches bars that do not begin at zero."""
    drawn = FIGURES.bars([1.0, 2.0, -1.0], ["one", "two", "minus"], "bars")._repr_html_()
    shapes = re.findall(r'<rect x="([\d.]+)" .*? width="([\d.]+)"', drawn)
    (one, length), (two, longer), (minus, negative) = [(float(x), float(w)) for x, w in shapes]
    assert one == two == pytest.approx(minus + negative) and length == negative
    assert longer == pytest.approx(2 * length)


def test_curves_go_through_their_points_between_round_numbers():
    """Catches an axis that is upside down or has numbers that nobody can read off."""
    drawn = FIGURES.lines(np.arange(5), {"up": [0, 1, 2, 3, 10]}, "curve")._repr_html_()
    points = re.findall(r'points="([^"]+)"[^>]*stroke-width', drawn)[0].split()
    heights = [float(point.split(",")[1]) for point in points]
    assert len(points) == 5 and heights == sorted(heights, reverse=True)
    assert heights[0] - heights[1] == pytest.approx((heights[0] - heights[4]) / 10, abs=0.1)
    ticks = re.findall(r">(\d+)<", drawn)
    assert ticks == ["0", "2", "4", "6", "8", "10", "0", "1", "2", "3", "4"]
