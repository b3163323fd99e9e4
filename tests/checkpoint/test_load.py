"""A folder loads as a whole or says everything that is wrong with it."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from npdistil.checkpoint.load import load_encoder, load_stored, open_encoder
from npdistil.errors import ConfigError, ModelFileError
from npdistil.params import named_arrays
from tests.checkpoint.tiny import (
    BERT,
    DISTILBERT,
    bert_shapes,
    distilbert_shapes,
    random_tensors,
    write_folder,
)

Tensors = dict[str, np.ndarray]


@pytest.fixture
def bert(rng: np.random.Generator) -> Tensors:
    return random_tensors(bert_shapes(), rng)


@pytest.fixture
def distilbert(rng: np.random.Generator) -> Tensors:
    return random_tensors(distilbert_shapes(), rng)


def refusal(folder: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        load_encoder(folder)
    return str(caught.value)


def assert_same(folder: Path, expected: dict[str, np.ndarray]) -> None:
    found = named_arrays(load_encoder(folder)[1])
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[path], expected[path]) for path in expected)


def test_every_bert_tensor_arrives_in_its_field(tmp_path: Path, bert: Tensors) -> None:
    """Catches swapped names (query and key have one shape): each field is written out here."""
    config, params = load_encoder(write_folder(tmp_path, BERT, bert))
    assert config.num_hidden_layers == len(params.layers) == 2
    embeddings = params.embeddings
    assert embeddings.token_type_GD is not None and params.pooler is not None
    pairs = [
        (embeddings.word_VD, "embeddings.word_embeddings.weight"),
        (embeddings.position_PD, "embeddings.position_embeddings.weight"),
        (embeddings.token_type_GD, "embeddings.token_type_embeddings.weight"),
        (embeddings.norm.weight_D, "embeddings.LayerNorm.weight"),
        (embeddings.norm.bias_D, "embeddings.LayerNorm.bias"),
        (params.pooler.weight_EI, "pooler.dense.weight"),
        (params.pooler.bias_E, "pooler.dense.bias"),
    ]
    for n, layer in enumerate(params.layers):
        attention, feed_forward = layer.attention, layer.feed_forward
        for linear, name in (
            (attention.query, "attention.self.query"),
            (attention.key, "attention.self.key"),
            (attention.value, "attention.self.value"),
            (attention.output, "attention.output.dense"),
            (feed_forward.intermediate, "intermediate.dense"),
            (feed_forward.output, "output.dense"),
        ):
            pairs.append((linear.weight_EI, f"encoder.layer.{n}.{name}.weight"))
            pairs.append((linear.bias_E, f"encoder.layer.{n}.{name}.bias"))
        for norm, name in (
            (attention.norm, "attention.output.LayerNorm"),
            (feed_forward.norm, "output.LayerNorm"),
        ):
            pairs.append((norm.weight_D, f"encoder.layer.{n}.{name}.weight"))
            pairs.append((norm.bias_D, f"encoder.layer.{n}.{name}.bias"))
    assert len(pairs) == len(bert)
    for array, name in pairs:
        assert np.array_equal(array, bert[name]), name
        assert array.dtype == np.float32 and not array.flags.writeable


def test_every_distilbert_tensor_arrives_in_its_field(tmp_path: Path, distilbert: Tensors) -> None:
    """Catches lin1 and lin2, or the two norms, the wrong way round."""
    _, params = load_encoder(write_folder(tmp_path, DISTILBERT, distilbert))
    assert params.pooler is None and params.embeddings.token_type_GD is None
    for n, layer in enumerate(params.layers):
        for array, name in (
            (layer.attention.query.weight_EI, "attention.q_lin.weight"),
            (layer.attention.key.bias_E, "attention.k_lin.bias"),
            (layer.attention.value.weight_EI, "attention.v_lin.weight"),
            (layer.attention.output.weight_EI, "attention.out_lin.weight"),
            (layer.attention.norm.weight_D, "sa_layer_norm.weight"),
            (layer.feed_forward.intermediate.weight_EI, "ffn.lin1.weight"),
            (layer.feed_forward.output.weight_EI, "ffn.lin2.weight"),
            (layer.feed_forward.norm.bias_D, "output_layer_norm.bias"),
        ):
            assert np.array_equal(array, distilbert[f"transformer.layer.{n}.{name}"]), name


def test_prefixes_old_names_and_leftovers_change_nothing(tmp_path: Path, bert: Tensors) -> None:
    """Catches a loader that knows one spelling only, or trips over a head or position_ids."""
    plain = named_arrays(load_encoder(write_folder(tmp_path / "plain", BERT, bert))[1])
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): array
        for name, array in bert.items()
    }
    ones = np.ones(3, np.float32)
    positions = np.arange(11)[None]
    heads = ("cls.predictions.bias", "cls.predictions.transform.LayerNorm.gamma")
    heads += ("cls.seq_relationship.weight", "classifier.weight", "qa_outputs.bias")
    heads += ("fit_denses.0.weight",)
    variants = {
        "prefixed": {f"bert.{name}": array for name, array in bert.items()},
        "old": old,
        "wrapped": {f"module.{name}": array for name, array in bert.items()},
        "wrapped, prefixed, with a head": {
            **{f"module.bert.{name}": array for name, array in bert.items()},
            "module.classifier.weight": ones,
        },
        "both": {f"bert.{name}": array for name, array in old.items()},
        "positions": {**bert, "embeddings.position_ids": positions},
        "heads": {
            **{f"bert.{name}": array for name, array in bert.items()},
            "bert.embeddings.position_ids": positions,
            **dict.fromkeys(heads, ones),
        },
    }
    for name, tensors in variants.items():
        assert_same(write_folder(tmp_path / name, BERT, tensors), plain)


def test_distilbert_prefix_and_heads(tmp_path: Path, distilbert: Tensors) -> None:
    """Catches DistilBERT's heads counted as unused."""
    plain = named_arrays(load_encoder(write_folder(tmp_path / "plain", DISTILBERT, distilbert))[1])
    tensors = {f"distilbert.{name}": array for name, array in distilbert.items()}
    for name in ("vocab_transform.weight", "vocab_layer_norm.bias", "vocab_projector.bias"):
        tensors[name] = np.ones(2, np.float32)
    tensors["pre_classifier.weight"] = tensors["qa_outputs.bias"] = np.ones(2, np.float32)
    assert_same(write_folder(tmp_path / "heads", DISTILBERT, tensors), plain)


