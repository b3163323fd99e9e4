"""Writing model.safetensors, the bytes that the safetensors package would write.

A tensor at a time, so that no more than one is in memory. Transformers refuses a file that does not
say {"format": "pt"}.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ..errors import InputError, ModelFileError
from .read_array import aligned_empty
from .tensor_source import DTYPES, Array, TensorInfo

METADATA = {"format": "pt"}
# The package writes the widest types first, so that every tensor is aligned; halves by name.
_ORDER = ("I64", "F64", "F32", "I32", "BF16", "F16", "I16", "I8", "U8", "BOOL")


def in_file_order(entries: Mapping[str, TensorInfo]) -> list[str]:
    """The names as the package orders them: by type, then by name."""
    return sorted(entries, key=lambda name: (_ORDER.index(entries[name].dtype), name))


def header_bytes(entries: Mapping[str, TensorInfo]) -> bytes:
    """Everything before the first tensor."""
    described: dict[str, object] = {"__metadata__": METADATA}
    end = 0
    for name in in_file_order(entries):
        dtype, shape = entries[name]
        start, end = end, end + math.prod(shape) * DTYPES[dtype].itemsize
        described[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def write_safetensors(
    path: Path, entries: Mapping[str, TensorInfo], stored: Callable[[str], Array]
) -> None:
    """Write a new file.

    Args:
        path: of the file, which must not exist.
        entries: type and shape of each tensor.
        stored: makes the values of one, in the file's own type; called in the file's order.

    Raises:
        InputError: the file cannot be written.
    """
    # Told here and at once: whoever has a source open would take an OSError for one of its own.
    try:
        with path.open("xb") as stream:
            stream.write(header_bytes(entries))
            for name in in_file_order(entries):
                stream.write(raw_bytes(stored(name)).data)
    except OSError as failure:
        raise InputError(f"{path}: cannot be written: {failure.strerror or failure}.") from None


def to_stored(array: Array, dtype: str, where: str) -> Array:
    """Values as a file of this type holds them.

    Halves are rounded to the nearest, ties to even, and float64 to float32 before, as torch does.

    Args:
        array: as `TensorSource.read` gives it.
        dtype: a key of DTYPES.
        where: file and tensor, the start of a message.

    Raises:
        ModelFileError: a value is too large for the type.
    """
    kind = DTYPES[dtype]
    if dtype in ("F16", "BF16"):
        array = to_stored(array, "F32", where)
    if dtype == "BF16":
        rounded = _bfloat16(array)
        overflown = (rounded & 0x7F80) == 0x7F80  # all bits of the exponent: infinity
    else:
        with np.errstate(over="ignore"):
            rounded = array.astype(kind, copy=False)
        if array.dtype.kind != "f" or kind.itemsize >= array.dtype.itemsize:
            return rounded
        overflown = np.isinf(rounded)
    if overflown.any():
        hint = "; float32 and bfloat16 hold larger values" if dtype == "F16" else ""
        raise ModelFileError(
            f"{where}: {float(np.abs(array).max()):.6g} is too large for {dtype}{hint}."
        )
    return rounded


def raw_bytes(values: Array) -> Array:
    """The bytes of an array in C order, as one row of uint8."""
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def _bfloat16(array: Array) -> Array:
    bits = array.view(np.uint32)
    rounded = aligned_empty(bits.size, np.dtype(np.uint16)).reshape(bits.shape)
    np.right_shift(bits + (0x7FFF + ((bits >> 16) & 1)), 16, out=rounded, casting="unsafe")
    return rounded
