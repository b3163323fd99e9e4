"""config.json is read closed: each case names a value that another reader would let through."""

import json
from pathlib import Path
from typing import Any

import pytest

from npdistil.config import HIDDEN_ACTS, KEYS, RANGES, EncoderConfig
from npdistil.errors import ConfigError
from npdistil.families import REASONS
from npdistil.reference.activation import ACTIVATIONS
from tests.checkpoint.tiny import BERT, DISTILBERT

INTEGERS = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads")
INTEGERS += ("intermediate_size", "max_position_embeddings", "type_vocab_size", "pad_token_id")
FAMILY = {"bert": BERT, "distilbert": DISTILBERT}


def changed(key: str, value: object, base: dict[str, Any] = BERT) -> dict[str, Any]:
    return {**base, key: value}


def test_bert_and_distilbert_keys_give_the_same_fields() -> None:
    """Catches a DistilBERT key that is read into another field (dim and hidden_dim, say)."""
    bert = EncoderConfig.from_dict(BERT, "x")
    distilbert = EncoderConfig.from_dict(DISTILBERT, "x")
    for name in ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"):
        assert getattr(distilbert, name) == getattr(bert, name) == BERT[name]
    assert distilbert.intermediate_size == bert.intermediate_size == 20
    assert distilbert.max_position_embeddings == bert.max_position_embeddings == 11
    assert (bert.type_vocab_size, distilbert.type_vocab_size) == (2, 0)
    assert bert.head_size == 4
    assert distilbert.layer_norm_eps == 1e-12


def test_the_head_size_of_tinybert_is_26() -> None:
    """Catches code that assumes powers of two or multiples of 8."""
    values = {**BERT, "hidden_size": 312, "num_attention_heads": 12}
    assert EncoderConfig.from_dict(values, "x").head_size == 26


def test_rows_are_no_longer_than_there_are_positions() -> None:
    """Catches a tokenizer's limit that wins over the table, and None taken for a number."""
    config = EncoderConfig.from_dict(BERT, "x")
    assert [config.row_limit(limit) for limit in (None, 5, 11, 12)] == [11, 5, 11, 11]


@pytest.mark.parametrize("family", FAMILY)
def test_all_missing_keys_are_named_at_once(family: str) -> None:
    """Catches a reader that reports one key a run, or fills in an architecture's default."""
    with pytest.raises(ConfigError) as caught:
        EncoderConfig.from_dict({"model_type": family}, "folder/config.json")
    for name, key in KEYS[family].items():
        assert (key in str(caught.value)) == (name not in ("layer_norm_eps", "pad_token_id"))
    assert "folder/config.json" in str(caught.value)


def test_two_values_are_defined_by_the_format_when_absent() -> None:
    """Catches refusing Google's own files, which state neither the eps nor the pad id."""
    values = {k: v for k, v in BERT.items() if k not in ("layer_norm_eps", "pad_token_id")}
    config = EncoderConfig.from_dict(values, "x")
    assert (config.layer_norm_eps, config.pad_token_id) == (1e-12, 0)


@pytest.mark.parametrize("key", INTEGERS)
@pytest.mark.parametrize(
    "value",
    [None, True, False, 1.0, 12.0, "12", -1, 2**31, 2**63, [12], {}, float("nan")],
    ids=str,
)
def test_integers_are_integers_in_range(key: str, value: object) -> None:
    """Catches isinstance (True is an int), int() (1.0, "12"), and sizes of a memory bomb."""
    with pytest.raises(ConfigError, match=f"{key}: expected an integer from"):
        EncoderConfig.from_dict(changed(key, value), "x")


@pytest.mark.parametrize("key", [name for name in INTEGERS if RANGES[name][0] > 0])
def test_zero_is_out_of_range_where_a_size_is_due(key: str) -> None:
    """Catches an empty model that divides by zero later."""
    with pytest.raises(ConfigError, match=f"{key}: expected an integer from"):
        EncoderConfig.from_dict(changed(key, 0), "x")


