"""Reading model.safetensors: the safetensors package parses, this file trusts nothing.

The layout is 8 bytes of header length, a JSON header, then the tensors' bytes. What is accepted
here is a subset of what the package accepts, with equal values: the package takes duplicate
names, lists in the place of objects and unknown fields, and two readers could then see two
different models.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelFileError
from ..files import parse_json, read_file

MAX_FILE_BYTES = 8 << 30
MAX_HEADER_BYTES = 16 << 20  # a BERT header has less than 100 KB
MAX_METADATA_BYTES = 64 << 10
MAX_TENSORS = 100_000
MAX_NAME = 512
MAX_DIMS = 8
MAX_DIM = 1 << 48
ALIGNMENT = 64  # bytes: a cache line, and the widest vector register

Array = npt.NDArray[Any]

# Name in the file -> type of the stored bytes. BF16 is the upper half of a float32.
DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("u1"),
}
# What the array becomes: half precision is widened, which is exact; the rest stays as it is.
_WIDENED: dict[str, np.dtype[Any]] = {
    "F16": np.dtype(np.float32),
    "BF16": np.dtype(np.float32),
    "BOOL": np.dtype(np.bool_),
}


@dataclass(frozen=True)
class StoredTensors:
    """The arrays of a file and how they were stored."""

    arrays: dict[str, Array]
    dtypes: dict[str, str]  # name -> "F32", "BF16", ...
    file_bytes: int


def read_safetensors(path: Path) -> dict[str, Array]:
    """All tensors of a file by name; see `read_stored`.

    Raises:
        ModelFileError: as `read_stored`.
    """
    return read_stored(path).arrays


def read_stored(path: Path, max_bytes: int = MAX_FILE_BYTES) -> StoredTensors:
    """All tensors of a file, with the types they have on disk.

    The arrays own their memory, are in C order, native byte order, aligned to 64 bytes and
    read-only. F16 and BF16 become float32, F64 stays float64. At most about twice the file's
    size is held at any time.

    Raises:
        ModelFileError: not a readable regular file, not a safetensors file, one that two readers
            could understand differently, an unsupported dtype, or a float that is NaN or infinite.
    """
    # Imported at the first read, so that `import npdistil` stays light.
    from safetensors import SafetensorError, deserialize

    # Never more than two copies at once: bytes replace the bytearray (the package takes nothing
    # else), the package copies every tensor out of them, then they go.
    content: bytes | bytearray = read_file(path, max_bytes, ModelFileError)
    header = _read_header(content, path)
    file_bytes = len(content)
    content = bytes(content)
    try:
        pieces: list[tuple[str, dict[str, Any]]] = deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError as failure:
        raise ModelFileError(f"{path}: not a valid safetensors file: {failure}.") from None
    del content
    arrays: dict[str, Array] = {}
    while pieces:  # taken out one by one, so that each copy is freed after its conversion
        name, piece = pieces.pop()
        dtype, shape = header[name]
        arrays[name] = _array(piece["data"], dtype, shape, f"{path}: tensor {name!r}")
    return StoredTensors(
        arrays={name: arrays[name] for name in header},
        dtypes={name: dtype for name, (dtype, _) in header.items()},
        file_bytes=file_bytes,
    )


def _read_header(content: bytes | bytearray, path: Path) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Name -> (dtype, shape), in the order of the header."""
    if len(content) < 8:
        raise ModelFileError(
            f"{path}: {len(content)} bytes are no safetensors file; was the download cut?"
        )
    length = int.from_bytes(content[:8], "little")
    if not 2 <= length <= min(MAX_HEADER_BYTES, len(content) - 8):
        raise ModelFileError(
            f"{path}: not a safetensors file{_foreign(content)}: its header would have {length} "
            f"bytes, with {len(content)} in the file."
        )
    source = f"{path}: header"
    header = parse_json(content[8 : 8 + length], source, ModelFileError)
    if not isinstance(header, dict):
        raise ModelFileError(f"{source}: expected a JSON object, received an array or a value.")
    _check_metadata(header.pop("__metadata__", None), source)
    if len(header) > MAX_TENSORS:
        raise ModelFileError(
            f"{source}: {len(header)} tensors, at most {MAX_TENSORS} are accepted."
        )
    entries = {name: _read_entry(name, entry, source) for name, entry in header.items()}
    needed = sum(math.prod(shape) * DTYPES[dtype].itemsize for dtype, shape in entries.values())
    if needed != len(content) - 8 - length:
        raise ModelFileError(
            f"{path}: the header describes {needed} bytes of tensors, the file holds "
            f"{len(content) - 8 - length}; was the download cut?"
        )
    return entries


