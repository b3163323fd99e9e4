"""From a torch checkpoint of either format to its state dict: names, views, places in the file."""

import math
from collections.abc import Mapping
from typing import Any

from ..errors import ModelFileError
from ..files import OpenFile
from .byte_stream import ByteStream
from .foreign import foreign
from .safetensors_header import MAX_NAME
from .tensor_source import DTYPES
from .torch_legacy import SIGNATURE as LEGACY
from .torch_legacy import read_legacy
from .torch_pickle import MAX_PICKLE_BYTES, Pickled, read_pickle
from .torch_records import TensorRef
from .torch_zip import Record, read_archive
from .zip_entries import SIGNATURE as ZIP

MAX_HELD, MAX_READ = 2, 8  # times the bytes of all storages
# Keys under which training scripts keep a state dict, beside numbers and texts.
_WRAPPERS = ("state_dict", "model")
_PLAIN = (type(None), bool, int, float, str)
_PICKLE = {b"\x80": "a pickle of something else, which is never executed"}
_TAR_AT, _TAR = 257, b"ustar"  # torch before 0.2


def read_state(file: OpenFile, where: str) -> tuple[dict[str, TensorRef], dict[str, Record]]:
    """The tensors of a state dict by name, and by key where their storages lie.

    Which format it is, the content says, never the file's name. The state dict may stand alone
    or under one of the two usual keys.

    Raises:
        ModelFileError: neither format, or anything in it that a plain state dict does not have.
    """
    if file.size == 0:
        raise ModelFileError(f"{where}: the file is empty; was the download cut?")
    begin = file.read_at(0, min(file.size, _TAR_AT + len(_TAR)))
    if begin.startswith(ZIP):
        pickled, records = _from_zip(file, where)
    elif begin.startswith(LEGACY):
        pickled, records = read_legacy(file, where)
    else:
        raise ModelFileError(
            f"{where}: not a torch checkpoint{_foreign(begin)}; expected what torch.save writes "
            f"for model.state_dict()."
        )
    tensors = _tensors(_state_dict(pickled.value, where), where)
    _check_volume(tensors, pickled, where)
    return tensors, records


def _from_zip(file: OpenFile, where: str) -> tuple[Pickled, dict[str, Record]]:
    archive = read_archive(file, where)
    start, size, _ = archive.pickle
    where = f"{where}: data.pkl"
    if size > MAX_PICKLE_BYTES:
        raise ModelFileError(f"{where}: {size} bytes, at most {MAX_PICKLE_BYTES} are accepted.")
    stream = ByteStream(file, start, start + size, where)
    pickled = read_pickle(stream)
    if not stream.at_end:
        raise ModelFileError(f"{where}: goes on behind its end.")
    if pickled.storages.keys() != archive.storages.keys():
        raise ModelFileError(f"{where}: names other storages than the archive has.")
    for key, storage in pickled.storages.items():
        found = archive.storages[key].size
        if found != storage.count * DTYPES[storage.dtype].itemsize:
            raise ModelFileError(
                f"{where}: storage {key} should be {storage.count} values of {storage.dtype} and "
                f"has {found} bytes."
            )
    return pickled, archive.storages


def _state_dict(value: Any, where: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise ModelFileError(f"{where}: holds one {type(value).__name__}, not a map of tensors.")
    wrappers = [key for key in _WRAPPERS if type(value.get(key)) is dict]
    if not wrappers:
        return value
    others = [key for key, item in value.items() if key != wrappers[0] and type(item) not in _PLAIN]
    if others:
        raise ModelFileError(
            f"{where}: holds more than a state dict: {others[0][:80]!r} beside {wrappers[0]!r}; "
            f"save model.state_dict() alone."
        )
    state: dict[str, Any] = value[wrappers[0]]
    return state


def _tensors(state: Mapping[str, Any], where: str) -> dict[str, TensorRef]:
    tensors = {}
    for name, item in state.items():
        if type(item) is TensorRef:
            if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
                raise ModelFileError(
                    f"{where}: tensor name {name[:80]!r} is empty, too long or not printable."
                )
            tensors[name] = item
        elif type(item) not in _PLAIN:
            raise ModelFileError(f"{where}: {name[:80]!r} is not a tensor.")
    return tensors


def _check_volume(tensors: Mapping[str, TensorRef], pickled: Pickled, where: str) -> None:
    """Tied weights are two or three names of one view; a thousand views of one storage are a bomb.

    Both counts matter: what the tensors hold, and what must be read when each name is asked for.
    """
    stored = sum(_bytes(kept.dtype, kept.count) for kept in pickled.storages.values())
    held = sum(_bytes(view.storage.dtype, math.prod(view.shape)) for view in set(tensors.values()))
    read = sum(_bytes(view.storage.dtype, view.span) for view in tensors.values())
    if held > MAX_HELD * stored or read > MAX_READ * stored:
        raise ModelFileError(
            f"{where}: {held} bytes of tensors, {read} to be read, from {stored} bytes of values."
        )


def _bytes(dtype: str, count: int) -> int:
    return count * DTYPES[dtype].itemsize


def _foreign(begin: bytes | bytearray) -> str:
    """What the file may be instead, for the message."""
    if begin[_TAR_AT:] == _TAR:
        return " but a tar archive, the format of torch before 0.2"
    return foreign(begin, _PICKLE)
