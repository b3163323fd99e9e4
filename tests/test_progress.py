"""Progress goes to standard error, when it should, with tqdm or without."""

import importlib.util
import io
import sys

import pytest

from npdistil.progress import progress


class Stream(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(params=["tqdm", "counter"])
def kind(request, monkeypatch) -> str:
    """With tqdm, and as if it were not installed."""
    honest = importlib.util.find_spec
    if request.param == "counter":
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == "tqdm" else honest(name)
        )
    else:
        assert honest("tqdm"), "tqdm comes with the test extra"
    return request.param


def shown(monkeypatch, show: bool | None, terminal: bool, steps: list[int], total: int) -> str:
    stream = Stream(terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    with progress(total, "texts", show) as bar:
        for step in steps:
            bar.update(step)
    return stream.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_shown_when_asked_for(monkeypatch, capsys, kind, terminal):
    """Catches a bar that asks the terminal although the caller said True."""
    text = shown(monkeypatch, True, terminal, [2, 3], 5)
    assert "5/5" in text and "texts" in text
    assert ("%" in text) == (kind == "tqdm")
    assert text.endswith("\n")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("show, terminal", [(False, True), (False, False), (None, False)])
def test_silent(monkeypatch, capsys, kind, show, terminal):
    """Catches one stray character in a log: an empty line, a carriage return."""
    assert shown(monkeypatch, show, terminal, [2, 3], 5) == ""
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_it_by_default(monkeypatch, kind):
    """Catches None read as False."""
    assert "4/4" in shown(monkeypatch, None, True, [4], 4)


def test_the_counter_counts(monkeypatch):
    """Catches a counter that shows the step instead of the sum, or a line for each step."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    text = shown(monkeypatch, True, False, [10, 25], 1000)
    assert text == "\r     10/1000 texts\r     35/1000 texts\n"


def test_nothing_to_do(monkeypatch, kind):
    """Catches a division by a total of zero."""
    assert shown(monkeypatch, False, True, [], 0) == ""
    shown(monkeypatch, True, True, [], 0)


@pytest.mark.parametrize("show", [None, True, False])
def test_without_standard_error(monkeypatch, kind, show):
    """Catches AttributeError in a process that has none, as pythonw or a daemon."""
    monkeypatch.setattr(sys, "stderr", None)
    with progress(3, "texts", show) as bar:
        bar.update(3)


def test_an_exception_comes_through(monkeypatch, kind):
    """Catches an __exit__ that swallows what happened inside."""
    monkeypatch.setattr(sys, "stderr", Stream(True))
    with pytest.raises(KeyboardInterrupt), progress(3, "texts", True) as bar:
        bar.update(1)
        raise KeyboardInterrupt
