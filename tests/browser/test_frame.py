"""What a browser makes of the page in a notebook's frame, and of pictures."""

import pytest

from npdistil.explain.notebook import Page
from npdistil.explain.plots import drawn, grid_figure, head_figure
from tests.browser.test_alone import PRESS_ALL, asked_elsewhere

NOTEBOOK = """<!doctype html><meta charset="utf-8"><title>notebook</title>
<style>* {{ color: rgb(1, 2, 3); }} h1 {{ font-size: 5px; }}</style>
<h1 id="own">A notebook</h1><script>window.secret = 1;</script>
{output}
"""
# Texts that reach out of the picture, or of which one lies on another.
MISPLACED = """
const rects = [...document.querySelectorAll("text")]
  .map((e) => [e.textContent, e.getBoundingClientRect()]);
const whole = document.documentElement.getBoundingClientRect();
const outside = rects.filter(([, r]) => r.left < whole.left || r.right > whole.right + 1
  || r.top < whole.top || r.bottom > whole.bottom + 1).map(([text]) => text);
const overlapping = [];
for (let i = 0; i < rects.length; i += 1) {
  for (let j = 0; j < i; j += 1) {
    const [a, b] = [rects[i][1], rects[j][1]];
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 1) overlapping.push(`${rects[i][0]} on ${rects[j][0]}`);
  }
}
return [rects.length, Math.min(...rects.map(([, r]) => Math.min(r.width, r.height))), outside,
  overlapping];"""


def test_a_page_in_a_notebook(screen, page, tmp_path):
    """Catches scripts that the frame forbids, styles that leak in or out, and a request."""
    _, found = page("pair")
    path = tmp_path / "notebook.html"
    path.write_text(NOTEBOOK.format(output=Page(found)._repr_html_()), "utf-8")
    screen.said(), screen.asked_for()
    screen.open(path)
    frame = screen.find("iframe")
    assert frame.size["height"] == 720 and frame.size["width"] > 1000
    screen.driver.switch_to.frame(frame)
    try:
        pieces = screen.texts("#reading .piece")
        colour = screen.run("return getComputedStyle(document.querySelector('h1')).color")
        assert screen.run("return typeof window.secret") == "undefined"
        assert screen.run(PRESS_ALL) > 100
        screen.drawn()
    finally:
        screen.driver.switch_to.default_content()
    assert pieces == [token["piece"] for token in found["tokens"]]
    assert colour != "rgb(1, 2, 3)"
    own = "return getComputedStyle(document.getElementById('own'))"
    assert screen.run(f"{own}.fontSize") == "5px" and screen.run(f"{own}.color") == "rgb(1, 2, 3)"
    assert screen.said() == []
    assert [url for url in asked_elsewhere(screen, path) if url != "about:srcdoc"] == []


@pytest.mark.parametrize("name", ["short", "long"])
def test_pictures_can_be_read(screen, page, tmp_path, name):
    """Catches names that are cut off, that lie on each other, or that nobody can read."""
    _, found = page(name)
    tokens = len(found["tokens"])
    for kind, figure in (("head", head_figure(found, 0, 0)), ("grid", grid_figure(found))):
        path = tmp_path / f"{kind}.svg"
        path.write_bytes(drawn(figure, "svg"))
        screen.said()
        screen.open(path)
        count, smallest, outside, overlapping = screen.run(MISPLACED)
        assert count > (2 * tokens if kind == "head" else 18)
        assert (outside, overlapping) == ([], []), kind
        assert smallest >= 3  # a full stop
        assert screen.said() == []


def test_the_look_at_pictures_can_fail(screen, tmp_path):
    """The same look at a picture with two such faults."""
    path = tmp_path / "bad.svg"
    texts = "".join(
        f'<text x="{x}" y="50">{text}</text>' for x, text in [(9, "on"), (11, "of"), (95, "out")]
    )
    svg = "http://www.w3.org/2000/svg"
    path.write_text(f'<svg xmlns="{svg}" width="100" height="99">{texts}</svg>', "utf-8")
    screen.open(path)
    _, _, outside, overlapping = screen.run(MISPLACED)
    assert (outside, overlapping) == (["out"], ["of on on"])
