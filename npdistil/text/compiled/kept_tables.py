"""The kernels' tables of a large vocabulary, made once and kept."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...kernels.objects.sealed import Sealed
from ...kernels.objects.store import ALIGNMENT
from ...kernels.text.forms import TextTables
from ..kept import find, keep
from ..settings import TokenizerSettings
from ..vocab import Vocabulary
from .build_trie import frozen

KIND = "tokenizer"


def kept_tables(
    key: str | None,
    settings: TokenizerSettings,
    vocabulary: Vocabulary,
    added: Mapping[str, int],
) -> TextTables:
    """As `text_tables`, from the private directory if they are kept there.

    Args:
        key: tells these settings, this vocabulary and these tokens from all others; None: keep
            nothing.
        settings: as for `text_tables`.
        vocabulary: likewise.
        added: likewise.
    """
    found = None if key is None else find(KIND, key)
    if found is not None:
        return _unpacked(found)
    from .tables import text_tables  # late, as most starts find them

    tables = text_tables(settings, vocabulary, added)
    if key is None:
        return tables
    shape, arrays = _flattened(tables), list(_arrays(tables))
    body = b"".join(_filled_up(array.tobytes()) for array in arrays)
    keep(KIND, key, {"tables": shape}, body)
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
    content = np.frombuffer(body, np.uint8)  # aligned, as the store reads and `seal` lays out
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
