"""What a tokenizer is made into, kept beside the object code for the next start.

Reading a large vocabulary with all checks, and making tables of it, takes longer than all else of a
start. What is kept is found by a hash of everything it was made from, sealed with a hash of itself,
and read only from a directory that nobody else may write to; in any trouble it is made again.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from ..kernels.objects import sealed, store
from ..kernels.objects.files_hash import files_hash
from ..kernels.objects.sealed import Sealed, seal

# Folders and files of the package that have a part in what is kept, or may come to have one.
SOURCES = ("version.py", "fields.py", "files.py", "text", "kernels/text", "kernels/objects")


def key_of(*parts: bytes | bytearray | None) -> str:
    """A hash of what something is made from, and of the code that makes it; None: is not there."""
    digest = hashlib.sha256(_sources())
    for part in parts:
        length = -1 if part is None else len(part)
        digest.update(length.to_bytes(8, "little", signed=True))
        digest.update(part or b"")
    return digest.hexdigest()[:32]


def find(kind: str, key: str) -> Sealed | None:
    """(about, body) as `keep` got them; None where it is not there, or not as it was."""
    name = _name(kind, key)
    return sealed.find(name, name)


def keep(kind: str, key: str, about: dict[str, Any], body: bytes) -> None:
    """Keep it in the first directory that can be had, if there is one.

    Args:
        kind: first word of the file's name.
        key: of `key_of`.
        about: what JSON can say.
        body: the rest.
    """
    name = _name(kind, key)
    store.keep(name, seal({**about, "key": name}, body))


def _name(kind: str, key: str) -> str:
    return f"{kind}-{key}.tables"


@cache
def _sources() -> bytes:
    package = Path(__file__).parent.parent
    return files_hash(package, *(package / name for name in SOURCES)).encode()
