"""What `likely_cause` makes of sides that show little, or what no model computes."""

from dataclasses import replace

import numpy as np
import pytest

from npdistil.params import DenseParams, LinearParams
from npdistil.parity.causes import likely_cause
from npdistil.parity.compare import compare
from npdistil.parity.npz_side import NpzSide
from npdistil.parity.ours import Ours
from tests.tasks.folders import write_dense, write_model, write_settings

TEXTS = ["the unable c", "a", "é, the A, É b!", "unable " * 9]


@pytest.fixture
def folder(tmp_path):
    return write_settings(write_model(tmp_path / "model"))


@pytest.fixture
def ours(folder):
    return Ours.from_pretrained(folder)


def only_vectors(theirs):
    return theirs._replace(input_ids=None, token_type_ids=None, activations={})


@pytest.mark.parametrize("shown", ["everything", "vectors"])
def test_a_setting_may_be_wrong_the_other_way(shown, ours):
    """Catches a hypothesis that only takes away: of a cased model, one that lowers is wrong."""
    text = ours.tokenizer_settings._replace(do_lower_case=False)
    cased = replace(ours, tokenizer_settings=text, normalize=False)
    keeps = replace(cased, tokenizer_settings=text._replace(strip_accents=True))
    for other, key, said in (
        (replace(cased, tokenizer_settings=ours.tokenizer_settings), "lower_case", "They lower"),
        (keeps, "strip_accents", "They strip"),
        (replace(cased, normalize=True), "normalize", "no Normalize module"),
        (replace(cased, max_length=7), "max_length", "at 7 tokens"),
        (replace(cased, config=replace(ours.config, hidden_act="relu")), "hidden_act", "is relu"),
    ):
        theirs = other.observe(TEXTS)
        theirs = theirs if shown == "everything" else only_vectors(theirs)
        cause = likely_cause(cased, TEXTS, theirs, "?")
        assert cause is not None and cause.key == key
        assert said in cause.sentence


def test_what_no_model_computes_has_no_cause(ours):
    """Catches NaN or another size taken for a perfect explanation, or a crash."""
    theirs = ours.observe(TEXTS)
    vectors_BE = theirs.embeddings
    rng = np.random.default_rng(1)
    for strange_BE in (
        np.full_like(vectors_BE, np.nan),
        np.full_like(vectors_BE, np.inf),
        vectors_BE[:, :-1],
        rng.standard_normal(vectors_BE.shape),
        np.zeros_like(vectors_BE),
    ):
        seen = only_vectors(theirs)._replace(embeddings=strange_BE)
        assert likely_cause(ours, TEXTS, seen, "sentence_embedding") is None
    last = theirs.activations["layers.1.output"]
    for strange_BLD in (last[:, :3], last[..., :5], last[0][None].repeat(4, 0), -last):
        seen = theirs._replace(activations={"layers.1.output": strange_BLD}, embeddings=None)
        assert likely_cause(ours, TEXTS, seen, "layers.1.output") is None


def test_wider_padding_than_ours_is_no_fault_and_hides_none(ours):
    """Catches padded places that are compared, and a mask whose width is taken from our side."""
    wide = replace(ours, mask_padding=False).observe([*TEXTS, "the " * 30])
    theirs = wide._replace(
        input_ids=None,
        token_type_ids=None,
        embeddings=None,
        activations={"layers.1.output": wide.activations["layers.1.output"][: len(TEXTS)]},
    )
    cause = likely_cause(ours, TEXTS, theirs, "layers.1.output")
    assert cause is not None and cause.key == "padding_mask"
    right = ours.observe([*TEXTS, "the " * 30]).activations["layers.1.output"][: len(TEXTS)]
    theirs = theirs._replace(activations={"layers.1.output": right})
    assert likely_cause(ours, TEXTS, theirs, "?") is None


def test_a_model_with_a_dense_module_and_a_prompt(folder, rng):
    """Catches hypotheses that leave out what stands behind the pooling, or before the text."""
    write_settings(folder, kinds=("Transformer", "Pooling", "Dense", "Normalize"))
    write_dense(folder / "2_Dense", rng, 12, 7)
    ours = replace(Ours.from_pretrained(folder), prompt="the ")
    for other, key in (
        (replace(ours, pooling=("cls",)), "first_token_pooling"),
        (replace(ours, normalize=False), "normalize"),
        (replace(ours, config=replace(ours.config, hidden_act="gelu_new")), "tanh_gelu"),
    ):
        theirs = only_vectors(other.observe(TEXTS))
        assert theirs.embeddings.shape == (4, 7)
        cause = likely_cause(ours, TEXTS, theirs, "sentence_embedding")
        assert cause is not None and cause.key == key


def test_a_side_that_shows_ids_alone(ours):
    """Catches a cause that is looked for in the model, where only texts were cut."""
    ids = [row[:6] for row in ours.tokens(TEXTS).input_ids]
    cut = [[*row[:5], ours.tokens(["a"]).input_ids[0][-1]] if len(row) == 6 else row for row in ids]
    theirs = ours.observe(TEXTS)._replace(activations={}, embeddings=None, input_ids=cut)
    cause = likely_cause(ours, TEXTS, theirs._replace(token_type_ids=None), "input_ids")
    assert cause is not None and (cause.key, cause.before, cause.after) == ("max_length", 1, 0)
    shuffled = [row[::-1] for row in ours.tokens(TEXTS).input_ids]
    assert likely_cause(ours, TEXTS, theirs._replace(input_ids=shuffled), "input_ids") is None


def test_arrays_of_several_batches(ours, monkeypatch):
    """Catches a cause that is looked for in the first batch alone, which may not show it."""
    monkeypatch.setattr("npdistil.parity.compare.BATCH_BYTES", 50_000)
    theirs = replace(ours, max_length=9).observe(["c", "b", *TEXTS])
    arrays = {"texts": np.array(["c", "b", *TEXTS]), "sentence_embedding": theirs.embeddings}
    report = compare(ours, NpzSide(arrays, "x.npz"), ["c", "b", *TEXTS])
    assert report.cause is not None and report.cause.key == "max_length"


def test_a_side_that_shows_logits_alone(tmp_path):
    """Catches a classifier, which has no embeddings, whose mistakes get no name."""
    ours = Ours.from_pretrained(write_model(tmp_path / "model"))
    rng = np.random.default_rng(3)
    layer = LinearParams(rng.standard_normal((3, 12)), rng.standard_normal(3))
    ours = replace(ours, head=(DenseParams(layer, "identity"),), on_pooler=True)
    tanh = replace(ours, config=replace(ours.config, hidden_act="gelu_new"))
    theirs = only_vectors(tanh.observe(TEXTS))._replace(embeddings=None)
    assert theirs.scores.shape == (4, 3)
    cause = likely_cause(ours, TEXTS, theirs, "head.logits")
    assert cause is not None and cause.key == "tanh_gelu"
