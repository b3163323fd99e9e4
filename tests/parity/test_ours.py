"""Our own side: what it shows is what the package computes, and it follows what is replaced."""

from dataclasses import replace

import numpy as np
import pytest

from npdistil import Encoder, InputError, SentenceEncoder
from npdistil.encoder.packing import pack_rows
from npdistil.parity.ours import Ours
from npdistil.parity.side import padded
from npdistil.tasks.task_model import open_task_model
from npdistil.trace.names import encoder_names
from tests.tasks.classification.folders import write_classifier
from tests.tasks.folders import OLD_MEAN, write_dense, write_json, write_model, write_settings
from tests.tolerances import BLAS_BATCH, LOGITS, SENTENCE

TEXTS = ["the Unable c", "É, a b!", "a"]
KINDS = ("Transformer", "Pooling", "Normalize")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_model(tmp_path_factory.mktemp("ours") / "model")
    return write_settings(folder, kinds=KINDS, settings={"max_seq_length": 9})


@pytest.fixture(scope="module")
def ours(folder):
    return Ours.from_pretrained(folder)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_what_it_shows_is_what_the_package_gives(backend, folder, ours):
    """Catches another length, pooling or normalisation here than users get, and a lost name."""
    model = SentenceEncoder.from_pretrained(folder, backend)
    seen = ours.observe([*TEXTS, "a " * 30], "float32", backend)
    assert seen.input_ids is not None and max(map(len, seen.input_ids)) == 9
    difference = abs(seen.embeddings - model.encode([*TEXTS, "a " * 30]))
    assert difference.max() <= (BLAS_BATCH if backend == "numpy" else 0)
    names = encoder_names(ours.config, has_pooler=True)
    if backend == "numpy":
        assert [*seen.activations] == [*names]
    else:
        assert len(seen.activations) == 1 + 2 * ours.config.num_hidden_layers + 1


def test_float64_is_computed_in_float64(folder, ours):
    """Catches weights or vectors that were rounded on the way."""
    seen = ours.observe(TEXTS)
    exact = Encoder.from_pretrained(folder, "numpy", "float64")
    ids_BL, mask_BL = padded(seen.input_ids, 0)
    rows = exact(ids_BL, mask_BL).last_hidden_state
    np.testing.assert_array_equal(seen.activations["layers.1.output"], rows)
    pooled_BD = np.stack([row[mask].mean(axis=0) for row, mask in zip(rows, mask_BL, strict=True)])
    pooled_BD /= np.linalg.norm(pooled_BD, axis=1, keepdims=True)
    assert seen.embeddings.dtype == np.float64
    np.testing.assert_allclose(seen.embeddings, pooled_BD, rtol=0, atol=1e-14)


def test_the_modules_behind_the_pooling_are_done(tmp_path):
    """Catches a Dense that is left out, and a prompt that is not put before the texts."""
    folder = write_settings(
        write_model(tmp_path / "model"), kinds=("Transformer", "Pooling", "Dense")
    )
    write_dense(
        folder / "2_Dense", np.random.default_rng(3), 12, 5, activation_function="torch.nn.Tanh"
    )
    write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": {"find": "c c "}, "default_prompt_name": "find"},
    )
    ours = Ours.from_pretrained(folder)
    assert ours.settings["prompt"] == "c c "
    want = SentenceEncoder.from_pretrained(folder, "numpy").encode(TEXTS)
    assert want.shape == (3, 5)
    assert abs(ours.observe(TEXTS).embeddings - want).max() <= SENTENCE
    plain = replace(ours, prompt="")
    assert len(plain.observe(TEXTS).input_ids[0]) == len(ours.observe(TEXTS).input_ids[0]) - 2


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_scores_of_a_classifier(backend, tmp_path):
    """Catches a head without its pooler, and one on another row."""
    folder = write_classifier(tmp_path / "model", 3)
    model = open_task_model(folder, "text-classification", backend)
    packed = model.tokenizer.pack(TEXTS)
    batch = pack_rows(packed.input_ids_T, packed.cu_seqlens, model.encoder.config)
    want_BC = model.head.logits(model.encoder.backend, batch)
    ours = Ours.from_pretrained(folder)
    assert abs(ours.observe(TEXTS, "float32", backend).scores - want_BC).max() <= LOGITS
    exact_BC = ours.observe(TEXTS).scores
    assert exact_BC.dtype == np.float64 and 0 < abs(exact_BC - want_BC).max() <= LOGITS
    assert Ours.from_pretrained(write_model(tmp_path / "bare")).observe(TEXTS).scores is None


