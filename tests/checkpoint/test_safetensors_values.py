"""Accepted files: every value, type and flag of the arrays."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from npdistil.checkpoint.read_array import SHARED_PIECE_BYTES
from npdistil.checkpoint.safetensors_file import open_tensors, read_safetensors, read_stored
from npdistil.checkpoint.tensor_source import DTYPES
from npdistil.errors import ModelFileError
from tests.checkpoint.tiny import file_bytes, raw


def read(folder: Path, content: bytes) -> dict[str, np.ndarray]:
    path = folder / "model.safetensors"
    path.write_bytes(content)
    return read_safetensors(path)


def one(dtype: str, shape: list[int], data: bytes) -> bytes:
    return raw({"a": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}, data)


def test_arrays_are_aligned_contiguous_native_and_read_only(tmp_path: Path) -> None:
    """Catches views into the file's bytes: a 1-byte tensor first makes the floats misaligned."""
    tensors = {"b": np.ones((1,), np.uint8), "a": np.arange(6, dtype=np.float32).reshape(2, 3)}
    for array in read(tmp_path, file_bytes(tensors)).values():
        assert array.ctypes.data % 64 == 0
        assert array.flags.c_contiguous and array.flags.aligned and not array.flags.writeable
        assert array.dtype.isnative
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_bfloat16_is_widened_exactly(tmp_path: Path) -> None:
    """Catches reading BF16 as F16; all finite patterns against the upper half of a float32."""
    bits = np.arange(1 << 16, dtype=np.uint32)
    finite = bits[(bits >> 7 & 0xFF) != 0xFF]
    array = read(tmp_path, one("BF16", [finite.size], finite.astype("<u2").tobytes()))["a"]
    assert array.dtype == np.float32
    assert np.array_equal(array.view(np.uint32), finite << 16)


def test_float16_is_widened_exactly(tmp_path: Path) -> None:
    """Catches a lossy or subnormal-flushing path; the reference is struct's own decoder."""
    bits = np.arange(1 << 16, dtype="<u2")
    finite = bits[(bits >> 10 & 0x1F) != 0x1F]
    array = read(tmp_path, one("F16", [finite.size], finite.tobytes()))["a"]
    expected = struct.unpack(f"<{finite.size}e", finite.tobytes())
    assert array.dtype == np.float32
    assert np.array_equal(array, np.array(expected, np.float32))
    assert np.array_equal(np.signbit(array), finite >> 15 == 1)


@pytest.mark.parametrize("dtype", ["I64", "I32", "I16", "I8", "U8", "F64", "F32"])
def test_other_types_stay_as_they_are(tmp_path: Path, dtype: str) -> None:
    """Catches integers turned into floats, and float64 narrowed before anyone asked."""
    stored = np.array([[0, 1, 2], [3, 100, 127]], DTYPES[dtype])
    array = read(tmp_path, one(dtype, [2, 3], stored.tobytes()))["a"]
    assert array.dtype == DTYPES[dtype].newbyteorder("=")
    assert np.array_equal(array, stored)


def test_bool_becomes_bool(tmp_path: Path) -> None:
    """Catches BOOL read as numbers."""
    array = read(tmp_path, one("BOOL", [2], b"\x00\x01"))["a"]
    assert array.dtype == np.bool_
    assert array.tolist() == [False, True]


@pytest.mark.parametrize("shape", [[], [0], [0, 3], [1, 1, 1, 1, 1, 1, 1, 1]], ids=str)
def test_odd_shapes_are_legal(tmp_path: Path, shape: list[int]) -> None:
    """Catches a scalar or an empty tensor that breaks the reader."""
    data = bytes(4 * int(np.prod(shape)))
    assert read(tmp_path, one("F32", shape, data))["a"].shape == tuple(shape)