def _check_metadata(metadata: object, source: str) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ModelFileError(f"{source}: __metadata__ must map strings to strings.")
    if sum(len(key) + len(value) for key, value in metadata.items()) > MAX_METADATA_BYTES:
        raise ModelFileError(f"{source}: more than {MAX_METADATA_BYTES} bytes of __metadata__.")


def _read_entry(name: str, entry: object, source: str) -> tuple[str, tuple[int, ...]]:
    """Check one tensor's description."""
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise ModelFileError(
            f"{source}: tensor name {name[:80]!r} is empty, too long or not printable."
        )
    where = f"{source}: tensor {name[:80]!r}"
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ModelFileError(f"{where}: expected exactly dtype, shape and data_offsets.")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ModelFileError(
            f"{where}: unsupported dtype {str(dtype)[:40]!r}; one of {', '.join(DTYPES)} is needed."
        )
    if not _are_sizes(shape) or len(shape) > MAX_DIMS or any(size > MAX_DIM for size in shape):
        raise ModelFileError(f"{where}: unusable shape {str(shape)[:80]}.")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise ModelFileError(f"{where}: unusable data_offsets {str(offsets)[:80]}.")
    # Zeros left out: a product that overflows stays an error when a 0 hides it.
    if math.prod(size or 1 for size in shape) * DTYPES[dtype].itemsize * 8 >= 1 << 63:
        raise ModelFileError(f"{where}: shape {shape} is too large.")
    if math.prod(shape) * DTYPES[dtype].itemsize != offsets[1] - offsets[0]:
        raise ModelFileError(f"{where}: shape {shape} of {dtype} does not fill {offsets}.")
    return dtype, tuple(shape)


def _are_sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _array(data: bytearray, dtype: str, shape: tuple[int, ...], where: str) -> Array:
    """The bytes of one tensor as an owned, aligned, read-only array."""
    stored = np.frombuffer(data, DTYPES[dtype]).reshape(shape)
    array = _aligned_empty(shape, _WIDENED.get(dtype, DTYPES[dtype].newbyteorder("=")))
    if dtype == "BOOL" and stored.size and stored.max() > 1:
        raise ModelFileError(f"{where}: a BOOL byte is neither 0 nor 1.")
    if dtype == "BF16":
        array.view(np.uint32)[...] = stored.astype(np.uint32) << 16
    else:
        with np.errstate(invalid="ignore"):  # widening a signalling NaN, which is refused below
            array[...] = stored
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ModelFileError(f"{where}: holds NaN or infinity.")
    array.flags.writeable = False
    return array


def _aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    size = math.prod(shape) * dtype.itemsize
    buffer = np.empty(size + ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    return buffer[start : start + size].view(dtype).reshape(shape)


def _foreign(content: bytes | bytearray) -> str:
    """What the file may be instead, for the message."""
    kinds: Iterator[str] = (
        f" but {kind}"
        for start, kind in (
            (b"PK\x03\x04", "a zip archive or PyTorch checkpoint, which needs conversion"),
            (b"\x80", "a pickle, which is never executed"),
            (b"\x89HDF", "an HDF5 file"),
            (b"version https://git-lfs", "a Git LFS pointer; fetch the file itself"),
            (b"<", "an HTML page"),
        )
        if content.startswith(start)
    )
    return next(kinds, "")
