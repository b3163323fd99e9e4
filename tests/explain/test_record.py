"""`explained`: what the page shows is what the model computed."""

import json

import numpy as np
import pytest

from npdistil import InputError, TracedModel
from npdistil.explain.record import explained
from npdistil.trace.attention import attention_rollout, head_entropy
from tests.explain.models import array_of, sizes, traced_model
from tests.models import TINY
from tests.trace.traced import DISTILBERT, make

TEXT, PAIR = "The unable\t[MASK] É中 zzz", "c, the A!"
BYTE = 1 / 510 + 1e-6  # half of 1/255, and float32


@pytest.fixture(scope="module")
def model():
    return traced_model()


@pytest.fixture(scope="module")
def found(model):
    return explained(model, TEXT, PAIR, name="tiny")


@pytest.fixture(scope="module")
def cache(model):
    return model.run_with_cache(TEXT, PAIR).cache


def test_it_is_json(found):
    """Catches a NumPy number or a NaN, which no browser reads."""
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["model"] == "tiny" and found["lens"] is found["head_scores"] is None
    assert sizes(found) == (2, 3, 15) and found["head_size"] == 4


def test_attention_is_there_to_a_byte(found, cache):
    """Catches rows for columns, heads or layers in another order, and values that wrap."""
    N, H, L = sizes(found)
    shown = array_of(found["attention"], "u1", N, H, L, L) / 255
    probs = cache.stacked("layers.*.attention.probs")[:, 0]
    assert np.abs(shown - probs).max() <= BYTE
    assert np.abs(shown.swapaxes(2, 3) - probs).max() > 0.5 and shown.max() > 0.9
    rolled = array_of(found["rollout"], "u1", L, L) / 255
    assert np.abs(rolled - attention_rollout(probs[:, None])[-1, 0]).max() <= BYTE


def test_rows_of_tokens(found, cache):
    """Catches a layer too few, a cosine that wraps, and norms of other rows."""
    N, _, L = sizes(found)
    states = [cache["embeddings"][0], *cache.stacked("layers.*.output")[:, 0]]
    norms = np.linalg.norm(np.stack(states), axis=-1)
    np.testing.assert_allclose(found["norms"], norms, rtol=1e-3)
    shown = array_of(found["similarity"], "u1", N + 1, L, L) / 127.5 - 1
    for state_LD, norm_L, shown_LM in zip(states, norms, shown, strict=True):
        cosine_LM = state_LD @ state_LD.T / norm_L / norm_L[:, None]
        assert np.abs(cosine_LM - shown_LM).max() <= 1 / 255 + 1e-5
    assert shown.min() < -0.3 and (shown[:, range(L), range(L)] == 1).all()


def test_how_heads_look(found, cache):
    """Catches the mean over [CLS] and [SEP], a token's look at itself, and a start elsewhere."""
    probs = cache.stacked("layers.*.attention.probs")[:, 0].astype(np.float64)
    np.testing.assert_allclose(found["entropy"], head_entropy(probs[:, None])[:, 0], rtol=1e-3)
    words = [n for n, token in enumerate(found["tokens"]) if not token["special"]]
    looks = np.array(
        [[[max(p[l, m] for m in words if m != l) for l in words] for p in layer] for layer in probs]
    )
    np.testing.assert_allclose(found["between"], looks.mean(axis=-1), rtol=1e-3)
    start = found["start"]
    n, h = np.unravel_index(looks.mean(axis=-1).argmax(), looks.shape[:2])
    assert (start["layer"], start["head"]) == (n, h)
    assert start["token"] == words[looks[n, h].argmax()]
    chosen = explained(traced_model(), TEXT, head=(1, 2))["start"]
    assert (chosen["layer"], chosen["head"]) == (1, 2)


@pytest.mark.parametrize("settings", [{}, {"do_lower_case": False}, {"strip_accents": False}])
@pytest.mark.parametrize("text, pair", [(TEXT, PAIR), (PAIR, TEXT), ("😀 a b", None), ("a", "a")])
def test_tokens_point_to_their_text(text, pair, settings):
    """Catches offsets into the other text, into normalised text, or of UTF-16; words mixed up."""
    model = traced_model(**settings)
    found = explained(model, text, pair)
    ways, tokens = found["ways"], found["tokens"]
    assert [way["text"] for way in ways] == [text, pair][: 1 + (pair is not None)]
    batch = model.tokenizer(text, pair, return_special_tokens_mask=True)
    assert [token["id"] for token in tokens] == batch.input_ids[0].tolist()
    assert [token["type"] for token in tokens] == batch.token_type_ids[0].tolist()
    assert [token["special"] for token in tokens] == (batch.special_tokens_mask[0] == 1).tolist()
    pieces = [token["piece"] for token in tokens]
    assert pieces == model.tokenizer.convert_ids_to_tokens(batch.input_ids[0])
    for token in tokens:
        if token["special"]:
            assert token["word"] is None and token["text"] == ""
            assert token["piece"] in ("[CLS]", "[SEP]") and token["start"] == token["end"] == 0
            continue
        way = ways[token["type"]]
        word = way["words"][token["word"]]
        assert way["text"][token["start"] : token["end"]] == token["text"] != ""
        assert word["start"] <= token["start"] < token["end"] <= word["end"]
        assert token["piece"] in word["pieces"]
    shown = [piece for way in ways for word in way["words"] for piece in word["pieces"]]
    assert shown == [token["piece"] for token in tokens if not token["special"]]