def test_a_prompt_that_is_not_pooled(tmp_path):
    """Catches the rows of a prompt in the mean, where the folder leaves them out."""
    pooling = {**OLD_MEAN, "include_prompt": False}
    folder = write_settings(write_model(tmp_path / "model"), pooling=pooling)
    write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": {"find": "c c "}, "default_prompt_name": "find"},
    )
    want = SentenceEncoder.from_pretrained(folder, "numpy").encode(TEXTS)
    ours = Ours.from_pretrained(folder)
    for engine in ("float64", "numpy"), ("float32", "numpy"), ("float32", "numba"):
        assert abs(ours.observe(TEXTS, *engine).embeddings - want).max() <= SENTENCE, engine
    pooled = replace(
        ours,
        sentence=ours.sentence._replace(
            pooling=ours.sentence.pooling._replace(include_prompt=True)
        ),
    )
    assert abs(pooled.observe(TEXTS).embeddings - want).max() > 0.01


def eps(ours):
    return {"config": replace(ours.config, layer_norm_eps=1e-3)}


def tanh_gelu(ours):
    return {"config": replace(ours.config, hidden_act="gelu_new")}


def first_token(ours):
    return {"pooling": ("cls",)}


def not_normalized(ours):
    return {"normalize": False}


def hooks(ours):
    return {"hooks": [("layers.1.output", lambda x, _: x + 1)]}


@pytest.mark.parametrize(
    "change, moved",
    [
        (eps, "embeddings.norm.rstd"),
        (tanh_gelu, "layers.0.feed_forward.activation"),
        (first_token, None),
        (not_normalized, None),
        (hooks, "layers.1.output"),
    ],
)
def test_it_follows_what_is_replaced(change, moved, ours):
    """Catches a part that is kept from loading: a hypothesis would then change nothing."""
    before, after = ours.observe(TEXTS), replace(ours, **change(ours)).observe(TEXTS)
    assert after.input_ids == before.input_ids
    different = [
        key
        for key, value in before.activations.items()
        if abs(value - after.activations[key]).max() > 1e-9
    ]
    assert (different[0] if different else None) == moved
    assert abs(before.embeddings - after.embeddings).max() > 1e-9


def test_padding_that_is_not_masked_moves_short_texts_alone(ours):
    """Catches a hypothesis that computes the longest text differently, too."""
    before, after = ours.observe(TEXTS), replace(ours, mask_padding=False).observe(TEXTS)
    moved = abs(before.embeddings - after.embeddings).max(axis=1)
    longest = int(np.argmax([len(row) for row in before.input_ids]))
    assert (moved > 1e-6).tolist() == [b != longest for b in range(3)]


def test_the_tokenizer_follows_its_settings(ours):
    """Catches a tokenizer that is kept from loading."""
    cased = replace(ours, tokenizer_settings=ours.tokenizer_settings._replace(do_lower_case=False))
    assert cased.tokens(TEXTS) != ours.tokens(TEXTS)
    assert cased.settings["strip_accents"] is False and ours.settings["strip_accents"] is True
    short = replace(ours, max_length=3)
    assert {len(row) for row in short.tokens(TEXTS).input_ids} == {3}


def test_a_bare_folder_is_as_long_as_the_model_allows(tmp_path):
    """Catches the 512 tokens of a guess in a model with fewer positions, and a warning."""
    ours = Ours.from_pretrained(write_model(tmp_path / "bare"))
    assert (ours.max_length, ours.pooling, ours.normalize) == (41, ("mean",), False)


@pytest.mark.parametrize(
    "texts", [[], [3], "a\ud800", [("a", "b", "c")], [("a", 3)], [("a", "\ud800")]]
)
def test_bad_texts(texts, ours):
    """Catches an empty batch on its way into arrays without a maximum."""
    with pytest.raises(InputError, match="texts"):
        ours.observe(texts)


def test_pairs(ours):
    """Catches a prompt before the second text too, and types of a model that has but one."""
    prompted = replace(ours, prompt="the ").tokens([("a", "b"), "a"])
    tokens = ours.tokens([("the a", "b"), "the a"])
    assert prompted == tokens
    assert tokens.token_type_ids == [[0, 0, 0, 0, 1, 1], [0, 0, 0, 0]]
    packed = ours.tokenizer.pack("the a", text_pair="b")
    assert tokens.input_ids[0] == packed.input_ids_T.tolist()
    one = replace(ours, config=replace(ours.config, type_vocab_size=1))
    assert ours.typed and not one.typed
    with pytest.raises(InputError, match=r"texts\[1\]: is a pair; this model has one"):
        one.tokens(["a", ("a", "b")])
