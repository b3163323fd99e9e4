"""What torch.save writes, npdistil reads as torch.load does, in both of torch's formats."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from npdistil import Encoder, Tokenizer
from npdistil.checkpoint.load import load_encoder
from npdistil.checkpoint.torch_file import open_torch
from npdistil.errors import ModelFileError
from npdistil.params import named_arrays
from tests.live.random_models import roughen

FORMATS = {"zip": True, "legacy": False}
DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def save(state: Any, path: Path, kind: str) -> Path:
    torch.save(state, path, _use_new_zipfile_serialization=FORMATS[kind])
    return path


def as_numpy(tensor: torch.Tensor) -> np.ndarray:
    """Halves widened, as npdistil does."""
    half = tensor.dtype in (torch.float16, torch.bfloat16)
    return (tensor.detach().float() if half else tensor.detach()).numpy()


def assert_as_torch(path: Path, wrapper: str | None = None) -> int:
    """Every tensor of a file is what torch.load makes of it; returns how many there were."""
    expected = torch.load(path, weights_only=True)
    expected = expected if wrapper is None else expected[wrapper]
    expected = {name: item for name, item in expected.items() if isinstance(item, torch.Tensor)}
    with open_torch(path) as file:
        assert list(file.entries) == list(expected)
        assert (file.format, file.path, file.size) == ("torch", path, path.stat().st_size)
        for name, tensor in expected.items():
            want, found = as_numpy(tensor), file.read(name)
            assert file.entries[name].shape == found.shape == want.shape, name
            assert DTYPES[file.entries[name].dtype] == tensor.dtype, name
            assert found.dtype == want.dtype and np.array_equal(found, want), name
            assert found.flags.c_contiguous and not found.flags.writeable
            assert found.size == 0 or found.ctypes.data % 64 == 0
    return len(expected)


def views() -> dict[str, torch.Tensor]:
    """Tensors that are not the whole of their storage, or not in its order."""
    base = torch.arange(2.0 * 3 * 5 * 7).reshape(2, 3, 5, 7)
    return {
        "whole": base,
        "transposed": torch.arange(35.0).reshape(5, 7).t(),
        "permuted": (base + 1).permute(3, 1, 0, 2),
        "rows": base[1],
        "columns": base[..., 2:5],
        "every_second": torch.arange(20.0)[1::2],
        "one_value": base[1, 2, 3, 4],
        "axes_of_length_1": base[:1, 1:2].transpose(0, 1),
        "halves_transposed": torch.arange(12.0).to(torch.bfloat16).reshape(3, 4).t(),
        "f16_columns": torch.arange(12.0).half().reshape(3, 4)[:, 1:3],
        "integers_transposed": torch.arange(12).reshape(3, 4).t(),
        "bools_transposed": (torch.arange(12).reshape(3, 4) % 2 == 0).t(),
        "empty": torch.zeros(0),
        "empty_part": torch.arange(6.0)[6:],
        "empty_2d": torch.zeros(3, 0),
        "scalar": torch.tensor(3.5),
    }


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_has_the_values_of_torch(tmp_path: Path, kind: str, dtype: str) -> None:
    """Catches a storage type under the wrong name, and halves that are widened wrongly."""
    torch.manual_seed(1)
    values = (50 * torch.randn(7, 11)).to(DTYPES[dtype])
    path = save({"a": values, "b": values[0].clone()}, tmp_path / "pytorch_model.bin", kind)
    assert assert_as_torch(path) == 2
    with open_torch(path) as file:
        assert [info.dtype for info in file.entries.values()] == [dtype, dtype]


@pytest.mark.parametrize("kind", FORMATS)
def test_views_of_any_strides_come_in_c_order(tmp_path: Path, kind: str) -> None:
    """Catches strides taken for bytes, offsets forgotten, and axes of length 1 that step."""
    state = views()
    assert sum(not tensor.is_contiguous() for tensor in state.values()) >= 8
    assert assert_as_torch(save(state, tmp_path / "x.bin", kind)) == len(state)


@pytest.mark.parametrize("kind", FORMATS)
def test_each_view_in_a_file_of_its_own(tmp_path: Path, kind: str) -> None:
    """Catches a check sum that is compared only after another tensor of the storage was read."""
    for name, tensor in views().items():
        assert assert_as_torch(save({name: tensor}, tmp_path / f"{name}.bin", kind)) == 1


def wrapped() -> dict[str, tuple[Any, str | None]]:
    """State dicts as programs leave them, and the key under which they stand."""
    tensor = torch.arange(6.0).reshape(2, 3)
    module = torch.nn.Sequential(OrderedDict(a=torch.nn.Linear(3, 5), b=torch.nn.LayerNorm(5)))
    tied = torch.nn.Linear(4, 6)
    plain = {"w": tensor}
    return {
        "state_dict_of_a_module": (module.state_dict(), None),
        "parameters": (dict(module.named_parameters()), None),
        "kept_variables": (module.state_dict(keep_vars=True), None),
        "ordered": (OrderedDict(w=tensor), None),
        "one_tensor_twice": ({"a": tensor, "b": tensor}, None),
        "tied": ({"a": tied.weight, "b": tied.weight, "c": tied.weight.detach()}, None),
        "under_state_dict": (
            {"epoch": 3, "state_dict": plain, "loss": 0.25, "note": "x"},
            "state_dict",
        ),
        "under_model": ({"model": module.state_dict(), "epoch": None, "done": True}, "model"),
        "numbers_beside": ({"w": tensor, "steps": 12, "nothing": None, "rate": 1e-4}, None),
        "large_numbers_beside": ({"w": tensor, "n": [2**31, -(2**40)][0], "m": -70000}, None),
        "nothing": ({}, None),
        "many": ({f"layer.{n}.weight": torch.full((2,), float(n)) for n in range(1500)}, None),
        "not_ascii": ({"gewicht.größe": tensor}, None),
    }


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", wrapped())
def test_what_state_dicts_are_wrapped_in(tmp_path: Path, kind: str, name: str) -> None:
    """Catches `_metadata`, Parameters, ties, and memo indices above 255."""
    state, wrapper = wrapped()[name]
    count = assert_as_torch(save(state, tmp_path / "pytorch_model.bin", kind), wrapper)
    assert count == sum(
        isinstance(item, torch.Tensor) for item in (state[wrapper] if wrapper else state).values()
    )


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "state, message",
    [
        (torch.nn.Linear(2, 2), "asks for torch.nn.modules.linear.Linear"),
        (torch.zeros(2), "not a map"),
        ([torch.zeros(2)], "holds one list"),
        ({"a": np.zeros(2)}, "asks for numpy"),
        ({"a": torch.zeros(2).to_sparse()}, "nothing was imported"),
        (
            {"model": {"a": torch.zeros(2)}, "args": {"b": 1}},
            "holds more than a state dict: 'args'",
        ),
        ({"a": torch.zeros(2), "b": [1]}, "'b' is not a tensor"),
        ({"a": torch.zeros(1).expand(50)}, "reaches past its storage of 1 values"),
        ({"a": torch.zeros(2, dtype=torch.complex64)}, "torch.ComplexFloatStorage"),
        ({1: torch.zeros(2)}, "key is int"),
        ({"a": torch.full((2,), torch.nan)}, "'a': holds NaN or infinity"),
        ({"a": torch.full((2,), torch.inf).half()}, "holds NaN or infinity"),
    ],
)
def test_what_is_no_plain_state_dict_is_refused(
    tmp_path: Path, kind: str, state: Any, message: str
) -> None:
    """Catches a reader that gives half of a file, or fails with an error of Python's own."""
    path = save(state, tmp_path / "pytorch_model.bin", kind)
    with pytest.raises(ModelFileError) as caught, open_torch(path) as file:
        for name in file.entries:
            file.read(name)
    assert message in str(caught.value) and str(caught.value).startswith(str(path))


