"""Ids to a .npy or .jsonl file, whole or not at all."""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..errors import InputError
from ..text.batch import Array


def json_line(text: str, ids: Array) -> str:
    """One object with the text and its ids, and a newline."""
    numbers = ", ".join(map(str, ids.tolist()))
    return f'{{"text": {json.dumps(text, ensure_ascii=False)}, "input_ids": [{numbers}]}}\n'


def write_ids(path: Path, texts: Sequence[str], rows: Iterable[Array], pad_id: int) -> int:
    """Write one row for each text and return the number of tokens without padding.

    .npy holds int32 [texts, longest row], padded on the right with `pad_id`; .jsonl one object
    {"text", "input_ids"} a line.

    Raises:
        InputError: the file cannot be written; nothing is left behind.
    """
    tokens = 0
    with _whole_file(path) as stream:
        if path.suffix == ".npy":
            ragged = list(rows)
            tokens = sum(map(len, ragged))
            ids_BL = np.full((len(ragged), max(map(len, ragged), default=0)), pad_id, np.int32)
            for row_L, ids in zip(ids_BL, ragged, strict=True):
                row_L[: len(ids)] = ids
            np.save(stream, ids_BL)
        else:
            for text, ids in zip(texts, rows, strict=True):
                stream.write(json_line(text, ids).encode())
                tokens += len(ids)
    return tokens


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A stream beside the target that takes its name at the end; a reader sees old or new."""
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0o077)  # it can only be read by setting it
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp's files are private
        temporary.replace(path)
        temporary = None
    except OSError as failure:
        # NumPy reports a full disk in words of its own, without a number
        raise InputError(f"{path}: cannot be written: {failure.strerror or failure}.") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