def test_the_pooler_is_optional_as_a_whole(tmp_path: Path, bert: Tensors) -> None:
    """Catches half a pooler taken for none."""
    for half in ("pooler.dense.bias", "pooler.dense.weight"):
        rest = {name: array for name, array in bert.items() if name != half}
        assert f"1 missing: {half}" in refusal(write_folder(tmp_path / half, BERT, rest))
    del bert["pooler.dense.bias"], bert["pooler.dense.weight"]
    assert load_encoder(write_folder(tmp_path / "b", BERT, bert))[1].pooler is None


def test_no_token_types_when_the_config_says_zero(tmp_path: Path, bert: Tensors) -> None:
    """Catches a table of zero rows being demanded, and one that is there being dropped."""
    config = {**BERT, "type_vocab_size": 0}
    name = "embeddings.token_type_embeddings.weight"
    assert f"1 unused: {name}" in refusal(write_folder(tmp_path / "a", config, bert))
    del bert[name]
    params = load_encoder(write_folder(tmp_path / "b", config, bert))[1]
    assert params.embeddings.token_type_GD is None


def test_missing_unused_and_misshapen_are_in_one_message(tmp_path: Path, bert: Tensors) -> None:
    """Catches reporting one kind a run; a silent transpose of the intermediate weight too."""
    del bert["encoder.layer.1.output.dense.weight"]
    bert["encoder.layer.0.attention.self.rotary.weight"] = np.ones(3, np.float32)
    name = "encoder.layer.0.intermediate.dense.weight"
    bert[name] = np.ascontiguousarray(bert[name].T)
    bert["pooler.dense.bias"] = bert["pooler.dense.bias"].astype(np.int64)
    message = refusal(write_folder(tmp_path, BERT, bert))
    assert "1 missing: encoder.layer.1.output.dense.weight" in message
    assert "1 unused: encoder.layer.0.attention.self.rotary.weight" in message
    assert (
        f"{name} (12, 20), where intermediate_size 20, hidden_size 12 call for (20, 12)" in message
    )
    assert "pooler.dense.bias of dtype I64" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("key", "value", "tensor"),
    [
        ("vocab_size", 38, "embeddings.word_embeddings.weight (37, 12)"),
        ("hidden_size", 24, "embeddings.LayerNorm.bias (12,)"),
        ("intermediate_size", 21, "encoder.layer.0.output.dense.weight (12, 20)"),
        ("max_position_embeddings", 512, "embeddings.position_embeddings.weight (11, 12)"),
        ("type_vocab_size", 1, "embeddings.token_type_embeddings.weight (2, 12)"),
        ("num_hidden_layers", 3, "num_hidden_layers is 3, the file has 2 layers"),
        ("num_hidden_layers", 1, "num_hidden_layers is 1, the file has 2 layers"),
    ],
)
def test_a_config_that_contradicts_the_tensors_says_which_key(
    tmp_path: Path, bert: Tensors, key: str, value: int, tensor: str
) -> None:
    """Catches a table that is read with foreign rows, or a model cut to fewer layers."""
    message = refusal(write_folder(tmp_path, {**BERT, key: value}, bert))
    assert f"{key} {value}" in message or f"{key} is {value}" in message
    assert tensor in message


