"""Vectors to a .npy or .jsonl file, whole or not at all."""

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

SUFFIXES = (".npy", ".jsonl")


def checked_output(path: Path) -> Path:
    """The path, if a file of a known format can be written there.

    Raises:
        InputError: another suffix, a folder that is not there, or a folder in the file's place.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path}: the name must end in {' or '.join(SUFFIXES)}.")
    try:
        if not path.parent.is_dir():
            raise InputError(f"{path}: the folder {path.parent} does not exist; make it first.")
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name a file.")
    except OSError as failure:
        raise InputError(f"{path}: cannot be written: {failure.strerror}.") from None
    return path


def write_vectors(path: Path, texts: Sequence[str], vectors_BD: NDArray[np.float32]) -> None:
    """Write beside the target, then rename: a reader sees the old file or the new one.

    .npy holds float32 [n, features]; .jsonl one object {"text", "embedding"} a line, whose numbers
    are the shortest that read back to the same float32.

    Raises:
        InputError: the file cannot be written; nothing is left behind.
    """
    temporary: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            if path.suffix == ".npy":
                np.save(stream, vectors_BD)
            else:
                _write_jsonl(stream, texts, vectors_BD)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())  # mkstemp's files are private
        temporary.replace(path)
        temporary = None
    except OSError as failure:
        # NumPy reports a full disk in words of its own, without a number
        raise InputError(f"{path}: cannot be written: {failure.strerror or failure}.") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _write_jsonl(stream: BinaryIO, texts: Sequence[str], vectors_BD: NDArray[np.float32]) -> None:
    for text, vector_D in zip(texts, vectors_BD, strict=True):
        numbers = ",".join(str(value) for value in vector_D)
        line = f'{{"text": {json.dumps(text, ensure_ascii=False)}, "embedding": [{numbers}]}}\n'
        stream.write(line.encode())


def _umask() -> int:
    mask = os.umask(0o077)  # it can only be read by setting it
    os.umask(mask)
    return mask
