"""Object code as it is kept: one file that says what it is, with the hash of all of it.

npdistil object code 1
sha256 of everything behind this line
the manifest, JSON on one line, with spaces up to where memory is aligned
object code
"""

import hashlib
import json
import re
from typing import Any

from . import store

MAGIC = b"npdistil object code 1"
HEAD = len(MAGIC) + 1 + 64 + 1  # bytes of the first two lines

Sealed = tuple[dict[str, Any], memoryview]  # what is large is not copied


def seal(manifest: dict[str, Any], code: bytes) -> bytes:
    """Manifest and code as the content of one file."""
    line = json.dumps(manifest, sort_keys=True).encode()
    body = line + b" " * (-(HEAD + len(line) + 1) % store.ALIGNMENT) + b"\n" + code
    return MAGIC + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def find(name: str, key: str) -> Sealed | None:
    """(manifest, code) of the file that is kept, whole and ours; None: there is none."""
    for directory in store.directories():
        content = store.read(directory, name)
        if content is not None and (found := unseal(content, key)) is not None:
            return found
    return None


def unseal(content: bytes | memoryview, key: str) -> Sealed | None:
    """(manifest, code), if every byte is as it was sealed, and for this key; else None."""
    head, body = memoryview(content)[:HEAD], memoryview(content)[HEAD:]
    digest = hashlib.sha256(body).hexdigest().encode()
    if head != MAGIC + b"\n" + digest + b"\n":
        return None
    line = re.match(rb"[^\n]*\n", body)
    assert line is not None, "whole, so this package wrote it"
    manifest: dict[str, Any] = json.loads(line[0])
    return (manifest, body[line.end() :]) if manifest["key"] == key else None