@pytest.mark.parametrize("key", ["vocab_size", "dim", "n_layers", "n_heads", "hidden_dim"])
def test_distilbert_errors_name_distilberts_keys(key: str) -> None:
    """Catches a message about hidden_size for a file that says dim."""
    with pytest.raises(ConfigError, match=f"{key}: expected an integer from"):
        EncoderConfig.from_dict(changed(key, None, DISTILBERT), "x")


@pytest.mark.parametrize(
    "value", [None, True, 0, 1, "1e-12", 0.0, 1e-16, 0.5, -1e-12, float("nan"), float("inf")]
)
def test_the_eps_is_a_float_in_range(value: object) -> None:
    """Catches NaN (all comparisons are false) and an eps that would flatten every row."""
    with pytest.raises(ConfigError, match="layer_norm_eps: expected a float from"):
        EncoderConfig.from_dict(changed("layer_norm_eps", value), "x")


@pytest.mark.parametrize("value", ["selu", "gelu_10", "GELU", "os.system", "", None, 1, ["gelu"]])
@pytest.mark.parametrize("family", FAMILY)
def test_another_activation_is_refused_by_name(family: str, value: object) -> None:
    """Catches silently computing GELU for a model that was trained with something else."""
    key = KEYS[family]["hidden_act"]
    with pytest.raises(ConfigError) as caught:
        EncoderConfig.from_dict(changed(key, value, FAMILY[family]), "x")
    assert f"{key} {value!r} is not built, only gelu, gelu_python, gelu_new," in str(caught.value)


@pytest.mark.parametrize("family", FAMILY)
def test_the_activations_that_are_built(family: str) -> None:
    """Catches a name that leads to another function, or to none that the reference has."""
    key = KEYS[family]["hidden_act"]
    for value, function in HIDDEN_ACTS.items():
        config = EncoderConfig.from_dict(changed(key, value, FAMILY[family]), "x")
        assert (config.hidden_act, config.activation) == (value, function)
    assert set(HIDDEN_ACTS.values()) == set(ACTIVATIONS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("position_embedding_type", "relative_key"),
        ("position_embedding_type", "relative_key_query"),
        ("position_embedding_type", "alibi"),
        ("is_decoder", True),
        ("is_decoder", 1),
        ("is_decoder", 0),
        ("add_cross_attention", True),
        ("is_encoder_decoder", True),
        ("pruned_heads", {"0": [1]}),
        ("quantization_config", {"bits": 8}),
        ("embedding_size", 8),
        ("emb_size", None),
    ],
)
def test_keys_that_change_the_forward_pass_are_refused(key: str, value: object) -> None:
    """Catches a model that would load and give wrong numbers."""
    with pytest.raises(ConfigError, match=key):
        EncoderConfig.from_dict(changed(key, value), "x")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("position_embedding_type", "absolute"),
        ("position_embedding_type", None),
        ("is_decoder", False),
        ("add_cross_attention", False),
        ("pruned_heads", {}),
        ("quantization_config", None),
        ("embedding_size", 12),
        ("emb_size", 12),
        ("cell", {}),
        ("structure", []),
        ("chunk_size_feed_forward", 0),
        ("dtype", "bfloat16"),
        ("use_cache", True),
        ("id2label", {"0": "LABEL_0"}),
        ("auto_map", {"AutoModel": "evil--repo.Model"}),
        ("_attn_implementation_internal", "evil/repo"),
    ],
)
def test_keys_that_cannot_act_change_nothing(key: str, value: object) -> None:
    """Catches refusing TinyBERT's and Transformers' own files, and any key that gets to act."""
    assert EncoderConfig.from_dict(changed(key, value), "x") == EncoderConfig.from_dict(BERT, "x")


@pytest.mark.parametrize("value", ["electra", "roberta", "BERT", "", None, 1, ["bert"], {}])
def test_other_architectures_are_refused_by_name(value: object) -> None:
    """Catches loading ELECTRA or RoBERTa as if it were BERT, and an unhashable model_type."""
    with pytest.raises(ConfigError) as caught:
        EncoderConfig.from_dict(changed("model_type", value), "x")
    assert repr(value) in str(caught.value)
    assert "bert and distilbert" in str(caught.value)


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        ("xlm-roberta", "counted from pad_token_id \\+ 1 and .* SentencePiece"),
        ("roberta", "counted from pad_token_id \\+ 1 and .* byte-level BPE"),
        ("mpnet", "distance of two tokens"),
        ("albert", "layers share one set"),
        ("electra", "a width of their own"),
        ("deberta-v2", "distance of two tokens"),
        ("modernbert", "rotations"),
        ("gpt2", "a decoder"),
        ("yet_unheard", "unknown here"),
    ],
)
def test_another_family_is_refused_with_its_own_reason(family: str, reason: str) -> None:
    """Catches advice that fits another family, or none at all."""
    with pytest.raises(ConfigError, match=f"model_type '{family}' is not built, .*: .*{reason}"):
        EncoderConfig.from_dict(changed("model_type", family), "x")