def test_the_way_of_a_text(found):
    """Catches steps of another text, and a step that says it changed what it did not."""
    (first, second) = found["ways"]
    steps = {step["name"]: step for step in first["steps"]}
    assert steps["cleaned"]["text"] == "The unable [MASK] É中 zzz"
    assert steps["lower"]["text"] == "the unable [MASK] e 中  zzz"
    assert [step["changed"] for step in first["steps"]] == [False, True, True, True, True]
    assert [step["changed"] for step in second["steps"]] == [False, False, False, False, True]
    assert [word["text"] for word in second["words"]] == ["c", ",", "the", "a", "!"]
    assert first["words"][1]["pieces"] == ["un", "##able"] and first["cut"] == 0


def test_a_model_without_token_types_or_pooler():
    """Catches types handed to DistilBERT, or its two texts taken for one."""
    model = traced_model(DISTILBERT)
    found = explained(model, TEXT, PAIR)
    assert found["model_type"] == "distilbert" and not found["token_types"]
    assert {token["type"] for token in found["tokens"]} == {0, 1}
    N, H, L = sizes(found)
    probs = model.run_with_cache(TEXT, PAIR).cache.stacked("layers.*.attention.probs")[:, 0]
    assert np.abs(array_of(found["attention"], "u1", N, H, L, L) / 255 - probs).max() <= BYTE


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_text_that_is_too_long(side):
    """Catches offsets and words of the whole text beside what is left of it, and a wrong count."""
    model = traced_model()
    model.tokenizer.settings = model.tokenizer.settings._replace(truncation_side=side)
    text, pair = " a unable b É! the 中 unable c  ", "the c"
    whole = explained(model, text, pair)
    found = explained(model, text, pair, max_length=11)
    way, other = found["ways"]
    assert len(found["tokens"]) == 11 and other == whole["ways"][1]
    assert way["cut"] == len(whole["tokens"]) - 11 == 5
    kept = [token for token in found["tokens"] if token["type"] == 0 and not token["special"]]
    alike = [token for token in whole["tokens"] if token["type"] == 0 and not token["special"]]
    alike = alike[:6] if side == "right" else alike[-6:]
    assert [token["id"] for token in kept] == [token["id"] for token in alike]
    assert way["text"] == (" a unable b É!" if side == "right" else "! the 中 unable c  ")
    for token in kept:
        word = way["words"][token["word"]]
        assert way["text"][token["start"] : token["end"]] == token["text"]
        assert word["start"] <= token["start"] < token["end"] <= word["end"]
    assert kept[0]["word"] == 0 and kept[-1]["word"] == len(way["words"]) - 1
    assert {step["name"]: step["text"] for step in way["steps"]}["given"] == way["text"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("",), "text: '' has no token"),
        ((" \x00\t",), "text: .* has no token"),
        (("a", " "), "text_pair: ' ' has no token; there is nothing to explain"),
        ((3,), "text: expected a str"),
        ((["a", "b"],), "text: expected a str, received list"),
        (("a", "b" * 10_000), r"text: 41 tokens of it have 10001 characters; at most 4100"),
        (("a" + " " * 10_000 + "b",), "text: 41 tokens of it have 10002 characters"),
        (("a", "\ud800"), r"text_pair: lone surrogate"),
    ],
)
def test_texts_that_cannot_be_explained(arguments, message, model):
    """A page without a single column, or of one text of many."""
    with pytest.raises(InputError, match=message):
        explained(model, *arguments)


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"head": (2, 0)},
            "head: expected a layer from 0 to 1 and a head from 0 to 2, received 2.0",
        ),
        ({"head": (0, -1)}, "head: expected a layer from 0 to 1"),
        ({"head": (3,)}, r"head: expected \(layer, head\), received \(3,\)"),
        ({"head": 3}, r"head: expected \(layer, head\), received 3"),
        ({"max_length": 2}, "max_length: 2 tokens hold nothing of the first text"),
        ({"max_length": 0}, "max_length: expected a positive integer"),
    ],
)
def test_options_that_cannot_be_met(options, message, model):
    """A head counted from the end, and a page of [CLS] and [SEP]."""
    with pytest.raises(InputError, match=message):
        explained(model, "a", **options)


def test_the_compiled_backend_has_no_queries_to_show():
    """Catches a page without numbers, and a message that does not say what to do."""
    model = TracedModel(traced_model().tokenizer, make("numba"))
    with pytest.raises(
        InputError, match=r'model: .*no queries.* load the model with backend="numpy"'
    ):
        explained(model, "a")


def test_the_limit_is_the_models(model):
    """Catches more columns than the model has positions."""
    found = explained(model, "a " * 60, max_length=1000)
    assert len(found["tokens"]) == TINY.max_position_embeddings
    assert found["ways"][0]["cut"] == 60 - TINY.max_position_embeddings + 2
