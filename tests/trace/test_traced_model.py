"""`TracedModel`: texts and batches, heads, and the lens, on tiny folders."""

import numpy as np
import pytest

from npdistil import FillMask, InputError, TokenClassification, TracedModel
from npdistil.encoder.packing import pack
from npdistil.heads.sequence_classification import SequenceClassification
from npdistil.trace.lens import word_ranks
from tests.models import TINY, Draw
from tests.tasks.folders import write_model
from tests.tasks.head_folders import LABELS, write_masked_lm, write_token_classifier
from tests.text.tiny import VOCAB
from tests.tolerances import HIDDEN_FLOAT32

TEXTS = ["the unable [MASK]", "c [MASK] the c"]
D, V = TINY.hidden_size, len(VOCAB)


@pytest.fixture
def masked_lm(tmp_path) -> TracedModel:
    return TracedModel.from_pretrained(write_masked_lm(tmp_path), "fill-mask")


def classifier(tmp_path, backend: str, on_pooler: bool) -> TracedModel:
    """The pooler, or a layer of its own, and three scores."""
    bare = TracedModel.from_pretrained(write_model(tmp_path), backend=backend)
    draw, dense = Draw(np.random.default_rng(5)), bare.encoder.backend.dense
    first = bare.encoder.pooler if on_pooler else dense(draw.linear(D, D), "relu")
    layers = (first, dense(draw.linear(3, D), "identity"))
    return TracedModel(bare.tokenizer, bare.encoder, SequenceClassification(layers))


def test_a_model_without_a_head(tmp_path):
    """Catches texts cut differently from the tokenizer, and tokens that are not the rows'."""
    model = TracedModel.from_pretrained(write_model(tmp_path))
    batch = model.tokenizer(TEXTS, TEXTS[::-1])
    output, cache, logits, tokens = model.run_with_cache(TEXTS, TEXTS[::-1])
    again = model.run_with_cache(batch)
    plain = model.encoder(**batch)
    assert logits is None and [*cache] == [*model.names]
    assert output.last_hidden_state.tobytes() == plain.last_hidden_state.tobytes()
    assert again.output.pooler_output.tobytes() == plain.pooler_output.tobytes()
    assert tokens == again.tokens
    assert [*map(len, tokens)] == cache.attention_mask.sum(axis=1).tolist()
    assert tokens[0][:3] == ["[CLS]", "the", "un"]


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_the_lens_at_the_last_layer_is_the_head(backend, tmp_path):
    """Catches states in another order, a transform left out, and columns mixed up."""
    model = TracedModel.from_pretrained(write_masked_lm(tmp_path), "fill-mask", backend)
    _, cache, logits, _ = model.run_with_cache(TEXTS)
    lens = model.logit_lens(TEXTS)
    assert lens.shape == (TINY.num_hidden_layers + 1, *cache.attention_mask.shape, V)
    keep_BL = cache.attention_mask
    difference = np.abs(lens[-1] - logits)[keep_BL].max()
    assert difference <= HIDDEN_FLOAT32 and logits[keep_BL].std() > 1
    assert np.abs(lens[0] - logits)[keep_BL].max() > 1
    np.testing.assert_array_equal(cache["head.logits"], logits)
    some = model.logit_lens(TEXTS, positions=np.array([2, 0]))
    assert np.abs(some - lens[:, :, [2, 0]]).max() <= HIDDEN_FLOAT32


def test_what_the_lens_says_last_is_what_fill_mask_says(tmp_path, masked_lm):
    """Catches a column of another token, and a rank counted from the worst."""
    answers = FillMask.from_pretrained(tmp_path, "numpy")("c [MASK] the c", top_k=3)
    tokens = masked_lm.run_with_cache("c [MASK] the c", names_filter=()).tokens[0]
    lens = masked_lm.logit_lens("c [MASK] the c", positions=np.array([tokens.index("[MASK]")]))
    for rank, answer in enumerate(answers):
        assert word_ranks(lens[-1], np.array(answer["token"])).tolist() == [[rank]]


def test_scores_of_tokens_are_the_tasks(tmp_path):
    """Catches another row's scores, and a softmax where logits are meant."""
    folder = write_token_classifier(tmp_path)
    model = TracedModel.from_pretrained(folder, "token-classification")
    text = "the unable c"
    traced = model.run_with_cache(text, names_filter="head")
    assert [*traced.cache] == ["head.logits"]
    for entity in TokenClassification.from_pretrained(folder, "numpy")(text, ignore_labels=[]):
        place = entity["index"]
        assert traced.tokens[0][place] == entity["word"]
        score_C = np.exp(traced.logits[0, place])
        assert LABELS[score_C.argmax()] == entity["entity"]
        assert abs(score_C.max() / score_C.sum() - entity["score"]) <= HIDDEN_FLOAT32


@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize("on_pooler", [True, False])
def test_scores_of_texts(on_pooler, backend, tmp_path):
    """Catches the pooler run twice or left out, and names that two heads share for two things."""
    model = classifier(tmp_path, backend, on_pooler)
    own = ["head.logits"] if on_pooler else ["head.hidden.0", "head.logits"]
    assert [name for name in model.names if name.startswith("head")] == own
    traced = model.run_with_cache(TEXTS, names_filter=["head", "pooler"])
    packed = model.tokenizer(TEXTS)
    batch, _ = pack(packed["input_ids"], packed["attention_mask"], None, model.encoder.config)
    wanted = model.head.logits(model.encoder.backend, batch)
    assert traced.logits.shape == (2, 3) and wanted.std() > 0.1
    assert np.abs(traced.logits - wanted).max() <= HIDDEN_FLOAT32
    np.testing.assert_array_equal(traced.cache["head.logits"], traced.logits)
    if on_pooler:
        scores = model.head.layers[1](traced.cache["pooler"])
        np.testing.assert_array_equal(scores, traced.logits)


def test_hooks_reach_the_head(tmp_path):
    """Catches a head that computes from rows as they were before the hooks."""
    model, calls = classifier(tmp_path, "numpy", True), []

    def zero(value, name):
        calls.append(name)
        value[...] = 0

    plain = model.run_with_cache(TEXTS, names_filter=()).logits
    for name in ("layers.1.output", "pooler"):
        changed = model.run_with_hooks(TEXTS, fwd_hooks=[(name, zero)]).logits
        assert np.abs(changed - plain).max() > 0.1
        assert (changed == changed[0]).all()
    assert not model.run_with_hooks(TEXTS, fwd_hooks=[("head.logits", zero)]).logits.any()
    assert calls == ["layers.1.output", "pooler", "head.logits"]


def test_bad_calls(tmp_path, masked_lm):
    """A batch without ids, pairs twice, or a lens through a head that does not speak words."""
    ids = {"input_ids": [[1, 2]]}
    for inputs, pairs in (({"attention_mask": [[1]]}, None), (ids, "the")):
        with pytest.raises(InputError, match="a batch needs input_ids"):
            masked_lm.run_with_cache(inputs, pairs)
    with pytest.raises(InputError, match=r"inputs\[0\]: expected a str"):
        masked_lm.run_with_cache([3])
    for inputs in ([], np.array([], str)):
        with pytest.raises(InputError, match="inputs: expected at least one text, received none"):
            masked_lm.run_with_cache(inputs)
    bare = TracedModel(masked_lm.tokenizer, masked_lm.encoder)
    with pytest.raises(InputError, match=r'needs the head that scores words; .* task="fill-mask"'):
        bare.logit_lens("the")
    with pytest.raises(InputError, match=r"'head' names no activation"):
        bare.run_with_cache("the", names_filter="head")
