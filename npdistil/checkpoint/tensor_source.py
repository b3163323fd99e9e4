"""What every format of weights gives: types and shapes at once, values tensor by tensor.

A format is a file with one function, a context manager that opens a path and gives a
`TensorSource`; whatever it accepts, the arrays that leave are fit for a kernel.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..named_tuple import NamedTuple

Array = npt.NDArray[Any]

# Name of a type -> type of the stored bytes. BF16 is the upper half of a float32.
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


class TensorInfo(NamedTuple):
    """One tensor as the file describes it."""

    dtype: str  # a key of DTYPES
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of its values as they are stored."""
        return math.prod(self.shape) * DTYPES[self.dtype].itemsize


class TensorSource(Protocol):
    """Open weights: all that a header says was checked, no value was read yet."""

    @property
    def entries(self) -> Mapping[str, TensorInfo]:
        """What is in it by name, in the order of the file."""

    @property
    def size(self) -> int:
        """Bytes on disk, those of all shards together."""

    @property
    def format(self) -> str:
        """Which format it is: "safetensors", "torch" or "h5"."""

    @property
    def path(self) -> Path:
        """The file, or the index of several: the start of every message."""

    def read(self, name: str) -> Array:
        """One tensor, straight into memory of its own.

        In C order, native byte order, aligned to 64 bytes and read-only. F16 and BF16 become
        float32, F64 stays float64.

        Raises:
            ModelFileError: its values are damaged: NaN, infinity, or bytes that no such tensor has.
        """