def test_distilberts_contradiction_names_distilberts_keys(
    tmp_path: Path, distilbert: Tensors
) -> None:
    """Catches hidden_size in a message about a file that says dim."""
    config = {**DISTILBERT, "dim": 24, "n_layers": 3}
    message = refusal(write_folder(tmp_path, config, distilbert))
    assert "dim 24" in message and "n_layers is 3" in message


def test_a_tensor_under_two_names_is_refused(tmp_path: Path, bert: Tensors) -> None:
    """Catches the last one winning: two readers would see two models."""
    bert["embeddings.LayerNorm.gamma"] = np.zeros(12, np.float32)
    message = refusal(write_folder(tmp_path, BERT, bert))
    assert "embeddings.LayerNorm.weight and embeddings.LayerNorm.gamma" in message


def test_the_prefix_stands_before_all_names_or_none(tmp_path: Path, bert: Tensors) -> None:
    """Catches a file of two models mixed into one."""
    name = "embeddings.word_embeddings.weight"
    bert[f"bert.{name}"] = np.zeros((37, 12), np.float32)
    message = refusal(write_folder(tmp_path, BERT, bert))
    assert "missing: bert.embeddings.position_embeddings.weight" in message
    assert "unused: embeddings.word_embeddings.weight" in message


@pytest.mark.parametrize("name", ["my_cls.x", "xembeddings.position_ids", "electra.x", "cls"])
def test_ignored_names_are_exact(tmp_path: Path, bert: Tensors, name: str) -> None:
    """Catches a loose pattern that ignores what it does not know."""
    bert[name] = np.ones(1, np.float32)
    assert f"1 unused: {name}" in refusal(write_folder(tmp_path, BERT, bert))


def test_a_foreign_file_does_not_flood_the_message(tmp_path: Path) -> None:
    """Catches 400 names on one line."""
    tensors = {f"model.{n}": np.ones(1, np.float32) for n in range(400)}
    message = refusal(write_folder(tmp_path, BERT, tensors))
    assert "400 unused" in message and "and 380 more" in message
    assert len(message) < 3000


def test_nan_weights_are_refused_by_name(tmp_path: Path, bert: Tensors) -> None:
    """Catches embeddings that are NaN for some texts only."""
    bert["encoder.layer.1.output.dense.bias"][7] = np.nan
    message = refusal(write_folder(tmp_path, BERT, bert))
    assert "'encoder.layer.1.output.dense.bias': holds NaN or infinity" in message


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_done_meanwhile(tmp_path: Path, bert: Tensors, threads: int) -> None:
    """Catches work that is done before the header was checked, or tables that are not there."""
    done = []
    folder = write_folder(tmp_path / "a", BERT, bert)
    with open_encoder(folder, num_threads=threads, meanwhile=lambda: done.append(1)) as found:
        assert done == [1] and len(found[1].embeddings.word_VD) == found[0].vocab_size
    del bert["embeddings.word_embeddings.weight"]
    folder = write_folder(tmp_path / "b", BERT, bert)
    with (
        pytest.raises(ModelFileError, match="word_embeddings"),
        open_encoder(folder, num_threads=threads, meanwhile=lambda: done.append(2)),
    ):
        pass
    assert done == [1]


