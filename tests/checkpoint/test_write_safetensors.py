"""Roundings are right for every value; tests/live/test_convert.py compares the file's bytes."""

from pathlib import Path

import numpy as np
import pytest

from npdistil.checkpoint.safetensors_file import open_tensors
from npdistil.checkpoint.tensor_source import DTYPES, TensorInfo
from npdistil.checkpoint.write_safetensors import (
    header_bytes,
    in_file_order,
    to_stored,
    whole_tensors,
    write_safetensors,
)
from npdistil.errors import InputError, ModelFileError


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_halves_survive_the_way_through_float32(tmp_path, dtype):
    """A half that comes back as another one: all 65,536, but those that are not finite."""
    bits = np.arange(65536, dtype=np.uint16)
    exponent = 0x7C00 if dtype == "F16" else 0x7F80
    bits = bits[bits & exponent != exponent]
    path = tmp_path / "a"
    write_safetensors(
        path, {"a": TensorInfo(dtype, bits.shape)}, lambda _: bits.view(DTYPES[dtype])
    )
    with open_tensors(path) as file:
        widened = file.read("a")
    assert widened.dtype == np.float32
    np.testing.assert_array_equal(to_stored(widened, dtype, "a").view(np.uint16), bits)


def test_rounding_to_bfloat16():
    """Truncation, ties away from zero, or a carry lost between mantissa and exponent."""
    cases = {
        0x3F800000: 0x3F80,  # exact
        0x3F807FFF: 0x3F80,  # below the tie
        0x3F808000: 0x3F80,  # a tie, to even
        0x3F808001: 0x3F81,
        0x3F818000: 0x3F82,  # a tie, to even
        0x3FFFFFFF: 0x4000,  # the carry reaches the exponent
        0x80000001: 0x8000,  # a tiny number keeps its sign
        0x7F7F7FFF: 0x7F7F,  # the largest that fits
    }
    values = np.array([*cases], np.uint32).view(np.float32)
    assert to_stored(values, "BF16", "a").tolist() == [*cases.values()]


@pytest.mark.parametrize(
    "value, stored, dtype",
    [(65520.0, "f4", "F16"), (-1e30, "f4", "F16"), (3.4e38, "f4", "BF16"), (1e39, "f8", "F32"),
     (1e39, "f8", "BF16"), (1e300, "f8", "F16")],
)  # fmt: skip
def test_values_that_are_too_large(value, stored, dtype):
    """Infinity in a file, or an error that does not say where."""
    with pytest.raises(ModelFileError, match=r"^file: tensor 'x': .* is too large for "):
        to_stored(np.array([1, value, 2], stored), dtype, "file: tensor 'x'")


def test_the_largest_values_that_fit():
    """A check that refuses what can be stored."""
    for value, dtype in ((65519.0, "F16"), (3.38e38, "BF16"), (3.4e38, "F32")):
        array = np.array([value, -value])
        assert len(to_stored(array.astype(np.float32), dtype, "x")) == 2
    assert to_stored(np.array([3.4e38]), "F32", "x").dtype == np.float32


def test_other_types_stay_as_they_are():
    """Integers or flags that are taken for floats."""
    for array, dtype in (
        (np.array([2**62]), "I64"),
        (np.array([True, False]), "BOOL"),
        (np.array([-5], np.int8), "I8"),
    ):
        assert to_stored(array, dtype, "x").tolist() == array.tolist()


def test_errors_of_the_disk(tmp_path, monkeypatch):
    """OSError at the user, or a file that is replaced."""
    (tmp_path / "a").write_text("mine")
    with pytest.raises(InputError, match="cannot be written"):
        write_safetensors(tmp_path / "a", {}, lambda _: np.zeros(0))
    assert (tmp_path / "a").read_text() == "mine"
    original = Path.open
    monkeypatch.setattr(Path, "open", lambda *_: original(Path("/dev/full"), "wb"))
    with pytest.raises(InputError, match="No space left"):
        write_safetensors(
            tmp_path / "b", {"a": TensorInfo("U8", (9999,))}, lambda _: np.zeros(9999, np.uint8)
        )


def test_it_goes_on_from_every_length(tmp_path):
    """Half a tensor counted as a whole one, one written twice, or bytes left over at the end."""
    arrays = {
        "b": np.arange(6, dtype=np.float32).reshape(2, 3),
        "none": np.zeros((0, 3), np.float32),
        "a": np.arange(5, dtype=np.uint8),
    }
    kinds = {"b": "F32", "none": "F32", "a": "U8"}
    entries = {name: TensorInfo(kinds[name], array.shape) for name, array in arrays.items()}
    path = tmp_path / "file"
    assert whole_tensors(path, entries) == 0
    write_safetensors(path, entries, arrays.__getitem__)
    content = path.read_bytes()
    header = len(header_bytes(entries))
    for length in range(len(content) + 3):
        path.write_bytes((content + b"xyz")[:length])
        whole = 0 if length < header + 24 else 2 if length < header + 29 else 3
        assert whole_tensors(path, entries) == whole
        if not whole:
            path.unlink()
        written: list[str] = []

        def stored(name: str, written: list[str] = written) -> np.ndarray:
            written.append(name)
            return arrays[name]

        write_safetensors(path, entries, stored, whole)
        assert (written, path.read_bytes()) == (in_file_order(entries)[whole:], content)
    path.write_bytes(b"x" + content[1:])
    assert whole_tensors(path, entries) == 0
