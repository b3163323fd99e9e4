"""Transformers as the other side of a parity report: all activations, and what was done to it."""

import importlib.util
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, BertTokenizerFast

from npdistil import InputError
from npdistil.parity.compare import compare
from npdistil.parity.ours import Ours
from npdistil.parity.texts import default_texts
from npdistil.parity.transformers_side import TransformersSide
from npdistil.trace.names import encoder_names
from tests.live.random_models import CONFIGS, save_random_model
from tests.tasks.classification.folders import NLI, write_classifier
from tests.tasks.folders import OLD_MEAN, write_dense, write_json, write_model, write_settings
from tests.text.tiny import VOCAB

TEXTS = ["the Unable c", "É, a b! " * 3, "a"]
DTYPES = ["float64", "float32"]
MODELS = ["tiny-odd", "tiny-distilbert"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Random models with a vocabulary."""
    found = {}
    for name in MODELS:
        found[name] = tmp_path_factory.mktemp(name)
        save_random_model(name, found[name])
        tokens = [*VOCAB, *(f"[unused{n}]" for n in range(CONFIGS[name].vocab_size - len(VOCAB)))]
        (found[name] / "vocab.txt").write_text("\n".join(tokens), encoding="utf-8")
    return found


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_real_model_passes(dtype, minilm_folder, compared):
    """Catches a bound that honest rounding misses, and a setting that is read wrongly."""
    ours = Ours.from_pretrained(minilm_folder)
    side = TransformersSide.from_pretrained(minilm_folder, dtype)
    report = compare(ours, side, default_texts(ours.typed))
    assert report.passed, report.as_table()
    assert report.side == f"transformers {dtype}"
    shown = {row.name: row.theirs for row in report.settings}
    assert {*ours.settings, "dtype"} == {*shown}
    assert (shown["max_length"], shown["pooling"], shown["normalize"]) == (256, "mean", True)
    names = [*encoder_names(ours.config, has_pooler=True), "sentence_embedding"]
    assert [row.name for row in report.activations] == names
    assert max(row.ours for row in report.ids) > 128  # a length of 128 would show
    compared(f"activations of a parity report with Transformers ({dtype})", len(names))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MODELS)
def test_random_models_pass(name, dtype, folders, compared):
    """Catches a module of one family under the name of another's, or none at all."""
    ours = Ours.from_pretrained(folders[name])
    report = compare(ours, TransformersSide.from_pretrained(folders[name], dtype), TEXTS)
    assert report.passed, report.as_table()
    pooler = name == "tiny-odd"
    assert [row.name for row in report.activations] == [*encoder_names(ours.config, pooler)]
    assert min(row.theirs.max_abs for row in report.activations if ".mean" not in row.name) > 0
    compared(f"activations of a parity report with Transformers ({dtype})", len(report.activations))


@pytest.mark.parametrize("installed", [True, False])
def test_what_follows_the_encoder(installed, tmp_path, monkeypatch):
    """Catches a Normalize or a Dense that is left out, with sentence-transformers or without."""
    folder = write_settings(
        write_model(tmp_path / "model"),
        kinds=("Transformer", "Pooling", "Normalize"),
        settings={"max_seq_length": 11},
    )
    if not installed:
        find_spec = importlib.util.find_spec
        absent = "sentence_transformers"
        monkeypatch.setitem(sys.modules, absent, None)
        monkeypatch.setattr(
            "importlib.util.find_spec", lambda name: None if name == absent else find_spec(name)
        )
    side = TransformersSide.from_pretrained(folder)
    report = compare(Ours.from_pretrained(folder), side, TEXTS)
    assert report.passed, report.as_table()
    assert report.activations[-1].name == "sentence_embedding"
    assert {row.ours for row in report.ids} == {6, 11, 3}


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_classifier(dtype, tmp_path):
    """Catches a head that is not looked at, and one that is loaded anew at random."""
    folder = write_classifier(tmp_path / "model", NLI)
    ours = Ours.from_pretrained(folder)
    report = compare(ours, TransformersSide.from_pretrained(folder, dtype), TEXTS)
    assert report.passed, report.as_table()
    assert [row.name for row in report.activations[-2:]] == ["pooler", "head.logits"]
    linear = ours.head[0].linear
    head = (ours.head[0]._replace(linear=linear._replace(bias_E=linear.bias_E + 1e-3)),)
    report = compare(replace(ours, head=head), TransformersSide.from_pretrained(folder), TEXTS)
    assert (report.first, report.cause) == ("head.logits", None)


@pytest.mark.parametrize("include", [True, False])
def test_prompts_and_shorter_vectors(include, tmp_path):
    """Catches a prompt that is pooled on one side alone, and features that one side cuts off."""
    pooling = {**OLD_MEAN, "include_prompt": include}
    kinds = ("Transformer", "Pooling", "Normalize")
    folder = write_settings(write_model(tmp_path / "model"), kinds=kinds, pooling=pooling)
    settings = {"prompts": {"find": "c c "}, "default_prompt_name": "find", "truncate_dim": 7}
    write_json(folder / "config_sentence_transformers.json", settings)
    side = TransformersSide.from_pretrained(folder)
    report = compare(Ours.from_pretrained(folder), side, TEXTS)
    assert report.passed, report.as_table()
    assert report.activations[-1].name == "sentence_embedding"
    assert {row.name: row.theirs for row in report.settings}["prompt"] == "c c "
    assert side.observe(TEXTS).embeddings.shape == (3, 7)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_dense_module(dtype, tmp_path):
    """Catches a Dense that stays in float32 beside a model in float64."""
    kinds = ("Transformer", "Pooling", "Dense")
    folder = write_settings(write_model(tmp_path / "model"), kinds=kinds)
    act = "torch.nn.modules.activation.Tanh"
    write_dense(folder / "2_Dense", np.random.default_rng(3), 12, 5, activation_function=act)
    side = TransformersSide.from_pretrained(folder, dtype)
    report = compare(Ours.from_pretrained(folder), side, TEXTS)
    assert report.passed and report.activations[-1].name == "sentence_embedding"


@pytest.fixture
def ready(folders):
    """A model object and a tokenizer, as somebody has them who ports."""
    model = AutoModel.from_pretrained(folders["tiny-odd"], attn_implementation="eager")
    return model.double().eval(), AutoTokenizer.from_pretrained(folders["tiny-odd"])


def first_of(folders, side):
    return compare(Ours.from_pretrained(folders["tiny-odd"]), side, TEXTS).first


def test_a_ready_model_is_taken_as_it_is(folders, ready):
    """Catches a model that is loaded anew, or changed back, before it is watched."""
    model, tokenizer = ready
    assert first_of(folders, TransformersSide(model, tokenizer)) is None
    model.encoder.layer[1].attention.self.scaling = 1.0
    assert first_of(folders, TransformersSide(model, tokenizer)) == "layers.1.attention.scores"
    model.encoder.layer[0].output.LayerNorm.eps = 1e-5
    first = first_of(folders, TransformersSide(model, tokenizer))
    assert first == "layers.0.feed_forward.norm.rstd"
    hooks = sum(len(module._forward_hooks) for module in model.modules())
    assert hooks == 0  # what was watched is free again


def test_a_residual_in_another_place(folders, ready):
    """Catches states that are taken from a LayerNorm, and not from what is handed on."""
    model, tokenizer = ready
    output = model.encoder.layer[0].attention.output

    def forward(hidden, taken):
        return output.LayerNorm(output.dense(hidden)) + taken

    output.forward = forward
    side = TransformersSide(model, tokenizer)
    assert first_of(folders, side) == "layers.0.attention.norm.mean"
    seen, wide = side.observe(TEXTS).activations, model.encoder.layer[0].intermediate.dense
    with torch.no_grad():
        from_shown = wide(torch.from_numpy(seen["layers.0.attention.norm.output"])).numpy()
    assert abs(from_shown - seen["layers.0.feed_forward.intermediate"]).max() < 1e-12


def test_settings_are_read_from_the_parts(folders, ready):
    """Catches settings that are read from the folder that the object once came from."""
    model, _ = ready
    cased = BertTokenizerFast(str(folders["tiny-odd"] / "vocab.txt"), do_lower_case=False)
    model.embeddings.LayerNorm.eps = 1e-6
    side = TransformersSide(model, cased, max_length=9, pooling="cls", prompt="c ")
    assert {
        "do_lower_case": False,
        "strip_accents": False,
        "max_length": 9,
        "pooling": "cls",
        "normalize": False,
        "prompt": "c ",
        "layer_norm_eps": "[1e-12, 1e-06]",
        "hidden_act": "gelu",
        "dtype": "float64",
    }.items() <= side.settings.items()
    seen = side.observe(TEXTS)
    assert max(map(len, seen.input_ids)) == 9 and seen.embeddings.shape == (3, 24)
    last = seen.activations["layers.1.output"]
    np.testing.assert_array_equal(seen.embeddings, last[:, 0])


def test_a_model_that_would_drop(folders, ready):
    """Catches a report of differences that are dropout's."""
    model, tokenizer = ready
    with pytest.raises(InputError, match=r"call model\.eval\(\)"):
        TransformersSide(model.train(), tokenizer)
    with pytest.raises(InputError, match="pooling: expected some of"):
        TransformersSide(model.eval(), tokenizer, pooling="middle")


def test_bfloat16_can_be_looked_at(folders, ready):
    """Catches a type that NumPy does not have, and its roundings held to float32's."""
    model, tokenizer = ready
    side = TransformersSide(model.to(torch.bfloat16), tokenizer, pooling="mean")
    assert side.name == "transformers bfloat16"
    report = compare(Ours.from_pretrained(folders["tiny-odd"]), side, TEXTS)
    assert report.passed and report.activations[-1].theirs.max_abs > 1e-3


def test_a_folder_that_cannot_be_loaded(tmp_path):
    """Catches a traceback of somebody else's."""
    (tmp_path / "config.json").write_text('{"model_type": "bort"}')
    with pytest.raises(InputError, match="transformers cannot load it"):
        TransformersSide.from_pretrained(tmp_path)
    with pytest.raises(InputError, match="dtype: expected one of"):
        TransformersSide.from_pretrained(tmp_path, "int8")