def test_half_and_double_precision(tmp_path: Path, bert: Tensors) -> None:
    """Catches float64 rounded although it was asked for, and a wrong stored type in `info`."""
    for dtype, label in ((np.float16, "F16"), (np.float64, "F64")):
        tensors = {name: array.astype(dtype) for name, array in bert.items()}
        folder = write_folder(tmp_path / label, BERT, tensors)
        expected = tensors["embeddings.word_embeddings.weight"]
        for wanted in (np.float32, np.float64):
            _, params, stored = load_stored(folder, wanted)
            assert stored.dtype == label
            assert stored.file_bytes == (folder / "model.safetensors").stat().st_size
            assert {array.dtype for array in named_arrays(params).values()} == {np.dtype(wanted)}
            assert np.array_equal(params.embeddings.word_VD, expected.astype(wanted))


def test_ignored_names_are_reported(tmp_path: Path, bert: Tensors) -> None:
    """Catches a head that disappears without a trace."""
    bert["classifier.weight"] = np.ones((2, 12), np.float16)
    _, _, stored = load_stored(write_folder(tmp_path, BERT, bert))
    assert stored.ignored == ("classifier.weight",)
    assert stored.dtype == "F32"


def test_folders_that_are_none(tmp_path: Path) -> None:
    """Catches FileNotFoundError and NotADirectoryError leaving the package."""
    assert "no such folder" in refusal(tmp_path / "missing")
    (tmp_path / "file").write_text("x")
    assert "not a folder" in refusal(tmp_path / "file")
    with pytest.raises(ConfigError, match=r"config\.json: no such file"):
        load_encoder(tmp_path)


def test_a_folder_without_weights_that_are_read_says_what_it_found(tmp_path: Path) -> None:
    """Catches advice that does not fit, or that leads to a page which says nothing of it."""
    (tmp_path / "config.json").write_text(json.dumps(BERT))
    assert "the folder holds config.json" in refusal(tmp_path)
    (tmp_path / "flax_model.msgpack").write_bytes(b"\x81")
    message = refusal(tmp_path)
    assert "found flax_model.msgpack, which is not read" in message
    assert "model.safetensors, which save_pretrained of Transformers writes" in message


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and symlinks of POSIX")
@pytest.mark.parametrize("kind", ["fifo", "folder", "loop"])
def test_a_model_file_that_is_no_file(tmp_path: Path, kind: str) -> None:
    """Catches a load that hangs."""
    (tmp_path / "config.json").write_text(json.dumps(BERT))
    path = tmp_path / "model.safetensors"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path)
    assert "model.safetensors: " in refusal(tmp_path)


def test_nothing_is_executed_or_opened_besides_the_two_files(tmp_path: Path, bert: Tensors) -> None:
    """Catches a config string that becomes a path, an import or a download."""
    config = {**BERT, "auto_map": {"AutoModel": "evil.Model"}, "_name_or_path": "/etc/passwd"}
    folder = write_folder(tmp_path, config, bert)
    load_encoder(folder)  # imports safetensors
    seen: list[str] = []
    watching = [True]

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event.split(".")[0] in ("open", "import", "exec", "subprocess", "socket"):
            seen.append(f"{event} {arguments[0]}")

    sys.addaudithook(audit)
    load_encoder(folder)
    watching.clear()
    # os.fdopen is reported a second time, by its descriptor; imports are of modules known before.
    events = {e for e in seen if not e.startswith("import ") and not e.split()[1].isdigit()}
    assert events == {f"open {folder / name}" for name in ("config.json", "model.safetensors")}
    assert not any("evil" in event for event in seen)
