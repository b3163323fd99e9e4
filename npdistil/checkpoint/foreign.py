"""What a file may be that is found in the place of weights, by its first bytes."""

from collections.abc import Mapping

_OFTEN = {
    b"\x89HDF": "an HDF5 file",
    b"version https://git-lfs": "a Git LFS pointer; fetch the file itself",
    b"<": "an HTML page",
}


def foreign(begin: bytes | bytearray, others: Mapping[bytes, str]) -> str:
    """A part of a message: " but an HTML page", or "" where nobody knows.

    Args:
        begin: of the file.
        others: what else a reader looks out for: how it begins, and what it is.
    """
    kinds = (kind for start, kind in {**others, **_OFTEN}.items() if begin.startswith(start))
    return next((f" but {kind}" for kind in kinds), "")
