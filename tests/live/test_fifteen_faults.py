"""Each of fifteen mistakes in a port of Transformers is named, and no other one in its place."""

from itertools import pairwise
from typing import NamedTuple

import pytest

from npdistil.parity.causes import likely_cause
from npdistil.parity.compare import compare
from npdistil.parity.ours import Ours
from npdistil.parity.side import Observed
from tests.live import faulty_ports
from tests.live.faulty_ports import FAULTS, UNKNOWN, Port, write_small

TEXTS = [
    "Hi",
    "Lazy dogs.",
    "Café Müller",
    "The quick brown fox jumps over the lazy dog, and then?",  # more than 24 tokens
]
# Eight times, more than 128 tokens.
LONG = "A volcano may tremble for days before it erupts, and the people who live there listen. "
OF_SENTENCES = ("lower_case", "strip_accents", "max_length", "first_token_pooling", "normalize")
OF_ENCODERS = [key for key in FAULTS if key not in OF_SENTENCES]
# What a side shows, where it does not show everything.
SHOWN = {
    "everything": lambda theirs: theirs,
    "embeddings": lambda theirs: theirs._replace(
        input_ids=None, token_type_ids=None, activations={}
    ),
    "last state": lambda theirs: theirs._replace(
        activations={"layers.2.output": theirs.activations["layers.2.output"]}, embeddings=None
    ),
}
DTYPES = {"bert": "float32", "distilbert": "float64"}


class Model(NamedTuple):
    folder: str
    ours: Ours
    dtype: str

    def observe(self, *faults, texts=TEXTS) -> Observed:
        return self.port(*faults).side().observe(texts)

    def port(self, *faults) -> Port:
        exact = faulty_ports.another_eps in faults  # float32 cannot show it
        dtype = "float64" if exact else self.dtype
        return Port(self.folder, dtype, self.ours.max_length, *faults)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Model]:
    found = {}
    for family, dtype in DTYPES.items():
        folder = write_small(tmp_path_factory.mktemp(family), family)
        found[family] = Model(folder, Ours.from_pretrained(folder), dtype)
    return found


def expect(cause, key):
    """The right name at the right place, and hardly anything left of the difference."""
    assert cause is not None
    assert (cause.key, cause.where) == (key, FAULTS[key].tensor or FAULTS[key].first)
    assert cause.after <= cause.before / 5
    assert cause.sentence.endswith(".")


@pytest.mark.parametrize("key", FAULTS)
@pytest.mark.parametrize("family", DTYPES)
def test_each_is_named_of_a_port_that_shows_everything(family, key, models):
    """Catches a name by symptom, another layer than the first, and a family without its own."""
    model = models[family]
    if key == "token_types" and family == "distilbert":
        assert model.ours.params.embeddings.token_type_GD is None
        return
    report = compare(model.ours, model.port(FAULTS[key].inject).side(), TEXTS)
    assert report.first == FAULTS[key].first
    assert not report.passed
    expect(report.cause, key)
    assert f"likely cause: {key}, at " in report.as_table()


@pytest.mark.parametrize("key", FAULTS)
def test_each_is_named_from_embeddings_alone(key, models):
    """Catches a cause that is read off activations or ids instead of computed."""
    model = models["bert"]
    theirs = SHOWN["embeddings"](model.observe(FAULTS[key].inject))
    expect(likely_cause(model.ours, TEXTS, theirs, "sentence_embedding"), key)


@pytest.mark.parametrize("key", OF_ENCODERS)
def test_each_of_an_encoder_is_named_from_its_ids_and_last_state(key, models):
    """Catches the same for ONNX files, whose only output is the last state."""
    model = models["bert"]
    theirs = SHOWN["last state"](model.observe(FAULTS[key].inject))
    expect(likely_cause(model.ours, TEXTS, theirs, "layers.2.output"), key)


@pytest.mark.parametrize("key", OF_SENTENCES)
def test_those_around_the_encoder_are_named_of_a_real_model(key, minilm_folder):
    """Catches what holds for small vocabularies, lengths and random weights alone."""
    ours = Ours.from_pretrained(minilm_folder)
    texts = ["Rome", "Café in São Paulo", LONG * (8 if key == "max_length" else 1)]
    theirs = Model(minilm_folder, ours, "float32").observe(FAULTS[key].inject, texts=texts)
    expect(likely_cause(ours, texts, SHOWN["embeddings"](theirs), "?"), key)


def test_a_faultless_port_has_no_cause(models):
    """Catches a report that always knows somebody to blame."""
    for model in models.values():
        report = compare(model.ours, model.port().side(), TEXTS)
        assert report.passed and report.cause is None, report.as_table()
        assert likely_cause(model.ours, TEXTS, model.observe(), report.first) is None
        assert likely_cause(model.ours, TEXTS, model.observe(), "looked for, and not there") is None


@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("fault", UNKNOWN)
def test_a_mistake_of_no_known_kind_gets_no_name(fault, shown, models):
    """Catches the nearest hypothesis given out as the cause."""
    model = models["bert"]
    theirs = SHOWN[shown](model.observe(fault))
    assert likely_cause(model.ours, TEXTS, theirs, "?") is None


@pytest.mark.parametrize("shown", ["everything", "embeddings"])
@pytest.mark.parametrize("keys", [*pairwise(FAULTS)], ids="-".join)
def test_of_two_mistakes_the_first_is_named_or_none(keys, shown, models):
    """Catches a third name where two mistakes are at work, and the second for the first."""
    model = models["bert"]
    theirs = SHOWN[shown](model.observe(*(FAULTS[key].inject for key in keys)))
    cause = likely_cause(model.ours, TEXTS, theirs, "?")
    assert cause is None or cause.key == keys[0]
    if shown == "everything" and _stage(FAULTS[keys[0]].first) != _stage(FAULTS[keys[1]].first):
        assert cause is not None, "the second begins where the first was seen whole"


def _stage(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[1:3]) if parts[0] == "layers" else parts[0]
