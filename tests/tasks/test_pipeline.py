"""Tasks by name: the class, its options, and what is refused."""

import functools
import sys
import types

import pytest

from npdistil import InputError, SentenceEncoder, pipeline
from npdistil.tasks.pipeline import ALIASES, TASKS
from tests.tasks.folders import write_model, write_settings


class Echo:
    """A task that answers with what it was loaded and called with."""

    def __init__(self, loaded: tuple) -> None:
        self.loaded = loaded

    @classmethod
    def from_pretrained(cls, folder, backend="numba", num_threads=None, revision=None):
        return cls((folder, backend, num_threads, revision))

    def __call__(self, inputs, top_k=1, *, batch_tokens=16_384):
        return (*self.loaded, inputs, top_k, batch_tokens)


class QuietEcho(Echo):
    """One that inherits its call."""


@pytest.fixture(params=[Echo, QuietEcho])
def echo(request, monkeypatch) -> str:
    """The name of a task that Echo does."""
    place = types.ModuleType("npdistil.tasks.echo")
    place.Echo = request.param
    monkeypatch.setitem(sys.modules, "npdistil.tasks.echo", place)
    monkeypatch.setitem(TASKS, "echo", ("echo", "Echo"))
    return "echo"


@pytest.mark.parametrize("name", ["sentence-similarity", "sentence-embedding"])
def test_a_name_and_an_alias_give_the_class(tmp_path, name):
    """Catches an alias that leads nowhere."""
    folder = write_settings(write_model(tmp_path))
    found = pipeline(name, folder, backend="numpy")
    assert type(found) is SentenceEncoder
    assert found.encode("a b").shape == (12,)


def test_options_of_loading_and_of_calls(echo):
    """Catches an option that is lost, and one that a call cannot change again."""
    assert type(pipeline(echo, "folder")) is not functools.partial
    found = pipeline(echo, "folder", backend="numpy", revision="r", top_k=None, batch_tokens=9)
    assert found("x") == ("folder", "numpy", None, "r", "x", None, 9)
    assert found("x", top_k=3) == ("folder", "numpy", None, "r", "x", 3, 9)


def test_an_unknown_option_is_named(echo):
    """Catches a misspelt option that changes nothing, or a TypeError of another function."""
    with pytest.raises(InputError, match=r"^topk: no option of echo; it takes backend, num_thr"):
        pipeline(echo, "folder", topk=3)


@pytest.mark.parametrize("task", ["translation", "", None, 7, ["ner"]])
def test_an_unknown_task_is_refused(task):
    """Catches KeyError."""
    with pytest.raises(InputError, match=r"task: expected one of .*sentence-similarity"):
        pipeline(task, "folder")


def test_every_entry_leads_to_a_class():
    """Catches a table that names a module or class that was moved, and a doubled alias."""
    for place, kind in TASKS.values():
        found = __import__(f"npdistil.tasks.{place}", fromlist=[kind])
        assert hasattr(getattr(found, kind), "from_pretrained")
    assert set(ALIASES).isdisjoint(TASKS)
