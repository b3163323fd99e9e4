"""The format of torch before 1.6: five pickles, then the values of every storage, one by one."""

from typing import Any, NamedTuple

from ..errors import ModelFileError
from ..files import OpenFile
from .byte_stream import ByteStream
from .tensor_source import DTYPES
from .torch_pickle import MAX_PICKLE_BYTES, Pickled, read_pickle
from .torch_zip import Record

# The first two pickles, whole: torch's magic number 0x1950A86A20F9469CFC6C, and 1001.
SIGNATURE = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_PROTOCOL_1001 = b"\x80\x02M\xe9\x03."
_COUNT_BYTES = 8  # before the values of a storage: how many there are


class Legacy(NamedTuple):
    """What a file of the old format holds."""

    pickled: Pickled
    storages: dict[str, Record]  # by key; without check sums


def read_legacy(file: OpenFile, where: str) -> Legacy:
    """Read the pickles and find the storages; the values are not read.

    Raises:
        ModelFileError: not the old format, or pickles, keys and storages that contradict.
    """
    stream = ByteStream(file, len(SIGNATURE), len(SIGNATURE) + MAX_PICKLE_BYTES, where)
    if stream.take(len(_PROTOCOL_1001)) != _PROTOCOL_1001:
        raise ModelFileError(f"{where}: another version of torch's old format than 1001.")
    _check_system(read_pickle(stream, 6).value, where)
    pickled = read_pickle(stream, 6)
    keys = read_pickle(stream, 6).value
    if (
        type(keys) is not list
        or any(type(key) is not str for key in keys)
        or len(set(keys)) != len(keys)
        or set(keys) != pickled.storages.keys()
    ):
        raise ModelFileError(f"{where}: its list of storages is not that of its tensors.")
    records = {}
    at = stream.position
    for key in keys:
        storage = pickled.storages[key]
        start = at + _COUNT_BYTES
        at = start + storage.count * DTYPES[storage.dtype].itemsize
        if at > file.size:
            raise ModelFileError(f"{where}: ends in the middle; was the download cut?")
        said = file.read_at(start - _COUNT_BYTES, _COUNT_BYTES)
        if int.from_bytes(said, "little") != storage.count:
            raise ModelFileError(f"{where}: storage {key} has another size than its tensors say.")
        records[key] = Record(start, at - start, None)
    if at != file.size:
        raise ModelFileError(f"{where}: {file.size - at} bytes behind its last storage.")
    return Legacy(pickled, records)


def _check_system(system: Any, where: str) -> None:
    """What the machine was that wrote the file."""
    if type(system) is not dict or system.get("protocol_version") != 1001:
        raise ModelFileError(f"{where}: another version of torch's old format than 1001.")
    if system.get("little_endian") is not True:
        raise ModelFileError(f"{where}: was written on a big-endian machine, which is not read.")
