"""Arrays of an .npz file, read closed: a zip of .npy entries, numbers and strings, no pickle.

NumPy's own reader would do for files of friends. This one also compares, before it takes memory,
what an entry says of its shape with the bytes that it has.

Source: NEP 1, "A Simple File Format for NumPy Arrays"; versions 1.0 and 2.0.
"""

import math
import struct
import tokenize
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..errors import InputError
from ..files import open_file

MAX_BYTES = 1 << 32  # of all entries together, unpacked
_KINDS = "fiubUS"
# What zipfile, zlib and NumPy's parser of headers raise at damaged files.
_DAMAGED = (
    AttributeError,
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of a file, by name, in native byte order.

    Raises:
        InputError: the file is missing or no regular file, is no zip of arrays, is damaged, has
            more than MAX_BYTES, or an array of another kind than numbers and strings.
    """
    with open_file(path, MAX_BYTES, InputError):
        pass  # a FIFO or a device would block
    found: dict[str, NDArray[Any]] = {}
    entry = ""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            size = sum(info.file_size for info in infos)
            if size > MAX_BYTES:
                raise InputError(f"{path}: {size} bytes unpacked, at most {MAX_BYTES} are read.")
            for info in infos:
                entry = info.filename
                name = entry.removesuffix(".npy")
                if name == entry or name in found:
                    what = "is no .npy" if name == entry else "is there twice"
                    raise InputError(f"{path}: {entry!r:.80} {what}.")
                with archive.open(info) as stream:
                    found[name] = _read_array(stream, info.file_size)
    except InputError:
        raise
    except _DAMAGED as failure:
        where = f"{path}: {entry!r:.80}" if entry else f"{path}"
        raise InputError(
            f"{where}: is no .npz file that can be read: {str(failure)[:120] or 'damaged'}; "
            "write it by numpy.savez."
        ) from None
    return found


def _read_array(stream: IO[bytes], size: int) -> NDArray[Any]:
    """One entry.

    Raises:
        ValueError: it is none of the arrays that are read here, or another of `_DAMAGED`.
    """
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version = npy.read_magic(stream)
    if version not in readers:
        raise ValueError(f"format version {version} is not read")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that Python 2 wrote
        shape, by_columns, dtype = readers[version](stream)
    if dtype.kind not in _KINDS or (dtype.kind == "f" and dtype.itemsize > 8) or not dtype.itemsize:
        raise ValueError(f"holds {dtype}, and only numbers and strings are read")
    count = math.prod(shape)
    held = size - stream.tell()
    if min(shape, default=0) < 0 or count * dtype.itemsize != held:
        raise ValueError(f"{dtype} of shape {shape} does not fit its {held} bytes")
    flat = np.frombuffer(stream.read(held), dtype)
    array = flat.reshape(shape, order="F" if by_columns else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)
