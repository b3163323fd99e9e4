"""Two sides beside each other: every difference is found, named and measured."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from npdistil import InputError
from npdistil.parity import compare as compare_module
from npdistil.parity.bounds import TIMES, bound
from npdistil.parity.compare import compare
from npdistil.parity.differences import Difference
from npdistil.parity.ours import Ours
from npdistil.parity.own_side import OwnSide
from npdistil.parity.side import Observed
from tests.tasks.folders import write_model, write_settings

TEXTS = ["the Unable c", "É, a b!", "a"]
KINDS = ("Transformer", "Pooling", "Normalize")
EXACT = 1e-12


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = write_model(tmp_path_factory.mktemp("compare") / "model")
    return Ours.from_pretrained(write_settings(folder, kinds=KINDS))


@dataclass(frozen=True)
class Port:
    """Another implementation: ours, with changes to itself and to what it shows."""

    model: Ours
    change: object = None
    dtype: str = "float64"
    name: str = "a port"

    def observe(self, texts):
        seen = self.model.observe(texts, self.dtype)
        return self.change(seen) if self.change else seen


def row_of(report, name):
    (found,) = [row for row in report.activations if row.name == name]
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_implementation_passes(ours, dtype):
    """Catches a comparison that cannot pass, or that leaves activations out."""
    report = compare(ours, Port(ours, dtype=dtype), TEXTS)
    assert report.passed and report.first is None
    assert len(report.activations) == len(ours.observe(TEXTS).activations) + 1
    assert [row.ok for row in report.ids] == [True] * 3
    assert {row.ok for row in report.settings} == {True, None}
    if dtype == "float64":
        assert {row.theirs.max_abs for row in report.activations} == {0.0}
    else:
        assert row_of(report, "layers.1.output").theirs.max_abs > EXACT
        same = [row for row in report.activations if row.theirs == row.numpy32]
        assert len(same) == len(report.activations)


def test_our_kernels_beside_our_reference(ours):
    """Catches a verdict that is about the reference alone, and a column that is there twice."""
    report = compare(ours, OwnSide(ours), TEXTS)
    assert report.passed and len(report.activations) == 1 + 2 * 2 + 1 + 1
    assert all(row.numba32 is None and row.theirs.max_abs > EXACT for row in report.activations)


@pytest.mark.parametrize(
    "wanted",
    ["embeddings", "layers.0.attention.scores", "layers.1.feed_forward.norm.rstd", "pooler"],
)
def test_the_first_activation_that_differs_is_named(ours, wanted):
    """Catches an order that is not that of computation, and a bound that lets a mistake pass."""
    moved = replace(ours, hooks=[(wanted, lambda x, _: x * (1 + 1e-9))])
    report = compare(ours, Port(moved), TEXTS)
    assert (report.passed, report.first) == (False, wanted)
    row = row_of(report, wanted)
    assert row.theirs.max_abs > row.bound and not row.ok


def test_figures_are_of_the_worst_place(ours):
    """Catches figures that are averaged away, and padding that is counted."""

    def change(seen):
        activations = dict(seen.activations)
        moved = (
            activations["layers.1.output"] + np.eye(12)[3] * np.array([0, 0.5, 0])[:, None, None]
        )
        moved[2, 5:] = 1e9  # masked: nobody looks
        return seen._replace(activations=activations | {"layers.1.output": moved})

    report = compare(ours, Port(ours, change), TEXTS)
    row, lengths = row_of(report, "layers.1.output"), [row.ours for row in report.ids]
    assert row.theirs.max_abs == pytest.approx(0.5, abs=EXACT)
    share = lengths[1] / sum(lengths) / 12
    assert row.theirs.mean_abs == pytest.approx(0.5 * share, abs=EXACT)
    exact = ours.observe(TEXTS).activations["layers.1.output"]
    largest = abs(exact).max()
    assert row.theirs.ulp == pytest.approx(0.5 / np.spacing(largest))
    one = exact[1][: lengths[1]].ravel()
    other = (exact[1][: lengths[1]] + np.eye(12)[3] * 0.5).ravel()
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert row.theirs.cosine == pytest.approx(cosine, abs=EXACT) and cosine < 0.9999


def test_other_ids_are_one_finding(ours):
    """Catches a tokenizer that makes every activation look wrong, and a place off by one."""
    settings = ours.tokenizer_settings._replace(do_lower_case=False)
    report = compare(ours, Port(replace(ours, tokenizer_settings=settings)), TEXTS)
    assert report.first == "input_ids" and all(row.ok for row in report.activations)
    assert "so activations were compared on the other side's ids" in report.as_table()
    assert [row.ok for row in report.ids] == [False, False, True]
    row = report.ids[0]
    assert (row.place, row.our_piece, row.their_piece) == (2, "un", "[UNK]")
    assert [row.name for row in report.settings if row.ok is False] == [
        "do_lower_case",
        "strip_accents",
    ]


def test_another_length_and_types(ours):
    """Catches the shorter of two texts whose tokens agree as far as they go, and types."""
    report = compare(ours, Port(replace(ours, max_length=4)), TEXTS)
    row = report.ids[0]
    assert (row.ours, row.theirs, row.place) == (6, 4, 3)
    assert (row.our_piece, row.their_piece) == ("##able", "[SEP]")

    def typed(seen):
        types = [[*[0] * (len(row) - 1), 1] for row in seen.input_ids]
        return seen._replace(token_type_ids=types)

    report = compare(ours, Port(ours, typed), TEXTS)
    row = report.ids[2]
    assert (row.place, row.our_piece, row.their_piece) == (2, "[SEP] (type 0)", "[SEP] (type 1)")
    # On these types ours computes, too, and what the port shows is not what they give.
    assert row_of(report, "embeddings").theirs.max_abs > 0.01


def test_the_likely_cause_is_found_in_whichever_batch(ours, monkeypatch):
    """Catches a cause that is looked for in the first batch alone, or that is not told."""
    wrong = replace(ours, config=replace(ours.config, hidden_act="gelu_new"))
    assert compare(ours, Port(ours), TEXTS).cause is None
    for size in (1 << 30, 10):
        monkeypatch.setattr(compare_module, "BATCH_BYTES", size)
        report = compare(ours, Port(wrong), TEXTS)
        assert report.cause.key == "tanh_gelu"
        assert report.cause.after < report.cause.before / 1e6
        assert f"likely cause: tanh_gelu, at {report.first}. Their" in report.as_table()
        assert json.loads(report.as_json())["cause"]["key"] == "tanh_gelu"
        assert "tanh_gelu" in report.as_html()


def test_a_mistake_that_nobody_knows(ours):
    """Catches a cause that is made up."""
    moved = replace(ours, hooks=[("layers.0.attention.context", lambda x, _: x + 0.01 * x**2)])
    report = compare(ours, Port(moved), TEXTS)
    assert report.first == "layers.0.attention.context" and report.cause is None
    assert "none that is known makes npdistil compute the same" in report.as_table()


def test_settings_alone_can_fail(ours, monkeypatch):
    """Catches a longest text that no text of the run shows, and a search for its cause."""
    monkeypatch.setattr(compare_module, "likely_cause", None)
    report = compare(ours, Port(replace(ours, max_length=30)), TEXTS)
    assert report.first == "settings.max_length" and not report.passed
    assert all(row.ok for row in [*report.ids, *report.activations])


def test_ids_that_our_model_has_no_rows_for(ours):
    """Catches an index error, where a report is wanted."""

    def change(seen):
        return seen._replace(input_ids=[[*row[:-1], 1000] for row in seen.input_ids])

    report = compare(ours, Port(ours, change), TEXTS)
    assert report.first == "input_ids" and report.ids[0].their_piece == "id 1000"
    assert row_of(report, "embeddings").ok
    assert "so activations are of different ids" in report.as_table()

    def alone(seen):
        return change(seen)._replace(activations={}, embeddings=None)

    lines = compare(ours, Port(ours, alone), TEXTS).as_table().split("\n")
    assert "first that differs: input_ids" in lines


@pytest.mark.parametrize(
    "value, problem",
    [
        (lambda x: x[:, :-1], "shape"),
        (lambda x: x[..., 0], "shape"),
        (lambda x: x[:, 0, 0], "shape"),
        (lambda x: np.concatenate([x, x], axis=2), "shape"),
        (lambda x: x * np.nan, "no finite numbers"),
    ],
)
def test_what_cannot_be_compared_fails(ours, value, problem):
    """Catches a NaN that is no larger than any bound, and a shape that is stretched."""

    def change(seen):
        changed = {"embeddings": value(seen.activations["embeddings"])}
        return seen._replace(activations=seen.activations | changed)

    with np.errstate(invalid="ignore"):
        report = compare(ours, Port(ours, change), TEXTS)
    row = row_of(report, "embeddings")
    assert not row.ok and row.theirs is None and problem in row.problem
    assert report.first == "embeddings" and problem in report.as_table()
    assert json.loads(report.as_json())["activations"][2]["theirs"] is None


def test_a_layer_that_we_do_not_have(ours):
    """Catches a model with more layers that passes because ours has fewer."""

    def change(seen):
        more = {"layers.2.output": seen.activations["layers.1.output"]}
        return seen._replace(activations=more)

    report = compare(ours, Port(ours, change), TEXTS)
    assert report.first == "layers.2.output"
    assert report.activations[0].problem == "ours has none of this name: its num_hidden_layers is 2"


def test_a_coarser_type_may_differ_by_more(ours):
    """Catches float32 results that were saved as float64, held to float64's bound."""

    def wide(seen):
        wider = {name: value.astype(np.float64) for name, value in seen.activations.items()}
        return seen._replace(activations=wider, embeddings=seen.embeddings.astype(np.float64))

    assert compare(ours, Port(ours, wide, "float32"), TEXTS).passed

    def silent(seen):
        return wide(seen)._replace(settings={})

    assert not compare(ours, Port(ours, silent, "float32"), TEXTS).passed


