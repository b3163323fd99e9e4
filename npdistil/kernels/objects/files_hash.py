"""What the package's own files say, as one hash: for what is kept and was made by them."""

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path


def files_hash(root: Path, *places: Path) -> str:
    """A hash of Python files: those named, those below the folders named, and where they are."""
    digest = hashlib.sha256()
    behind = len(str(root)) + 1
    # Every start does this, and for so many files pathlib would take longer than reading them.
    for place in places:
        for path in sorted(_python_files(str(place))) if place.is_dir() else [str(place)]:
            with io.FileIO(path) as stream:
                content = stream.readall()
            digest.update(path[behind:].replace(os.sep, "/").encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def _python_files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _python_files(entry.path)
            elif entry.name.endswith(".py"):
                yield entry.path
