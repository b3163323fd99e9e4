"""Reading model.safetensors: the safetensors package parses, this file trusts nothing.

What is accepted here is a subset of what the package accepts, with equal values. The arrays that
leave are fit for a kernel: owned, finite, aligned, contiguous, and never written again.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelFileError
from ..files import read_file
from .safetensors_header import DTYPES, read_header

MAX_FILE_BYTES = 8 << 30
ALIGNMENT = 64  # bytes: a cache line, and the widest vector register

Array = npt.NDArray[Any]

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
    header = read_header(content, path)
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
