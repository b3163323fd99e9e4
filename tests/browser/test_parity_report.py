"""The page of a parity report in a real browser: silent, alone, and to be read in both themes."""

from dataclasses import replace

import pytest

from npdistil.parity.compare import compare
from npdistil.parity.ours import Ours
from tests.browser.conftest import NASTY
from tests.browser.test_alone import asked_elsewhere
from tests.browser.test_readable import CONTRAST
from tests.parity.test_compare import Port
from tests.tasks.folders import write_model, write_settings

LEAST = 9  # pixels of the smallest letters


@pytest.fixture(scope="module")
def report_page(tmp_path_factory):
    """A port with a mistake, other ids, and texts from a stranger."""
    folder = tmp_path_factory.mktemp("report")
    ours = Ours.from_pretrained(write_settings(write_model(folder / "model")))
    hooks = [("layers.1.attention.context", lambda x, _: x * 1.01)]
    settings = ours.tokenizer_settings._replace(do_lower_case=False)
    port = Port(replace(ours, hooks=hooks, tokenizer_settings=settings), name=NASTY)
    path = folder / "report.html"
    path.write_text(compare(ours, port, [NASTY, "The c"], NASTY).as_html(), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_can_be_read(screen, report_page, theme, width):
    """Catches letters over each other, cut off or too pale, and a page to be pushed sideways."""
    screen.said(), screen.asked_for()
    screen.open(report_page, width, theme=theme)
    for labels, least in ((".chart text", 12), ("td, th", 400), (".key li", 4)):
        over, boxes = screen.measure("overlapping", labels)
        assert over == [] and boxes >= least, labels
        assert screen.measure("cramped", labels, LEAST) == []
    assert screen.measure("tooWide") == [0, []]
    texts, count = screen.measure("faint", CONTRAST)
    assert texts == [] and count > 100
    screen.click("#theme")
    assert screen.said() == [] and asked_elsewhere(screen, report_page) == []


def test_text_of_strangers_does_nothing(screen, report_page):
    """Catches a tag of a text, of a name or of a folder that became an element."""
    screen.open(report_page)
    assert screen.run("return document.querySelectorAll('script, img').length") == 1
    assert NASTY in screen.texts("h1")[0] and NASTY in screen.texts("td.text")