@pytest.mark.parametrize(
    "header",
    ["{}", " {}", "\n{}", "{}   ", '{"__metadata__": null}', '{"__metadata__": {"format": "pt"}}'],
)
def test_harmless_headers_are_accepted(tmp_path: Path, header: str) -> None:
    """Catches refusing padding and metadata, which honest writers use."""
    assert read(tmp_path, raw(header)) == {}


def test_stored_types_order_and_size_are_reported(tmp_path: Path) -> None:
    """Catches `npdistil info` showing the widened type instead of the one on disk."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(file_bytes({"z": np.ones(2, np.float16), "a": np.ones(3, np.int64)}))
    stored = read_stored(path)
    assert stored.dtypes == {"z": "F16", "a": "I64"}
    assert list(stored.arrays) == ["z", "a"]
    assert stored.file_bytes == path.stat().st_size


@pytest.mark.parametrize(("dtype", "growth"), [(np.float32, 1), (np.float16, 2)])
def test_at_most_about_twice_the_file_is_held(
    tmp_path: Path, dtype: type[np.floating], growth: int
) -> None:
    """Catches a third copy, and the file's bytes kept alive while half precision is widened."""
    tensors = {f"t{n}": np.ones((64, 1024), dtype) for n in range(64)}
    path = tmp_path / "model.safetensors"
    path.write_bytes(file_bytes(tensors))
    size = path.stat().st_size
    tracemalloc.start()
    try:
        arrays = read_safetensors(path)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(arrays) == 64
    assert held < 1.1 * growth * size
    assert peak < 2.2 * size


def read_by_four(path: Path, dtype: str, values: np.ndarray) -> np.ndarray:
    path.write_bytes(one(dtype, [len(values)], values.astype(DTYPES[dtype]).tobytes()))
    with open_tensors(path, num_threads=4) as file:
        return file.read("a")


@pytest.mark.parametrize("dtype", ["F32", "F16", "I64"])
def test_threads_read_the_same(tmp_path: Path, dtype: str) -> None:
    """Catches a piece that is read to another's place, by threads that share one file."""
    values = np.arange(5 * SHARED_PIECE_BYTES // DTYPES[dtype].itemsize + 3) % 1009
    np.testing.assert_array_equal(read_by_four(tmp_path / "x", dtype, values), values)


def test_threads_find_what_one_finds(tmp_path: Path) -> None:
    """Catches NaN in a piece that another thread read."""
    values = np.zeros(5 * SHARED_PIECE_BYTES // 4)
    values[-1] = np.nan
    with pytest.raises(ModelFileError, match="tensor 'a': holds NaN or infinity"):
        read_by_four(tmp_path / "x", "F32", values)


@pytest.mark.parametrize("dtype", ["F32", "F64"])
def test_every_kind_of_value_that_is_no_number(tmp_path: Path, dtype: str) -> None:
    """Catches a look at bits that misses a sign or a NaN, or refuses the largest numbers."""
    stored = DTYPES[dtype]
    info = np.finfo(stored)
    numbers = [info.max, -info.max, info.tiny, -info.smallest_subnormal, 0.0, -0.0, 1.0, -1.0]
    mixed = np.array(numbers * 3, stored)
    for values in (mixed, mixed[:1], mixed[1:2], -np.abs(mixed)):
        found = read(tmp_path, one(dtype, [len(values)], values.tobytes()))["a"]
        assert np.array_equal(found, values)
    infinity = np.array(np.inf, stored).view(f"u{stored.itemsize}")
    for kind in (0, 1, 1 << (info.nmant - 1)):  # infinity, a NaN that signals, one that does not
        for sign in (0, 1 << (8 * stored.itemsize - 1)):
            bad = mixed.copy()
            bad.view(infinity.dtype)[5] = int(infinity) | kind | sign
            assert not np.isfinite(bad[5])
            with pytest.raises(ModelFileError, match="holds NaN or infinity"):
                read(tmp_path, one(dtype, [len(bad)], bad.tobytes()))
