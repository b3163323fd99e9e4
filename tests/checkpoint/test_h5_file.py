"""tf_model.h5: the numbers that TensorFlow computed with it, and nothing that is not plain."""

import os
import random
import shutil
import signal
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file

from npdistil.checkpoint.h5_file import open_h5, torch_name
from npdistil.checkpoint.read_array import ALIGNMENT
from npdistil.encoder import Encoder
from npdistil.errors import ModelFileError
from npdistil.files import OpenFile
from tests.checkpoint.h5_files import GAMMA, HOSTILE, KERNEL, SCOPE, VALUES
from tests.tolerances import HIDDEN_FLOAT32

GOLDEN = Path(__file__).parent.parent / "golden" / "tensorflow"
MODELS = ("bert", "distilbert")
BERT = GOLDEN / "bert" / "tf_model.h5"


@pytest.mark.parametrize("model", MODELS)
def test_the_numbers_of_tensorflow(model):
    """A name that leads to the wrong tensor, a kernel that was not transposed, or twice."""
    wanted = load_file(GOLDEN / model / "activations.safetensors")
    given = {key: array for key, array in wanted.items() if key.endswith(("_ids", "_mask"))}
    encoder = Encoder.from_pretrained(GOLDEN / model, "numpy", "float64")
    out = encoder(**given, output_hidden_states=True)
    keep_BL = given["attention_mask"] == 1
    assert len(out.hidden_states) == 3
    for n, found in enumerate(out.hidden_states):
        exact = wanted[f"hidden_states.{n}"][keep_BL]
        assert exact.std() > 0.5
        assert np.abs(found[keep_BL] - exact).max() <= HIDDEN_FLOAT32, n
    if model == "bert":
        assert np.abs(out.pooler_output - wanted["pooler_output"]).max() <= HIDDEN_FLOAT32


@pytest.mark.parametrize("model", MODELS)
def test_every_tensor_of_the_file(model):
    """Values that differ from what h5py reads, a head left out, arrays unfit for a kernel."""
    path = GOLDEN / model / "tf_model.h5"
    found = set()

    def compare(tf_path: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            name, transposed = torch_name(tf_path.partition("/")[2])
            wanted = item[...].T if transposed else item[...]
            array = source.read(name)
            np.testing.assert_array_equal(array, wanted)
            assert source.entries[name] == ("F32", wanted.shape)
            assert array.flags.c_contiguous and not array.flags.writeable
            assert array.ctypes.data % ALIGNMENT == 0
            found.add(name)

    with open_h5(path) as source, h5py.File(path) as file:
        file.visititems(compare)
        assert found == source.entries.keys()
        assert (source.format, source.path, source.size) == ("h5", path, path.stat().st_size)
    assert len(found) > 40


@pytest.mark.parametrize(
    "tf_name, name, transposed",
    [
        ("tf_bert_model/bert/pooler/dense/kernel:0", "bert.pooler.dense.weight", True),
        ("tf_bert_model_3/bert/pooler/dense/bias:0", "bert.pooler.dense.bias", False),
        ("m/bert/embeddings/word_embeddings/weight:0", "bert.embeddings.word_embeddings.weight", 0),
        ("m/bert/embeddings/x/embeddings:0", "bert.embeddings.x.weight", False),
        ("m/bert/embeddings/LayerNorm/gamma:0", "bert.embeddings.LayerNorm.weight", False),
        ("m/bert/embeddings/LayerNorm/beta:0", "bert.embeddings.LayerNorm.bias", False),
        ("m/bert/encoder/layer_._11/output/dense/kernel:0",
         "bert.encoder.layer.11.output.dense.weight", True),
        ("m/mlm___cls/predictions/bias:0", "cls.predictions.bias", False),
        ("m/distilbert/transformer/layer_._0/sa_layer_norm/gamma:0",
         "distilbert.transformer.layer.0.sa_layer_norm.weight", False),
        ("m/vocab_projector/bias:0", "vocab_projector.bias", False),
        ("tf_bert_for_sequence_classification/classifier/kernel:0", "classifier.weight", True),
    ],
)  # fmt: skip
def test_names(tf_name, name, transposed):
    """A rule of Transformers' conversion that is missing here."""
    assert torch_name(tf_name) == (name, bool(transposed))


def test_without_h5py(monkeypatch):
    """ImportError at the user, or an error that does not say which extra is missing."""
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ModelFileError, match=r"npdistil\[tf\]"), open_h5(BERT):
        pass


def test_only_the_structure_is_read_to_know_the_tensors(tmp_path, monkeypatch):
    """Weights of hundreds of megabytes read for their names."""
    path = tmp_path / "tf_model.h5"
    with h5py.File(path, "w") as file:
        file[KERNEL] = np.zeros((1 << 10, 1 << 12), np.float32)
    count = 0
    original = OpenFile.read_into

    def counted(self: OpenFile, view: memoryview, start: int) -> None:
        nonlocal count
        count += len(view)
        original(self, view, start)

    monkeypatch.setattr(OpenFile, "read_into", counted)
    with open_h5(path) as source:
        assert source.entries["bert.pooler.dense.weight"] == ("F32", (1 << 12, 1 << 10))
    assert 0 < count < 100_000