def test_many_texts_are_computed_in_batches(ours, monkeypatch):
    """Catches figures of the last batch alone, and numbers of texts that begin anew."""
    monkeypatch.setattr(compare_module, "BATCH_BYTES", 50_000)
    asked = []

    def change(seen):
        asked.append(len(seen.input_ids))
        if len(asked) == 1:
            return seen._replace(embeddings=seen.embeddings + 1e-3)
        return seen

    report = compare(ours, Port(ours, change), [*TEXTS, *TEXTS])
    assert asked == [2, 2, 2] * 2  # once more for the cause, which is none here
    assert [row.number for row in report.ids] == [*range(6)]
    assert row_of(report, "sentence_embedding").theirs.max_abs == pytest.approx(1e-3)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda seen: Observed({}, None, None, {}, None, None), "shows nothing"),
        (lambda seen: seen._replace(input_ids=seen.input_ids[:1]), "input_ids of 1 texts, for 3"),
        (
            lambda seen: seen._replace(embeddings=seen.embeddings[:2]),
            "sentence_embedding of 2 texts, for 3",
        ),
        (
            lambda seen: seen._replace(activations={"pooler": np.float64(1)}),
            "pooler of 0 texts, for 3",
        ),
    ],
)
def test_a_side_that_cannot_be_compared(ours, change, message):
    """Catches a verdict over nothing, which would pass."""
    with pytest.raises(InputError, match=message):
        compare(ours, Port(ours, change), TEXTS)


def test_bounds_follow_the_float_type():
    """Catches a bound of float32 for float64, where an eps can be seen, and one of zero."""
    assert bound(1e-6, 1.0, np.float32) == TIMES * 1e-6
    assert bound(0.0, 1.0, np.float32) > 1e-7
    assert bound(1e-6, 1.0, np.float64) == pytest.approx(TIMES * 1e-6 * 2.0**-29)
    assert bound(1e-6, 1.0, np.float16) > 0.1


def test_differences_of_maps_are_taken_where_tokens_meet():
    """Catches padded rows of attention, which other implementations fill with anything."""
    ours, theirs = np.zeros((1, 2, 3, 3)), np.ones((1, 2, 3, 3))
    theirs[:, :, :2, :2] = 0.25
    found = Difference()
    found.add(ours, theirs, [2])
    assert (found.max_abs, found.mean_abs) == (0.25, 0.25)
