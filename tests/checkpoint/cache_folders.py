"""A hub cache made by hand, in the layout of huggingface_hub."""

import hashlib
import os
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40


def cache_model(
    cache: Path, hub_id: str, files: Path, revision: str = "main", commit: str = COMMIT
) -> Path:
    """Put a folder's files into a cache: blobs, links to them, and a reference."""
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / commit
    for path in sorted(files.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            blob = repository / "blobs" / hashlib.sha256(content).hexdigest()
            blob.parent.mkdir(parents=True, exist_ok=True)
            blob.write_bytes(content)
            place = snapshot / path.relative_to(files)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(os.path.relpath(blob, place.parent))
    if revision != commit:
        reference = repository / "refs" / revision
        reference.parent.mkdir(parents=True, exist_ok=True)
        reference.write_text(commit)
    return snapshot
