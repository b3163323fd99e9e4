"""What the package's own files say, as one hash: for what is kept and was made by them."""

import hashlib
from pathlib import Path


def files_hash(root: Path, *places: Path) -> str:
    """A hash of Python files: those named, those below the folders named, and where they are."""
    digest = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            name = path.relative_to(root).as_posix()
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
