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

Sealed = tuple[dict[str, Any], memoryview]  # what is large is not copied


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
    body = content.find(b"\n", len(MAGIC) + 1) + 1
    code = content.find(b"\n", body) + 1
    digest = hashlib.sha256(memoryview(content)[body:]).hexdigest().encode()
    if content[:body] != MAGIC + b"\n" + digest + b"\n":
        return None
    manifest: dict[str, Any] = json.loads(content[body:code])  # whole: this package wrote it
    return (manifest, memoryview(content)[code:]) if manifest["key"] == key else None
