"""A report's three forms: the same numbers in all of them, and a page that is safe and alone."""

import html
import json
import re
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from npdistil.parity.chart import chart
from npdistil.parity.compare import compare
from npdistil.parity.ours import Ours
from npdistil.parity.own_side import OwnSide
from npdistil.parity.report import Figures
from npdistil.parity.table import FIGURES, number, shown_figures
from tests.parity.test_compare import Port
from tests.tasks.folders import write_model, write_settings

HOSTILE = 'the <script>alert("1")</script> & c\x07'


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = write_model(tmp_path_factory.mktemp("forms") / "model")
    return Ours.from_pretrained(write_settings(folder))


@pytest.fixture(scope="module")
def failed(ours):
    """A report of a port with a mistake and other ids, of texts from a stranger."""
    hooks = [("layers.0.attention.scores", lambda x, _: x * 2)]
    settings = ours.tokenizer_settings._replace(do_lower_case=False)
    port = Port(replace(ours, hooks=hooks, tokenizer_settings=settings), name="<b>a port</b>")
    return compare(ours, port, [HOSTILE, "The c"], "weights/<i>")


def cells_of(page):
    """Of each activation the texts of the cells, row by row."""
    table = re.search(r"<th>activation</th>.*?</table>", page, re.DOTALL)[0]
    rows = re.findall(r"<tr[^>]*><th>(.*?)</th>(.*?)</tr>", table)
    return {name: re.findall(r"<td[^>]*>(.*?)</td>", rest) for name, rest in rows}


def test_the_three_forms_have_the_same_numbers(failed):
    """Catches a column under the head of another, and a number that is rounded otherwise."""
    table, page = failed.as_table(), cells_of(failed.as_html())
    told = {row["name"]: row for row in json.loads(failed.as_json())["activations"]}
    assert [*page] == [*told] == [row.name for row in failed.activations] and len(page) > 30
    for row in failed.activations:
        sides = (row.theirs, row.numpy32, row.numba32)
        for side, figures in zip(("theirs", "numpy32", "numba32"), sides, strict=True):
            assert told[row.name][side] == (figures and figures._asdict())
        shown = [[number(x) for x in shown_figures(side)] or [""] * 4 for side in sides]
        bound, mark = number(row.bound), "ok" if row.ok else "DIFFERS"
        assert page[row.name] == [*chain(*shown), bound, mark]
        assert (told[row.name]["bound"], told[row.name]["ok"]) == (row.bound, row.ok)
        (line,) = [line for line in table.split("\n") if line.startswith(f"{row.name} ")]
        beside = [cell for cell in (shown[1][0], shown[2][0]) if cell]
        assert line.split() == [row.name, *shown[0], *beside, bound, mark]


def test_figures_stand_under_their_heads():
    """Catches a mean under the head of another figure in every form alike."""
    shown = shown_figures(Figures(max_abs=4.0, mean_abs=3.0, ulp=2.0, cosine=0.75))
    assert dict(zip(FIGURES, shown, strict=True)) == {
        "max": 4.0,
        "mean": 3.0,
        "ULP": 2.0,
        "1 - cosine": 0.25,
    }


def test_the_verdict_is_the_same_everywhere(failed):
    """Catches a page that says something else than the exit code."""
    told = json.loads(failed.as_json())
    first = "layers.0.attention.scores"
    assert (told["passed"], told["first"]) == (False, "input_ids")
    for form in (failed.as_table(), html.unescape(failed.as_html())):
        assert f"first activation over its bound: {first} (" in form
        assert "FAILED" in form and "passed: everything" not in form


def test_a_difference_without_end_is_null_in_json(ours):
    """Catches a traceback where a report is wanted: JSON has no infinity, a cause may."""

    def without_ids(seen):
        return seen._replace(input_ids=None, token_type_ids=None)

    port = Port(replace(ours, max_length=4), without_ids)
    report = compare(ours, port, ["the unable c", "the c"])
    assert (report.cause.key, report.cause.before) == ("max_length", np.inf)
    told = json.loads(report.as_json())["cause"]
    assert (told["before"], told["after"]) == (None, report.cause.after)
    why = "shapes differ or values are not finite; computed as they seem to, the largest difference"
    for form in (report.as_table(), report.as_html()):
        assert f"{why} is 0" in form and not re.search(r"\binf\b", form)


def test_a_good_report_says_so(ours):
    """Catches a verdict that is always the same."""
    report = compare(ours, OwnSide(ours), ["the c"])
    assert report.as_table().endswith("\npassed: everything that was compared agrees")
    assert 'class="verdict passed"' in report.as_html() and "FAILED" not in report.as_html()
    assert json.loads(report.as_json())["passed"] is True
    assert "numba float32" not in report.as_table().partition("\nactivation")[2].split("\n")[0]


def test_text_of_strangers_is_shown_and_not_run(failed):
    """Catches markup in a text, a name or a folder that becomes part of the page."""
    page = failed.as_html()
    assert page.count("<script>") == 1 and "<script>alert" not in page
    assert "&lt;script&gt;alert(&quot;1&quot;)" in page
    assert "<b>" not in page and "<i>" not in page and "&lt;b&gt;a port" in page


def test_the_page_needs_no_network(failed):
    """Catches a font, a script or a style of somebody else's server."""
    page = failed.as_html()
    assert re.findall(r"(?:https?:)?//[a-z]", page) == []
    assert re.findall(r"<(?:img|iframe|object|embed)|@import|url\(", page) == []
    assert "default-src 'none'" in page and len(page) < 200_000


def test_the_picture_shows_where_it_begins(failed):
    """Catches a mark at another activation, and points that leave the picture."""
    page = failed.as_html()
    drawn = re.search(r'<svg class="chart" viewBox="0 0 960 300".*?</svg>', page, re.DOTALL)[0]
    assert re.findall(r'<text class="mark"[^>]*>(.*?)</text>', drawn) == [
        "layers.0.attention.scores"
    ]
    mark = float(re.search(r'<line class="mark" x1="([\d.]+)"', drawn)[1])
    circles = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="2.5"/>', drawn)
    points = np.array(circles, float)
    assert len(points) == len(failed.activations)
    assert points[:, 0].min() > 60 and points[:, 0].max() < 960
    assert points[:, 1].min() >= 12 and points[:, 1].max() <= 272
    # Before the mark everything is at the bottom, there it rises.
    assert points[points[:, 0] < mark - 1][:, 1].min() > points[points[:, 0] >= mark][0, 1]
    layers = re.findall(r">layer (\d+)<", drawn)
    assert layers == ["0", "1"]


@pytest.mark.parametrize("layers, shown", [(0, []), (12, "layer 11"), (24, "23"), (96, "92")])
def test_many_layers_have_room(layers, shown, ours):
    """Catches labels over each other, which nobody can read."""
    report = compare(ours, OwnSide(ours), ["c"])
    row = report.activations[0]
    rows = tuple(row._replace(name=f"layers.{n}.output") for n in range(layers)) or (row,)
    labels = re.findall(r'y="292">(.*?)<', chart(replace(report, activations=rows)))
    assert len(labels) <= 24 and labels[-1:] == [shown] * bool(shown)


def test_a_report_without_activations_has_no_picture(ours):
    """Catches the logarithm of nothing."""
    port = Port(ours, lambda seen: seen._replace(activations={}, embeddings=None))
    report = compare(ours, port, ["the c"])
    assert report.passed and "<figure>" not in report.as_html()
    assert FIGURES[0] not in report.as_table().split()