SIZES = {"vocab_size": 99, "max_position_embeddings": 17}
BERT = transformers.BertConfig(
    hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=37, **SIZES
)
DISTILBERT = transformers.DistilBertConfig(dim=24, n_layers=2, n_heads=3, hidden_dim=37, **SIZES)
MODELS = {
    "BertModel": (transformers.BertModel, BERT),
    "BertForMaskedLM": (transformers.BertForMaskedLM, BERT),
    "BertForPreTraining": (transformers.BertForPreTraining, BERT),
    "DistilBertModel": (transformers.DistilBertModel, DISTILBERT),
    "DistilBertForMaskedLM": (transformers.DistilBertForMaskedLM, DISTILBERT),
}


def old_names(state: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    """As checkpoints of 2019 spell them, with the numbers of the positions among the weights."""
    prefix = "" if name.endswith("Model") else {"B": "bert.", "D": "distilbert."}[name[0]]
    spelled = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value
        for key, value in state.items()
    }
    return {f"{prefix}embeddings.position_ids": torch.arange(17)[None], **spelled}


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_gives_the_same_numbers_from_either_format(
    tmp_path: Path, kind: str, name: str, compared: Callable[[str, int], None]
) -> None:
    """Catches a tensor that lands elsewhere; heads, ties, old names and position_ids included."""
    make, config = MODELS[name]
    torch.manual_seed(5)
    model = make(config).eval()
    roughen(model)
    model.save_pretrained(tmp_path / "safe")
    for folder, change in (("bin", lambda state, _: state), ("old", old_names)):
        config.save_pretrained(tmp_path / folder)
        save(change(model.state_dict(), name), tmp_path / folder / "pytorch_model.bin", kind)

    want = named_arrays(load_encoder(tmp_path / "safe")[1])
    ids = np.array([[5, 9, 98, 3, 42]])
    expected = Encoder.from_pretrained(tmp_path / "safe")(ids).last_hidden_state
    for folder in ("bin", "old"):
        found = named_arrays(load_encoder(tmp_path / folder)[1])
        assert found.keys() == want.keys()
        assert all(np.array_equal(found[path], want[path]) for path in want)
        hidden_BLD = Encoder.from_pretrained(tmp_path / folder)(ids).last_hidden_state
        assert np.array_equal(hidden_BLD, expected)
    compared("tensors of pytorch_model.bin", 2 * len(want))


def test_a_folder_as_the_xtremedistil_repositories_are(tmp_path: Path, minilm_folder: Path) -> None:
    """Catches a loader that wants a tokenizer's configuration, or opens tf_model.h5 first."""
    torch.manual_seed(6)
    config = transformers.BertConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=37
    )
    model = transformers.BertModel(config).eval()
    config.save_pretrained(tmp_path)
    save(model.state_dict(), tmp_path / "pytorch_model.bin", "zip")
    (tmp_path / "vocab.txt").write_bytes((minilm_folder / "vocab.txt").read_bytes())
    (tmp_path / "tf_model.h5").write_bytes(b"\x89HDF and nothing more")
    batch = Tokenizer.from_pretrained(tmp_path)(["It was naïve."])
    found = Encoder.from_pretrained(tmp_path)(**batch)
    with torch.no_grad():
        expected = model(**{name: torch.tensor(array) for name, array in batch.items()})
    assert found.pooler_output is not None
    for ours, theirs in (
        (found.last_hidden_state, expected.last_hidden_state),
        (found.pooler_output, expected.pooler_output),
    ):
        assert np.abs(ours - theirs.numpy()).max() < 2e-5
