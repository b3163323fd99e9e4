"""What `npdistil convert` writes: read by Transformers, and the bytes that the package writes."""

import math
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors.numpy import load_file
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoTokenizer,
    BertConfig,
    BertForPreTraining,
)

from npdistil.checkpoint.tensor_source import DTYPES, TensorInfo
from npdistil.checkpoint.write_safetensors import to_stored, write_safetensors
from npdistil.tasks.convert import convert_folder
from tests.live.random_models import roughen
from tests.text.tiny import VOCAB
from tests.tolerances import HIDDEN_FLOAT32

GOLDEN = Path(__file__).parent.parent / "golden"
TORCH = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip


def test_the_bytes_of_the_package(tmp_path):
    """An order, an offset, padding or an escape that another reader would not expect."""
    rng = random.Random(1)
    letters = 'ab._"\\é中/ 9'
    for n in range(200):
        infos, contents, theirs = {}, {}, {}
        for _ in range(rng.randint(0, 12)):
            shape = tuple(rng.randint(0, 4) for _ in range(rng.randint(0, 4)))
            name = "".join(rng.choice(letters) for _ in range(rng.randint(1, 9)))
            infos[name] = info = TensorInfo(rng.choice(list(DTYPES)), shape)
            size = math.prod(shape) * DTYPES[info.dtype].itemsize
            content = bytearray(rng.randbytes(size))
            if info.dtype == "BOOL":
                content = bytearray(byte & 1 for byte in content)
            contents[name] = np.frombuffer(content, DTYPES[info.dtype]).reshape(shape)
            flat = torch.frombuffer(content, dtype=TORCH[info.dtype]) if size else torch.zeros(0)
            theirs[name] = flat.to(TORCH[info.dtype]).reshape(shape)
        path = tmp_path / f"{n}"
        write_safetensors(path, infos, contents.__getitem__)
        assert path.read_bytes() == safetensors.torch.save(theirs, {"format": "pt"}), n


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
@pytest.mark.parametrize("wide", [np.float32, np.float64])
def test_roundings_of_torch(dtype, wide):
    """A half that torch would round to another one."""
    rng = np.random.default_rng(4)
    values = rng.standard_normal(200_000) * 2.0 ** rng.integers(-40, 15, 200_000)
    values = values.astype(wide)
    wanted = torch.from_numpy(values).to(TORCH[dtype]).view(torch.uint16).numpy()
    np.testing.assert_array_equal(to_stored(values, dtype, "x").view(np.uint16), wanted)


def test_a_folder_of_transformers(tmp_path):
    """A tensor that transformers misses or does not expect, heads too, from each kind of file."""
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(VOCAB), hidden_size=24, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=40, max_position_embeddings=16,
    )  # fmt: skip
    model = BertForPreTraining(config).eval()
    roughen(model)
    (tmp_path / "vocab.txt").write_text("".join(f"{token}\n" for token in VOCAB))
    for kind in ("safetensors", "shards", "torch"):
        source, target = tmp_path / kind, tmp_path / f"{kind}-converted"
        model.save_pretrained(source, max_shard_size="20KB" if kind == "shards" else "1GB")
        if kind == "torch":
            (source / "model.safetensors").unlink()
            torch.save(model.state_dict(), source / "pytorch_model.bin")
        shutil.copy(tmp_path / "vocab.txt", source)
        done = convert_folder(source, target)
        assert (
            done.source
            == {
                "safetensors": "model.safetensors",
                "shards": "model.safetensors.index.json",
                "torch": "pytorch_model.bin",
            }[kind]
        )
        found, report = AutoModelForPreTraining.from_pretrained(target, output_loading_info=True)
        assert not any(report.values()), report
        for name, tensor in model.state_dict().items():
            assert torch.equal(found.state_dict()[name], tensor), name
        assert AutoTokenizer.from_pretrained(target)("a b").input_ids


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", None])
def test_transformers_loads_the_same_numbers(tmp_path, dtype):
    """Numbers or a type that differ from what transformers makes of the source itself."""
    source, target = GOLDEN / "tiny-odd", tmp_path / "target"
    convert_folder(source, target, dtype)
    found = AutoModel.from_pretrained(target)
    wanted = AutoModel.from_pretrained(source, dtype=getattr(torch, dtype or "float32"))
    assert found.dtype == wanted.dtype
    for name, tensor in wanted.state_dict().items():
        assert torch.equal(found.state_dict()[name], tensor), name


@pytest.mark.parametrize("model", ["bert", "distilbert"])
def test_transformers_computes_what_tensorflow_did(tmp_path, model):
    """tf_model.h5, which Transformers 5 no longer reads, turned into something else."""
    source, target = GOLDEN / "tensorflow" / model, tmp_path / "target"
    convert_folder(source, target)
    kind = AutoModelForPreTraining if model == "bert" else AutoModelForMaskedLM
    with_head, report = kind.from_pretrained(target, output_loading_info=True)
    assert not any(report.values()), report
    wanted = load_file(source / "activations.safetensors")
    given = {
        key: torch.from_numpy(array).long()
        for key, array in wanted.items()
        if key.endswith(("_ids", "_mask"))
    }
    with torch.no_grad():
        out = with_head.double().base_model(**given, output_hidden_states=True)
    keep_BL = wanted["attention_mask"] == 1
    for n, state in enumerate(out.hidden_states):
        difference = state.numpy()[keep_BL] - wanted[f"hidden_states.{n}"][keep_BL]
        assert np.abs(difference).max() <= HIDDEN_FLOAT32, n
