"""Reading pytorch_model.bin without torch; nothing that is in the file is run.

`torch_state` says what is in it, here its values are read: those that are asked for and no others.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..errors import ModelFileError
from ..files import OpenFile, open_file
from .read_array import read_array
from .safetensors_file import MAX_FILE_BYTES
from .tensor_source import DTYPES, Array, TensorInfo
from .torch_records import TensorRef
from .torch_state import read_state
from .torch_zip import Record, Summed, check_crc


class TorchFile:
    """An open checkpoint whose structure was checked, a `TensorSource`.

    Attributes:
        entries: what tensors the state dict holds.
        size: of the file, in bytes.
        path: of the file.
    """

    format = "torch"

    def __init__(
        self,
        file: OpenFile,
        tensors: Mapping[str, TensorRef],
        records: Mapping[str, Record],
        path: Path,
    ) -> None:
        self._file = file
        self._tensors = tensors
        self._records = records
        self._undamaged: set[str] = set()  # keys of storages
        self.entries = {
            name: TensorInfo(tensor.storage.dtype, tensor.shape) for name, tensor in tensors.items()
        }
        self.size = file.size
        self.path = path

    def read(self, name: str) -> Array:
        """One tensor, as `TensorSource.read` says; a view of any strides comes in C order.

        Raises:
            ModelFileError: a check sum that does not fit, a float that is NaN or infinite, or a
                BOOL that is neither 0 nor 1.
        """
        tensor, info = self._tensors[name], self.entries[name]
        where = f"{self.path}: tensor {name!r}"
        key = tensor.storage.key
        record = self._records[key]
        start = record.start + tensor.offset * DTYPES[info.dtype].itemsize
        dense = _is_dense(tensor)
        if dense and math.prod(tensor.shape) == tensor.storage.count and record.crc is not None:
            # The usual case: one reading for the values and the check sum.
            summed = Summed(self._file)
            array = read_array(summed.read_into, start, info, where)
            summed.check(record.crc, where)
            self._undamaged.add(key)
            return array
        if key not in self._undamaged:
            check_crc(self._file, record, where)
            self._undamaged.add(key)
        if dense:
            return read_array(self._file.read_into, start, info, where)
        values = self._in_c_order(tensor, start).data.cast("B")

        def from_memory(view: memoryview, first: int) -> None:
            view[:] = values[first : first + len(view)]

        return read_array(from_memory, 0, info, where)

    def _in_c_order(self, tensor: TensorRef, start: int) -> Array:
        stored = DTYPES[tensor.storage.dtype]
        span = np.empty(tensor.span, stored)
        self._file.read_into(span.data.cast("B"), start)
        # An axis of length 1 takes no step, whatever its stride.
        pairs = zip(tensor.shape, tensor.strides, strict=True)
        strides = [stride * stored.itemsize if size > 1 else 0 for size, stride in pairs]
        view: Array = np.ndarray(tensor.shape, stored, span.data, strides=strides)
        return np.ascontiguousarray(view).reshape(-1)


def _is_dense(tensor: TensorRef) -> bool:
    """Whether the values lie side by side in C order."""
    step = 1
    for size, stride in zip(reversed(tensor.shape), reversed(tensor.strides), strict=True):
        if size != 1 and stride != step and 0 not in tensor.shape:
            return False
        step *= size
    return True


@contextmanager
def open_torch(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Iterator[TorchFile]:
    """Open a checkpoint and check its structure.

    Raises:
        ModelFileError: not a readable regular file, not what torch writes for a plain state dict,
            one that two readers could understand differently, or a file that changes while it is
            open.
    """
    with open_file(path, max_bytes, ModelFileError) as file:
        tensors, records = read_state(file, str(path))
        yield TorchFile(file, tensors, records, path)
