"""The page can be read: no label over another, nothing too wide, enough contrast."""

from itertools import pairwise

import pytest

SINGLE = [  # kinds of labels that stand side by side
    "#steps .cut",
    "#head-grid span",
    "#reading .token",
    ".column.from .token",
    ".column.to .token",
    ".columns .label",
    ".rows .label",
    ".terms .term",
    ".strip .feature",
    ".chart .tick",
    ".heats th, .heats td",
    ".bars li",
    "#similarity figcaption",
    ".toc li, .choices label",
    ".filters > *",
]
SIZES = [("short", 1280), ("short", 400), ("long", 1280), ("long", 400), ("pair", 400)]
LEAST = 10  # pixels of the smallest letters
CONTRAST = 4.5  # WCAG 2, level AA


@pytest.mark.parametrize("name, width", SIZES)
def test_nothing_lies_over_another_or_sticks_out(screen, page, name, width):
    """Catches labels over each other, letters cut off, and a page to be pushed sideways."""
    path, found = page(name)
    screen.open(path, width)
    count = len(found["tokens"])
    least = {"#reading .token": count, "#steps .cut": 2 * count - 3, ".strip .feature": 32}
    in_view = {"lines": {".column.to .token": count}, "matrix": {".columns .label": count}}
    for view in ("both", *in_view):
        screen.run("document.querySelector(`[name=view][value=${arguments[0]}]`).click()", view)
        screen.drawn()
        for labels in SINGLE:
            over, boxes = screen.measure("overlapping", labels)
            assert over == [], labels
            assert boxes >= {**least, **in_view.get(view, {})}.get(labels, 0), labels
            assert screen.measure("cramped", labels, LEAST) == []
        assert screen.measure("tooWide") == [0, []]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["short", "long", "pair"])
def test_every_text_stands_out(screen, page, name, theme):
    """Catches grey on grey, and dark letters on a dark cell, in either theme, pinned or not."""
    path, found = page(name)
    screen.open(path, theme=theme)
    for pin in (None, len(found["tokens"]) // 2):
        if pin is not None:
            screen.click(f".column.to .token[data-place='{pin}']")
        texts, count = screen.measure("faint", CONTRAST)
        assert texts == [] and count > 100
    ground = screen.measure("channelsOf", screen.run("return property('--ground')"))
    assert (sum(ground[:3]) < 300) == (theme == "dark")


def test_the_scale_runs_one_way(screen, page):
    """Catches a scale whose order cannot be told by lightness alone."""
    for theme, falls in (("light", True), ("dark", False)):
        screen.open(page("short")[0], theme=theme)
        lights = screen.run(
            "return makeScales().share.filter((_, byte) => byte % 5 === 0).map(luminance);"
        )
        steps = [b - a for a, b in pairwise(lights)]
        assert all(step < 0 if falls else step > 0 for step in steps)
        assert (max(lights) + 0.05) / (min(lights) + 0.05) > 7


def test_each_check_can_fail(screen, page):
    """A measurement that never finds anything guards nothing."""
    screen.open(page("short")[0])
    screen.run("""
        const style = document.createElement("style");
        style.textContent = `.columns .label { width: 60px; } .term { font-size: 9px; }
            .lead { width: 2000px; max-width: none; color: #999999; background: #ffffff; }`;
        document.head.append(style);""")
    assert screen.measure("overlapping", ".columns .label")[0]
    assert screen.measure("cramped", ".terms .term", LEAST)
    wide, out = screen.measure("tooWide")
    assert wide > 500 and any("lead" in node for node in out)
    assert any("lead" in text for text in screen.measure("faint", CONTRAST)[0])
