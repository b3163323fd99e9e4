"""Reading model.safetensors: what the safetensors package would refuse is refused, and more.

What is accepted here is a subset of what the package accepts, with equal values. The arrays that
leave are fit for a kernel: owned, finite, aligned, contiguous, and never written again.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelFileError
from ..files import OpenFile, open_file
from .safetensors_header import DTYPES, Entry, read_header

MAX_FILE_BYTES = 8 << 30
ALIGNMENT = 64  # bytes: a cache line, and the widest vector register
# Read and checked at a time: still in the second cache when it is looked at. 8 divides it.
PIECE_BYTES = 1 << 18

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
    """All tensors of a file, with the types they have on disk; see `TensorFile.read`.

    Raises:
        ModelFileError: as `open_tensors` and `TensorFile.read`.
    """
    with open_tensors(path, max_bytes) as file:
        return StoredTensors(
            arrays={name: file.read(name) for name in file.entries},
            dtypes={name: entry.dtype for name, entry in file.entries.items()},
            file_bytes=file.size,
        )


class TensorFile:
    """An open file whose header was checked; its tensors are read one by one.

    Attributes:
        entries: what the header says of each tensor.
        size: of the file, in bytes.
    """

    def __init__(self, file: OpenFile, entries: Mapping[str, Entry], path: Path) -> None:
        self._file = file
        self._path = path
        self.entries = entries
        self.size = file.size

    def read(self, name: str) -> Array:
        """One tensor, straight into memory of its own.

        In C order, native byte order, aligned to 64 bytes and read-only. F16 and BF16 become
        float32, F64 stays float64.

        Raises:
            ModelFileError: a float that is NaN or infinite, or a BOOL that is neither 0 nor 1.
        """
        dtype, shape, start = self.entries[name]
        stored = DTYPES[dtype]
        array = _aligned_empty(math.prod(shape), _WIDENED.get(dtype, stored.newbyteorder("=")))
        # Bytes that are the array's already need no detour.
        direct = array.dtype == stored
        step = PIECE_BYTES // stored.itemsize
        room = np.empty(0 if direct else min(step, len(array)), stored)
        for first in range(0, len(array), step):
            piece = array[first : first + step]
            raw = piece if direct else room[: len(piece)]
            self._file.read_into(raw.data.cast("B"), start + first * stored.itemsize)
            if not direct:
                self._convert(raw, piece, name, dtype)
            if array.dtype.kind == "f" and not np.isfinite(piece).all():
                raise ModelFileError(f"{self._path}: tensor {name!r}: holds NaN or infinity.")
        array.flags.writeable = False
        return array.reshape(shape)

    def _convert(self, raw: Array, piece: Array, name: str, dtype: str) -> None:
        if dtype == "BOOL" and raw.max() > 1:
            raise ModelFileError(f"{self._path}: tensor {name!r}: a BOOL byte is neither 0 nor 1.")
        if dtype == "BF16":
            piece.view(np.uint32)[...] = raw.astype(np.uint32) << 16
        else:
            with np.errstate(invalid="ignore"):  # widening a signalling NaN, which is refused
                piece[...] = raw


@contextmanager
def open_tensors(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Iterator[TensorFile]:
    """Open a file and check its header, here and by the safetensors package.

    Raises:
        ModelFileError: not a readable regular file, not a safetensors file, one that two readers
            could understand differently, an unsupported dtype, or a file that changes while it is
            open.
    """
    with open_file(path, max_bytes, ModelFileError) as file:
        entries = read_header(file, path)
        _ask_the_package(path)
        yield TensorFile(file, entries, path)


def _ask_the_package(path: Path) -> None:
    """It maps the file and reads no more than the header."""
    # Imported at the first read, so that `import npdistil` stays light.
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
    except SafetensorError as failure:
        raise ModelFileError(f"{path}: not a valid safetensors file: {failure}.") from None


def _aligned_empty(count: int, dtype: np.dtype[Any]) -> Array:
    size = count * dtype.itemsize
    buffer = np.empty(size + ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    return buffer[start : start + size].view(dtype)
