"""Tasks by name: the class, its options, and what is refused."""

import sys
import types

import pytest

from npdistil import InputError, SentenceEncoder, pipeline
from npdistil.tasks.call_defaults import checked_defaults, with_defaults
from npdistil.tasks.pipeline import ALIASES, TASKS
from tests.tasks.folders import write_model, write_settings


class Echo:
    """A task that answers with what it was loaded and called with."""

    def __init__(self, folder, backend, num_threads, revision, **call_defaults) -> None:
        self.loaded = (folder, backend, num_threads, revision)
        self.call_defaults = checked_defaults(type(self), call_defaults)

    @classmethod
    def from_pretrained(cls, folder, backend="numba", num_threads=None, revision=None, **options):
        return cls(folder, backend, num_threads, revision, **options)

    @with_defaults
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
    assert found(["a b"]).tolist() == found.encode(["a b"]).tolist()
    short = pipeline(name, folder, backend="numpy", normalize_embeddings=True)
    assert short("a b").tolist() == found.encode("a b", normalize_embeddings=True).tolist()
    assert short.encode("a b").tolist() == found.encode("a b").tolist()


def test_options_of_loading_and_of_calls(echo):
    """Catches an option that is lost, one that a call cannot change again, and a partial object."""
    found = pipeline(echo, "folder", backend="numpy", revision="r", top_k=None, batch_tokens=9)
    assert found("x") == ("folder", "numpy", None, "r", "x", None, 9)
    assert found("x", top_k=3) == ("folder", "numpy", None, "r", "x", 3, 9)
    assert found("x", 4) == ("folder", "numpy", None, "r", "x", 4, 9)  # by its place, too
    assert found(inputs="x") == found("x")  # which changed no default
    assert type(found) is type(pipeline(echo, "folder"))


def test_an_unknown_option_is_named(echo):
    """Catches a misspelt option that changes nothing, or a TypeError of another function."""
    options = "backend, num_threads, revision, top_k, batch_tokens"
    with pytest.raises(InputError, match=rf"^tpk: no option of echo; it takes {options}\.$"):
        pipeline(echo, "folder", tpk=3)
    with pytest.raises(InputError, match=r"^tpk: no option of calls of .*Echo; it takes top_k, ba"):
        pipeline(echo, "folder")("x", tpk=3)
    with pytest.raises(InputError, match=r"^tpk: no option of .*Echo; it takes backend, num_th"):
        checked_defaults(Echo, {"tpk": 3})


@pytest.mark.parametrize(
    "option, advice",
    [
        ("topk", "write top_k"),
        ("sequences", "comes first, without a name"),
        ("padding", "never padded"),
        ("grouped_entities", 'write aggregation_strategy="simple"'),
        ("return_all_scores", "write top_k=None"),
        ("tokenizer", "comes with the tokenizer of its folder"),
    ],
)
def test_what_transformers_calls_otherwise(echo, option, advice):
    """Catches a TypeError, and a refusal that does not say what to write."""
    with pytest.raises(InputError, match=f"^{option}: no option of echo: .*{advice}"):
        pipeline(echo, "folder", **{option: True})
    with pytest.raises(InputError, match=f"^{option}: no option of calls of .*{advice}"):
        pipeline(echo, "folder")("x", **{option: True})


def test_an_option_of_both_is_named_once():
    """Catches top_k twice in the list of what there is."""
    for task in TASKS:
        with pytest.raises(InputError, match="it takes ") as failure:
            pipeline(task, "folder", no_such=1)
        names = str(failure.value).partition("it takes ")[2].rstrip(".").split(", ")
        assert len(names) == len({*names}) and {"backend", "revision", "batch_size"} <= {*names}


@pytest.mark.parametrize("device", ["cpu", -1, None])
def test_the_processor_is_the_device(echo, device):
    """Catches the usual argument of Transformers refused, or passed on to a class."""
    assert pipeline(echo, "folder", device=device)("x") == pipeline(echo, "folder")("x")
    assert checked_defaults(Echo, {"device": device, "top_k": 2}) == {"top_k": 2}


@pytest.mark.parametrize("device", ["cuda", 0, "cuda:1", "mps", True])
def test_other_devices_are_refused(echo, device):
    """Catches somebody who thinks that a GPU is used."""
    with pytest.raises(InputError, match=r'^device: this package runs on the CPU; expected "cpu"'):
        pipeline(echo, "folder", device=device)


def test_token_vectors_are_elsewhere():
    """Catches a bare list of names for a task that many look for."""
    with pytest.raises(InputError, match=r"'feature-extraction' is not built; .*token_embeddings"):
        pipeline("feature-extraction", "folder")


@pytest.mark.parametrize("task", ["translation", "", None, 7, ["ner"]])
def test_an_unknown_task_is_refused(task):
    """Catches KeyError."""
    with pytest.raises(InputError, match=r"task: expected one of .*sentence-similarity"):
        pipeline(task, "folder")


@pytest.mark.parametrize("model", [5, None, "", ["folder"]])
def test_what_is_no_model_is_named_as_it_was_passed(model):
    """Catches "folder", which is the name of another function's argument."""
    with pytest.raises(InputError, match=r"^model: expected a path, received"):
        pipeline("ner", model)


def test_every_entry_leads_to_a_class():
    """Catches a table that names a module or class that was moved, and a doubled alias."""
    for place, kind in TASKS.values():
        found = __import__(f"npdistil.tasks.{place}", fromlist=[kind])
        assert hasattr(getattr(found, kind), "from_pretrained")
    assert set(ALIASES).isdisjoint(TASKS)
