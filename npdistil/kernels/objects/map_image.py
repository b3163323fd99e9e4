"""An image to functions: memory that is filled, then executed and never written to again."""

import ctypes
import mmap
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What object code may ask of the process that loads it. LLVM makes calls of the first five itself.
LIBRARY = {"memcpy", "memmove", "memset", "fmaf", "sqrtf", "sched_yield", "SwitchToThread"}
PAGE = 4096  # bytes; of every x86-64 processor
WORD = 8  # bytes of an address


def map_image(manifest: Mapping[str, Any], content: memoryview) -> dict[str, int] | None:
    """Map it for good.

    Args:
        manifest: fields of `link.Image` but the content.
        content: as it was linked, whole and ours: nothing of it is checked.

    Returns:
        addresses of its functions, by symbol; None where the system does not let us, or lacks a
        function.
    """
    if mmap.PAGESIZE != PAGE or not set(manifest["system"]) <= LIBRARY:
        return None
    try:
        system = ctypes.CDLL(None, use_errno=True)
        base = _memory(system, len(content))
        memory = (ctypes.c_ubyte * len(content)).from_address(base)
        image = np.frombuffer(memoryview(memory), np.uint8)
        image[:] = content
        _add(image, manifest["own"], base)
        for name, places in manifest["system"].items():
            _add(image, places, ctypes.cast(system[name], ctypes.c_void_p).value or 0)
        code_bytes = manifest["code_bytes"]
        _protect(system, base, code_bytes, mmap.PROT_READ | mmap.PROT_EXEC)
        _protect(system, base + code_bytes, len(content) - code_bytes, mmap.PROT_READ)
    except (AttributeError, OSError):
        return None
    return {symbol: base + start for symbol, start in manifest["entries"].items()}


def _memory(system: ctypes.CDLL, size: int) -> int:
    """Whole pages that are never given back: threads may still run in them as the process ends."""
    system.mmap.restype = ctypes.c_void_p
    system.mmap.argtypes = (
        *(ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int),
        *(ctypes.c_int, ctypes.c_int, ctypes.c_ssize_t),
    )
    access, kind = mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    address = system.mmap(None, size, access, kind, -1, 0)
    if address is None or address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(address)


def _protect(system: ctypes.CDLL, address: int, size: int, access: int) -> None:
    system.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    if size and system.mprotect(address, size, access):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _add(image: NDArray[np.uint8], places: Sequence[int], address: int) -> None:
    """Add an address to words, which need not be aligned."""
    bytes_NW = np.add.outer(np.array(places, np.int64), np.arange(WORD))
    words_N = image[bytes_NW].view("<u8") + np.uint64(address)
    image[bytes_NW] = words_N.view(np.uint8)