def test_no_family_is_both_built_and_refused() -> None:
    """Catches a reason that stays behind when a family is built."""
    assert not set(REASONS) & set(KEYS)
    with pytest.raises(ConfigError, match=r"'relative_key' is not built: only a table of absolute"):
        EncoderConfig.from_dict(changed("position_embedding_type", "relative_key"), "x")


def test_a_missing_model_type_is_not_guessed() -> None:
    """Catches a default architecture."""
    with pytest.raises(ConfigError, match="no model_type"):
        EncoderConfig.from_dict({k: v for k, v in BERT.items() if k != "model_type"}, "x")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (changed("num_attention_heads", 5), "hidden_size 12 is not a multiple of num_att"),
        (changed("n_heads", 5, DISTILBERT), "dim 12 is not a multiple of n_heads 5"),
        (changed("pad_token_id", 37), "pad_token_id 37 is outside the vocabulary of 37"),
        (changed("hidden_size", 24, DISTILBERT), "hidden_size 24 contradicts dim 12"),
        (changed("hidden_act", "relu", DISTILBERT), "hidden_act 'relu' contradicts activation"),
    ],
)
def test_values_that_contradict_each_other(values: dict[str, Any], message: str) -> None:
    """Catches checking each value alone."""
    with pytest.raises(ConfigError, match=message):
        EncoderConfig.from_dict(values, "x")


def test_every_problem_is_in_one_message() -> None:
    """Catches an error that hides the next one."""
    values = {**BERT, "vocab_size": 0, "hidden_act": "selu", "is_decoder": True}
    with pytest.raises(ConfigError, match=r"vocab_size.*hidden_act.*is_decoder"):
        EncoderConfig.from_dict(values, "x")


def test_a_long_value_does_not_flood_the_message() -> None:
    """Catches echoing a megabyte of a hostile file."""
    with pytest.raises(ConfigError) as caught:
        EncoderConfig.from_dict(changed("hidden_act", "x" * 100_000), "x")
    assert len(str(caught.value)) < 300


def test_the_constructor_checks_too() -> None:
    """Catches a config built in code that skips the rules of the file."""
    with pytest.raises(ConfigError, match="head"):
        EncoderConfig(**changed("num_attention_heads", 5))
    with pytest.raises(ConfigError, match="model_type"):
        EncoderConfig(**changed("model_type", "gpt2"))
    assert EncoderConfig(**BERT) == EncoderConfig.from_dict(BERT, "x")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(BERT)[:-1] + ', "hidden_size": 12}',
        json.dumps(BERT).replace("1e-12", "NaN"),
        json.dumps(BERT).replace("1e-12", "1e400"),
        json.dumps(BERT).replace('"hidden_size": 12', '"hidden_size": ' + "1" * 5000),
        json.dumps(BERT)[:-1] + ', "cell": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "[]",
        "",
    ],
    ids=["duplicate", "nan", "overflow", "digits", "deep", "array", "empty"],
)
def test_hostile_files_are_config_errors(tmp_path: Path, text: str) -> None:
    """Catches a reader that bypasses the strict one of files.py."""
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.json"):
        EncoderConfig.from_folder(tmp_path)


def test_from_folder_reads_and_a_missing_file_is_named(tmp_path: Path) -> None:
    """Catches FileNotFoundError leaving the package."""
    with pytest.raises(ConfigError, match=r"config\.json: no such file"):
        EncoderConfig.from_folder(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(BERT))
    assert EncoderConfig.from_folder(str(tmp_path)) == EncoderConfig.from_dict(BERT, "x")
