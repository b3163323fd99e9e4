"""Large torch checkpoints of zeros that take no room on the disk: headers, and holes between."""

import math
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from tests.checkpoint.torch_made import (
    FLOATS,
    Entry,
    archive,
    entries,
    legacy_file,
    pickled,
    state,
    storage,
    tensor,
)

_ZEROS = bytes(1 << 20)


def write_holes(path: Path, shapes: Mapping[str, tuple[int, ...]], old: bool) -> None:
    """A state dict of float32 zeros, in the old format or as a zip file."""
    counts = {str(key): math.prod(shape) for key, shape in enumerate(shapes.values())}
    view = [None] if old else []
    tensors = {
        name: tensor(
            storage(key, counts[key], FLOATS, "cpu", *view),
            0,
            shape,
            tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape))),
        )
        for (name, shape), key in zip(shapes.items(), counts, strict=True)
    }
    write = _write_old if old else _write_zip
    write(path, state(**tensors), counts)


def _write_old(path: Path, body: bytes, counts: Mapping[str, int]) -> None:
    with path.open("wb") as file:
        file.write(legacy_file(body, {}, keys=list(counts)))
        for count in counts.values():
            file.write(struct.pack("<q", count))
            file.seek(4 * count, 1)
        file.truncate()


def _write_zip(path: Path, body: bytes, counts: Mapping[str, int]) -> None:
    """Entries one after another, each at the place that the directory names."""
    parts = entries(pickled(body), {})
    head = archive(parts, zip64=False)
    end = 22 + sum(46 + len(part.name) for part in parts)
    with path.open("wb") as file:
        file.write(head[:-end])
        directory = head[-end:-22]
        for key, count in counts.items():
            part = Entry(b"archive/data/" + key.encode(), b"", flags=0x0800)
            size = 4 * count
            said = {"crc": _crc_of_zeros(size), "packed": size, "size": size}
            part.local = {**said, "extra": b""}
            part.central = {**said, "offset": file.tell()}
            one = archive([part], zip64=False)
            file.write(one[: 30 + len(part.name)])
            file.seek(size, 1)
            directory += one[30 + len(part.name) : -22]
        count, start = len(parts) + len(counts), file.tell()
        last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), start, 0)
        file.write(directory + last)


def _crc_of_zeros(size: int) -> int:
    crc = zlib.crc32(_ZEROS[: size % len(_ZEROS)])
    for _ in range(size // len(_ZEROS)):
        crc = zlib.crc32(_ZEROS, crc)
    return crc