def test_shared_variables(tmp_path):
    """A file refused because a head stores the embeddings again, or one with two truths read."""
    path = tmp_path / "tf_model.h5"
    for other in (VALUES, VALUES[::-1]):
        with h5py.File(path, "w") as file:
            file[GAMMA] = VALUES
            file["mlm___cls" + GAMMA[4:]] = other
        with open_h5(path) as source:
            (name,) = source.entries
            if other is VALUES:
                np.testing.assert_array_equal(source.read(name), VALUES)
            else:
                with pytest.raises(ModelFileError, match="two of this name, which differ"):
                    source.read(name)


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_structure(tmp_path, case):
    """Whatever is not a plain array in this file: followed, unpacked or allocated.

    The other file is a pipe: who opens it waits until the alarm ends the test.
    """
    make, says = HOSTILE[case]
    path, other = tmp_path / "tf_model.h5", tmp_path / "other.h5"
    with h5py.File(path, "w") as file:
        make(file, other)
    os.mkfifo(other)
    signal.alarm(20)
    try:
        with pytest.raises(ModelFileError, match=says) as raised, open_h5(path):
            pass
    finally:
        signal.alarm(0)
    assert str(raised.value).startswith(str(path)) and str(raised.value).isprintable()


def test_the_plain_case_of_the_hostile_ones(tmp_path):
    """Cases that are refused for a reason that all of them share."""
    path = tmp_path / "tf_model.h5"
    with h5py.File(path, "w") as file:
        file[GAMMA] = VALUES
        file[SCOPE + "embeddings/x/embeddings:0"] = np.arange(6, dtype=np.float16).reshape(2, 3)
        file[SCOPE + "embeddings/y/embeddings:0"] = np.arange(6, dtype=np.int64)
    with open_h5(path) as source:
        assert {dtype for dtype, _ in source.entries.values()} == {"F32", "F16", "I64"}
        assert source.read("bert.embeddings.x.weight").dtype == np.float32
        np.testing.assert_array_equal(source.read("bert.embeddings.LayerNorm.weight"), VALUES)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(tmp_path, value):
    """NaN that reaches a kernel."""
    path = tmp_path / "tf_model.h5"
    with h5py.File(path, "w") as file:
        file[GAMMA] = np.array([1, value], np.float32)
    with open_h5(path) as source, pytest.raises(ModelFileError, match="NaN or infinity"):
        source.read("bert.embeddings.LayerNorm.weight")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89HDF", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04" + bytes(100), b"<html>" * 9,
     b"\x89HDF\r\n\x1a\n" + b"\xff" * 2000, b"\x89HDF\r\n\x1a\n" + bytes(2000)],
)  # fmt: skip
def test_not_a_file_of_this_kind(tmp_path, content):
    """An error of h5py, or none."""
    path = tmp_path / "tf_model.h5"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not a"), open_h5(path):
        pass


def test_a_block_before_the_file_is_refused(tmp_path):
    """Two formats in one file, of which another reader sees the other."""
    path = tmp_path / "tf_model.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        file[GAMMA] = VALUES
    with pytest.raises(ModelFileError, match="by its first bytes"), open_h5(path):
        pass


def test_cut_files(tmp_path):
    """A download that ended early, read as far as it goes."""
    whole = BERT.read_bytes()
    path = tmp_path / "tf_model.h5"
    for size in range(0, len(whole), len(whole) // 60):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelFileError), open_h5(path) as source:
            for name in source.entries:
                source.read(name)


def test_damaged_files(tmp_path):
    """Any other error than ours, for bytes that changed in the structure or in the values."""
    path = tmp_path / "tf_model.h5"
    whole = BERT.read_bytes()
    rng = random.Random(3)
    refused = 0
    for _ in range(100):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            content[rng.randrange(0, 24_000)] = rng.randrange(256)
        path.write_bytes(content)
        try:
            with open_h5(path) as source:
                for name in source.entries:
                    assert np.isfinite(source.read(name)).all()
        except ModelFileError:
            refused += 1
    assert 30 < refused < 100


def test_special_files(tmp_path):
    """A folder or a pipe in the file's place, which would block for ever."""
    os.mkfifo(tmp_path / "pipe")
    shutil.copy(BERT, tmp_path / "whole")
    for place in (tmp_path, tmp_path / "pipe", tmp_path / "absent"):
        with pytest.raises(ModelFileError), open_h5(place):
            pass
    with open_h5(tmp_path / "whole") as source:
        assert source.entries
