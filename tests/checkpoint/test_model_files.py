"""Which files of a repository are fetched, in which order, and when a folder is whole."""

from pathlib import Path

import pytest

from npdistil.checkpoint.model_files import lacking, needed_files
from npdistil.checkpoint.registry import entries

MINILM = [
    ".gitattributes", "1_Pooling/config.json", "README.md", "config.json",
    "config_sentence_transformers.json", "data_config.json", "model.safetensors", "modules.json",
    "onnx/model.onnx", "pytorch_model.bin", "rust_model.ot", "sentence_bert_config.json",
    "special_tokens_map.json", "tf_model.h5", "tokenizer.json", "tokenizer_config.json",
    "train_script.py", "vocab.txt",
]  # fmt: skip
CASES = {
    "sentence": [
        "modules.json", "config_sentence_transformers.json", "1_Pooling/config.json",
        "config.json", "sentence_bert_config.json", "tokenizer_config.json",
        "special_tokens_map.json", "tokenizer.json", "vocab.txt", "model.safetensors",
    ],
    "settings": [
        "modules.json", "config_sentence_transformers.json", "1_Pooling/config.json",
        "config.json", "sentence_bert_config.json", "tokenizer_config.json",
        "special_tokens_map.json", "tokenizer.json", "vocab.txt",
    ],
    "encoder": ["config.json", "model.safetensors"],
    "tokenizer": [
        "config.json", "sentence_bert_config.json", "tokenizer_config.json",
        "special_tokens_map.json", "tokenizer.json", "vocab.txt",
    ],
}  # fmt: skip


@pytest.mark.parametrize("need", CASES)
def test_what_is_fetched_of_a_sentence_model(need):
    """A file too many, one too few, or weights before what says whether they can be used."""
    assert needed_files(MINILM, need) == CASES[need]


def test_modules_behind_the_pooling():
    """A folder from the hub that lacks its Dense, and weights of one that nobody reads."""
    dense = [
        "2_Dense/config.json", "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin",
        "3_Dense/config.json", "3_Dense/pytorch_model.bin", "10_Normalize/config.json",
        "4_LSTM/config.json", "x2_Dense/config.json", "2_Dense/deeper/config.json",
    ]  # fmt: skip
    expected = [
        "10_Normalize/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
        "3_Dense/config.json", "3_Dense/pytorch_model.bin",
    ]  # fmt: skip
    assert needed_files([*MINILM, *dense], "sentence") == expected + CASES["sentence"]
    configs = [name for name in expected if name.endswith("config.json")]
    assert needed_files([*MINILM, *dense], "settings") == configs + CASES["settings"]
    assert needed_files([*MINILM, *dense], "encoder") == CASES["encoder"]


@pytest.mark.parametrize(
    "names, weights",
    [
        (["tf_model.h5", "pytorch_model.bin", "model.safetensors"], ["model.safetensors"]),
        (["tf_model.h5", "pytorch_model.bin"], ["pytorch_model.bin"]),
        (["tf_model.h5", "flax_model.msgpack"], ["tf_model.h5"]),
        (["flax_model.msgpack", "model.onnx"], []),
        (
            ["model.safetensors.index.json", "model-00001-of-00001.safetensors", "model.bin"],
            ["model-00001-of-00001.safetensors", "model.safetensors.index.json"],
        ),
    ],
)
def test_one_format_of_weights(names, weights):
    """Another order than that in which a folder's weights are read."""
    assert needed_files(["config.json", *names], "encoder") == ["config.json", *weights]


def test_names_that_lead_elsewhere_are_not_asked_for():
    """A repository whose names become paths outside of the folder."""
    names = ["config.json", "../config.json", "/etc/passwd", "a/vocab.txt", "model-1-of-2.bin"]
    assert needed_files(names, "sentence") == ["config.json"]


def test_the_registry_and_this_agree():
    """A model of the table of which nothing would be fetched."""
    listed = {entry.name: entry.files for entry in entries() if entry.files}
    assert "xtremedistil-l12-h384" in listed
    for name, files in listed.items():
        needed = needed_files(files, "sentence")
        assert "config.json" in needed and "vocab.txt" in needed, name
        if name.startswith("xtremedistil"):
            assert needed == ["config.json", "vocab.txt", "pytorch_model.bin"]


@pytest.mark.parametrize("need", ["encoder", "tokenizer", "sentence"])
def test_a_folder_is_whole_with_the_last_file(tmp_path: Path, need):
    """An interrupted download that is taken for a model: only the last file may make it one."""
    assert lacking(tmp_path, need) is not None
    names = [name for name in needed_files(MINILM, need) if name != "vocab.txt"]
    for name in names[:-1]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
        assert lacking(tmp_path, need) is not None, name
    (tmp_path / names[-1]).write_text("")
    assert lacking(tmp_path, need) is None
