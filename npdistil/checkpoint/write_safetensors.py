"""Writing model.safetensors, the bytes that the safetensors package would write.

A tensor at a time, so that no more than one is in memory. Transformers refuses a file that does not
say {"format": "pt"}.
"""

import json
from collections.abc import Callable, Mapping
from itertools import accumulate
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
        start, end = end, end + entries[name].nbytes
        described[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(described, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def whole_tensors(path: Path, entries: Mapping[str, TensorInfo]) -> int:
    """How many tensors, in the file's order, stand whole in what an interrupted write left.

    The header is compared and the length counted; whether the values are right nobody knows yet.
    0 as well where there is no such file.
    """
    header = header_bytes(entries)
    try:
        with path.open("rb") as stream:
            if stream.read(len(header)) != header:
                return 0
        length = path.stat().st_size
    except OSError:
        return 0
    return sum(end <= length for end in _ends(entries)[1:])


def write_safetensors(
    path: Path, entries: Mapping[str, TensorInfo], stored: Callable[[str], Array], whole: int = 0
) -> None:
    """Write a new file, or go on with one that was interrupted.

    Args:
        path: of the file, which must not exist, unless some of it is whole.
        entries: type and shape of each tensor.
        stored: makes the values of one, in the file's own type; called in the file's order.
        whole: so many tensors stay as they are in the file; see `whole_tensors`.

    Raises:
        InputError: the file cannot be written.
    """
    # Told here and at once: whoever has a source open would take an OSError for one of its own.
    try:
        with path.open("r+b" if whole else "xb") as stream:
            if whole:
                stream.truncate(stream.seek(_ends(entries)[whole]))
            else:
                stream.write(header_bytes(entries))
            for name in in_file_order(entries)[whole:]:
                stream.write(raw_bytes(stored(name)).data)
                stream.flush()  # a kill loses one tensor at most
    except OSError as failure:
        raise InputError(f"{path}: cannot be written: {failure.strerror or failure}.") from None


def _ends(entries: Mapping[str, TensorInfo]) -> list[int]:
    """Where the header ends in the file, then where each tensor does, in the file's order."""
    sizes = (entries[name].nbytes for name in in_file_order(entries))
    return [*accumulate(sizes, initial=len(header_bytes(entries)))]


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
