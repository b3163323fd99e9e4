"""Object code as it is kept: one file that says what it is, with the hash of all of it.

npdistil object code 1
sha256 of everything behind this line
the manifest, JSON on one line
object code
"""

import hashlib
import json
from typing import Any

from . import store

MAGIC = b"npdistil object code 1"

Sealed = tuple[dict[str, Any], bytes]


def seal(manifest: dict[str, Any], code: bytes) -> bytes:
    """Manifest and code as the content of one file."""
    body = json.dumps(manifest, sort_keys=True).encode() + b"\n" + code
    return MAGIC + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def find(name: str, key: str) -> Sealed | None:
    """(manifest, code) of the file that is kept, whole and ours; None: there is none."""
    for directory in store.directories():
        content = store.read(directory, name)
        if content is not None and (found := unseal(content, key)) is not None:
            return found
    return None


def unseal(content: bytes, key: str) -> Sealed | None:
    """(manifest, code), if every byte is as it was sealed, and for this key; else None."""
    magic, _, rest = content.partition(b"\n")
    digest, _, body = rest.partition(b"\n")
    if magic != MAGIC or hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    text, _, code = body.partition(b"\n")
    manifest: dict[str, Any] = json.loads(text)  # whole: it was this package that wrote it
    return (manifest, code) if manifest["key"] == key else None
