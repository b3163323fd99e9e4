"""The header of a safetensors file: who is in it, of which type and shape, checked strictly.

The file is 8 bytes of header length, a JSON header, then the tensors' bytes. Only a pass of our
own over the header sees what the safetensors package takes without a word: duplicate names, lists
in the place of objects and unknown fields, with which two readers could see two models.
"""

import math
from pathlib import Path

from ..errors import ModelFileError
from ..files import OpenFile, parse_json
from ..named_tuple import NamedTuple
from .foreign import foreign
from .tensor_source import DTYPES

MAX_HEADER_BYTES = 16 << 20  # a BERT header has less than 100 KB
MAX_METADATA_BYTES = 64 << 10
MAX_TENSORS = 100_000
MAX_NAME = 512
MAX_DIMS = 8
MAX_DIM = 1 << 48

# How other files begin.
_FOREIGN = {
    b"PK\x03\x04": "a zip archive; a PyTorch checkpoint must be named pytorch_model.bin",
    b"\x80": "a pickle, which is never executed",
}
_FOREIGN_BYTES = 64


class Entry(NamedTuple):
    """One tensor as the header describes it."""

    dtype: str  # a key of DTYPES
    shape: tuple[int, ...]
    start: int  # byte in the file


def read_header(file: OpenFile, path: Path) -> dict[str, Entry]:
    """What tensors the file holds by name, in the order of the header.

    Raises:
        ModelFileError: sizes, JSON, names, fields, dtypes, shapes or ranges are not as they must
            be, or the tensors do not fill the rest of the file.
    """
    if file.size < 8:
        raise ModelFileError(
            f"{path}: {file.size} bytes are no safetensors file; was the download cut?"
        )
    begin = file.read_at(0, min(file.size, _FOREIGN_BYTES))
    length = int.from_bytes(begin[:8], "little")
    if not 2 <= length <= min(MAX_HEADER_BYTES, file.size - 8):
        raise ModelFileError(
            f"{path}: not a safetensors file{foreign(begin, _FOREIGN)}: its header would have "
            f"{length} bytes, with {file.size} in the file."
        )
    source = f"{path}: header"
    header = parse_json(file.read_at(8, length), source, ModelFileError)
    if not isinstance(header, dict):
        raise ModelFileError(f"{source}: expected a JSON object, received an array or a value.")
    _check_metadata(header.pop("__metadata__", None), source)
    if len(header) > MAX_TENSORS:
        raise ModelFileError(
            f"{source}: {len(header)} tensors, at most {MAX_TENSORS} are accepted."
        )
    entries = {name: _read_entry(name, entry, source, 8 + length) for name, entry in header.items()}
    needed = sum(math.prod(shape) * DTYPES[dtype].itemsize for dtype, shape, _ in entries.values())
    if needed != file.size - 8 - length:
        raise ModelFileError(
            f"{path}: the header describes {needed} bytes of tensors, the file holds "
            f"{file.size - 8 - length}; was the download cut?"
        )
    return entries


def _check_metadata(metadata: object, source: str) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ModelFileError(f"{source}: __metadata__ must map strings to strings.")
    if sum(len(key) + len(value) for key, value in metadata.items()) > MAX_METADATA_BYTES:
        raise ModelFileError(f"{source}: more than {MAX_METADATA_BYTES} bytes of __metadata__.")


def _read_entry(name: str, entry: object, source: str, data: int) -> Entry:
    """Check one tensor's description; the tensors' bytes begin at byte `data`."""
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
    return Entry(dtype, tuple(shape), data + offsets[0])


def _are_sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)
