"""What a file's content is called: by its sha256, and by the name that git gives to it."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ..errors import ModelFileError
from ..files import open_file

CHUNK = 1 << 20
MAX_BYTES = 1 << 40  # more is no model file; what counts is that a device is never read


class Digest(Protocol):
    """The part of hashlib's objects that is used here."""

    def update(self, data: memoryview, /) -> None:
        """More of the content."""
        ...

    def hexdigest(self) -> str:
        """The hash of all of it."""
        ...


def sha256_of(path: Path) -> tuple[str, int]:
    """The sha256 of a regular file in hexadecimal, and its size in bytes.

    Raises:
        ModelFileError: it cannot be read, or changes meanwhile.
    """
    return _hashed(path, lambda _: hashlib.sha256())


def git_sha1_of(path: Path) -> tuple[str, int]:
    """The object name that git gives to a regular file's content, and its size in bytes.

    Source: Pro Git, section 10.2: the sha1 of "blob <size>\\0" and the content.

    Raises:
        ModelFileError: it cannot be read, or changes meanwhile.
    """
    # git's name for a content, and no proof against whoever wants two files of one name
    return _hashed(path, lambda size: hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False))


def _hashed(path: Path, start: Callable[[int], Digest]) -> tuple[str, int]:
    buffer = memoryview(bytearray(CHUNK))
    with open_file(path, MAX_BYTES, ModelFileError) as file:
        digest = start(file.size)
        for position in range(0, file.size, CHUNK):
            view = buffer[: min(CHUNK, file.size - position)]
            file.read_into(view, position)
            digest.update(view)
        return digest.hexdigest(), file.size
