"""Stored bytes to an array, a piece at a time: values are checked while they are in the cache."""

import math
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..errors import ModelFileError
from ..workers import Workers
from .tensor_source import DTYPES, Array, TensorInfo

ALIGNMENT = 64  # bytes: a cache line, and the widest vector register
# Read and checked at a time: still in the second cache when it is looked at. 8 divides both.
PIECE_BYTES = 1 << 18
# Of several threads: so much that waiting for the interpreter's lock in between does not matter.
SHARED_PIECE_BYTES = 1 << 22
ALONE = Workers(1)

# NumPy asks the system for huge pages for arrays from here on; smaller ones are what costs faults.
LARGE = 1 << 22

# Fill a view of bytes with what stands from a byte on, as `OpenFile.read_into` does.
ReadInto = Callable[[memoryview, int], None]
# Flat memory for so many values of a type.
Empty = Callable[[int, np.dtype[Any]], Array]

# What the array becomes: half precision is widened, which is exact; the rest stays as it is.
_WIDENED: dict[str, np.dtype[Any]] = {
    "F16": np.dtype(np.float32),
    "BF16": np.dtype(np.float32),
    "BOOL": np.dtype(np.bool_),
}


def aligned_empty(count: int, dtype: np.dtype[Any]) -> Array:
    """Memory for `count` values, flat, writable, aligned as every tensor is."""
    size = count * dtype.itemsize
    buffer = np.empty(size + ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    return buffer[start : start + size].view(dtype)


def read_array(
    read_into: ReadInto,
    start: int,
    info: TensorInfo,
    where: str,
    workers: Workers = ALONE,
    empty: Empty = aligned_empty,
) -> Array:
    """One tensor whose values lie in C order, little-endian, from byte `start` on.

    Args:
        read_into: reads the file; called with rising positions, each byte once.
        start: of the first value, in bytes.
        info: type and shape, checked before: the file has that many bytes.
        where: file and tensor, the start of a message.
        workers: threads that read and check at once, of a file where they can.
        empty: makes the array, aligned as `aligned_empty` does.

    Returns:
        As `TensorSource.read`.

    Raises:
        ModelFileError: a float that is NaN or infinite, or a BOOL that is neither 0 nor 1.
    """
    dtype, shape = info
    stored = DTYPES[dtype]
    array = empty(math.prod(shape), _WIDENED.get(dtype, stored.newbyteorder("=")))
    # Bytes that are the array's already need no detour.
    direct = array.dtype == stored
    step = (PIECE_BYTES if workers.num_threads == 1 else SHARED_PIECE_BYTES) // stored.itemsize

    def read(first: int) -> None:
        piece = array[first : first + step]
        raw = piece if direct else np.empty(len(piece), stored)
        read_into(raw.data.cast("B"), start + first * stored.itemsize)
        if not direct:
            _convert(raw, piece, dtype, where)
        if array.dtype.kind == "f" and not _all_finite(piece):
            raise ModelFileError(
                f"{where}: holds NaN or infinity; the file is damaged, or its training went wrong."
            )

    workers.each(read, range(0, len(array), step))
    array.flags.writeable = False
    return array.reshape(shape)


def _all_finite(piece: Array) -> bool:
    """Whether no value is NaN or infinite.

    Read as integers, those are the largest of positive sign, and so are those of negative sign
    among all: two maxima, which need no array of answers and no lock of the interpreter.
    """
    (signed, infinity), (unsigned, minus_infinity) = _infinities(piece.dtype)
    return bool(piece.view(signed).max() < infinity and piece.view(unsigned).max() < minus_infinity)


@cache
def _infinities(dtype: np.dtype[Any]) -> tuple[tuple[str, int], tuple[str, int]]:
    """Integers as wide as a float, and what its infinities are as those."""
    signed, unsigned = f"i{dtype.itemsize}", f"u{dtype.itemsize}"
    infinity = np.array([np.inf, -np.inf], dtype)
    return (signed, int(infinity.view(signed)[0])), (unsigned, int(infinity.view(unsigned)[1]))


def _convert(raw: Array, piece: Array, dtype: str, where: str) -> None:
    if dtype == "BOOL" and raw.max() > 1:
        raise ModelFileError(f"{where}: a BOOL byte is neither 0 nor 1.")
    if dtype == "BF16":
        piece.view(np.uint32)[...] = raw.astype(np.uint32) << 16
    else:
        with np.errstate(invalid="ignore"):  # widening a signalling NaN, which is refused
            piece[...] = raw


class SpareMemory(threading.local):
    """Memory of tensors that nobody has any more, for the next ones that the same thread reads.

    Whoever packs layer after layer would else get fresh pages for each of them, which the system
    has to clear: that took a fourth of the time of reading and packing a model.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, list[Array]] = {}  # by size

    def empty(self, count: int, dtype: np.dtype[Any]) -> Array:
        """As `aligned_empty`."""
        size = count * dtype.itemsize
        if size >= LARGE:
            return aligned_empty(count, dtype)
        blocks = self._blocks.setdefault(size, [])
        for block in blocks:
            if _references(block) == UNSHARED:
                return block.view(dtype)
        blocks.append(aligned_empty(size, np.dtype(np.uint8)))
        return blocks[-1].view(dtype)


def _references(block: Array) -> int:
    """To the memory of a block. NumPy lets every view of it refer to the array that owns it."""
    return sys.getrefcount(block.base)


UNSHARED = _references(aligned_empty(1, np.dtype(np.uint8)))
