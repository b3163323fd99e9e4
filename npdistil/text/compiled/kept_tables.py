"""The kernels' tables of a large vocabulary, made once and kept."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ...kernels.objects.sealed import Sealed
from ...kernels.text.forms import TextTables
from ..kept import FEWEST_TOKENS, find, keep, key_of
from ..settings import TokenizerSettings
from ..vocab import Vocabulary
from .build_trie import frozen
from .tables import text_tables

ALIGNMENT = 64


def kept_tables(
    settings: TokenizerSettings, vocabulary: Vocabulary, added: Mapping[str, int]
) -> TextTables:
    """As `text_tables`, from the private directory if they are kept there."""
    if len(vocabulary.pieces) < FEWEST_TOKENS:
        return text_tables(settings, vocabulary, added)
    pieces = vocabulary.pieces
    key = key_of(
        json.dumps([asdict(settings), added, vocabulary.ids[settings.unk_token]]).encode(),
        "".join(pieces).encode(),
        np.fromiter(map(len, pieces), "<i8", len(pieces)).tobytes(),
        np.fromiter(pieces.values(), "<i8", len(pieces)).tobytes(),
        np.dtype(np.int32).str.encode(),  # the order of bytes
    )
    found = find("tokenizer", key)
    if found is not None:
        return _unpacked(found)
    tables = text_tables(settings, vocabulary, added)
    shape, arrays = _flattened(tables), list(_arrays(tables))
    body = b"".join(_filled_up(array.tobytes()) for array in arrays)
    keep("tokenizer", key, {"tables": shape}, body)
    return tables


def _flattened(value: Any) -> Any:
    """Tuples as lists, numbers as they are, arrays as [type, length] in an object."""
    if isinstance(value, tuple):
        return [_flattened(part) for part in value]
    if isinstance(value, np.ndarray):
        return {"array": [value.dtype.str, len(value)]}
    return int(value)


def _arrays(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    if isinstance(value, tuple):
        for part in value:
            yield from _arrays(part)
    elif isinstance(value, np.ndarray):
        yield value


def _filled_up(content: bytes) -> bytes:
    return content + bytes(-len(content) % ALIGNMENT)


def _unpacked(found: Sealed) -> TextTables:
    about, body = found
    memory = np.empty(len(body) + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    content = memory[start : start + len(body)]
    content[...] = np.frombuffer(body, np.uint8)
    place = 0

    def read(value: Any, kind: Any) -> Any:
        nonlocal place
        if isinstance(value, list):
            kinds = kind.__annotations__.values()
            return kind(*map(read, value, kinds))
        if isinstance(value, dict):
            dtype, length = value["array"]
            size = np.dtype(dtype).itemsize * length
            array = content[place : place + size].view(dtype)
            place += size + -size % ALIGNMENT
            return frozen(array)
        return value

    tables: TextTables = read(about["tables"], TextTables)
    return tables
