"""The page is silent, asks for nothing, and text on it is text."""

from pathlib import Path

import pytest
from selenium.common.exceptions import NoAlertPresentException

from npdistil import TracedModel
from npdistil.explain.page import page_html
from npdistil.explain.record import explained
from tests.browser.conftest import NASTY, TEXTS
from tests.tasks.classification.folders import NLI, write_classifier
from tests.tasks.head_folders import write_masked_lm, write_token_classifier
from tools.screen import Screen, program

# Everything that can be pressed, once.
PRESS_ALL = """
const pressed = [...document.querySelectorAll("button, input, summary")];
for (const each of pressed) each.click();
return pressed.length;"""


def asked_elsewhere(screen: Screen, path: Path) -> list[str]:
    """What was asked for beside the page itself; data: is in the page."""
    own = path.as_uri()
    return [url for url in screen.asked_for() if url != own and not url.startswith("data:")]


@pytest.mark.parametrize("name", [*TEXTS])
def test_silent_and_alone(screen, page, name):
    """Catches an error of a script, a warning of the browser, and a request of any kind."""
    path, _ = page(name)
    screen.said(), screen.asked_for()
    screen.open(path)
    assert screen.run(PRESS_ALL) > 100
    screen.drawn()
    screen.resize(400)
    screen.drawn()
    assert screen.said() == []
    assert asked_elsewhere(screen, path) == []
    assert screen.run("return performance.getEntriesByType('resource').length") == 0


def test_the_check_can_fail(screen, tmp_path):
    """The same look at a page that asks for something, and at one with an error."""
    path = tmp_path / "chatty.html"
    path.write_text(
        "<img src='http://127.0.0.1:9/x.png'><script>throw Error('x')</script>", "utf-8"
    )
    screen.open(path)
    assert asked_elsewhere(screen, path) == ["http://127.0.0.1:9/x.png"]
    assert any("Error: x" in line for line in screen.said())


def test_nasty_text_does_nothing(screen, page):
    """Catches a tag of the text that became an element, or a script of it that ran."""
    path, found = page("nasty")
    screen.open(path)
    screen.point("#reading .token[data-place='3']")
    with pytest.raises(NoAlertPresentException):
        _ = screen.driver.switch_to.alert.text
    assert screen.run("return [document.scripts.length, document.images.length]") == [2, 0]
    given = screen.texts("#steps .characters")
    assert given[0] == NASTY and given.count(NASTY) == 2
    assert screen.texts("#reading .piece") == [token["piece"] for token in found["tokens"]]
    assert "<" in screen.texts("#reading .piece")


def test_without_scripts(screen, page):
    """Catches empty figures, and a page that says nothing, where scripts are switched off."""
    path, _ = page("pair")
    screen.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        screen.driver.get(path.as_uri())
        assert screen.find("noscript .note").is_displayed()
        assert screen.find("#plain").is_displayed() and "##" in screen.find("#plain").text
        for selector in (".bar", "#text", "#attention", "#layers"):
            assert not screen.find(selector).is_displayed()
    finally:
        screen.command("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize("kind", ["fill-mask", "text-classification", "token-classification"])
def test_what_heads_answer(screen, tmp_path, kind):
    """Catches answers that are not shown, or those of another token or layer."""
    folder = {
        "fill-mask": lambda: write_masked_lm(tmp_path),
        "text-classification": lambda: write_classifier(tmp_path, NLI),
        "token-classification": lambda: write_token_classifier(tmp_path),
    }[kind]()
    found = explained(TracedModel.from_pretrained(folder, kind), "the unable c", name="tiny")
    path = tmp_path / "page.html"
    path.write_text(page_html(found), "utf-8")
    screen.said()
    screen.open(path)
    screen.run("choose({token: 2})")
    screen.drawn()
    if kind == "fill-mask":
        wanted = [[one["label"] for one in state[2]] for state in found["lens"]]
        names = screen.texts("#lens tbody .name")
        assert names == [label for labels in wanted for label in labels] and len(wanted) > 2
    else:
        labels = found["head_scores"] or found["token_scores"][2]
        assert screen.texts("#scores .bar-name") == [one["label"] for one in labels]
        assert screen.texts("#scores .bar-value") == [f"{one['score']:.3f}" for one in labels]
    assert screen.find("a[href='#predictions']").is_displayed() and screen.said() == []


def test_a_cut_is_told(screen, tmp_path):
    """Catches an end that is missing without a word, and a model blamed for the page's size."""
    model = TracedModel.from_pretrained(write_masked_lm(tmp_path))
    found = explained(model, "the unable c c", max_length=5)
    path = tmp_path / "page.html"
    path.write_text(page_html(found), "utf-8")
    screen.open(path)
    assert found["ways"][0]["cut"] == 2
    assert screen.texts("#steps .note") == ["Left out here: 2 more, as this page shows 5 tokens."]


def test_a_missing_browser_is_said(monkeypatch):
    """Catches a suite that is green because it looked at nothing."""
    monkeypatch.setenv("NPDISTIL_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(FileNotFoundError, match="install Debian's chromium and chromium-driver"):
        program("NPDISTIL_CHROMIUM", ["chromium"])
