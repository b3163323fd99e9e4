"""The entries of a zip file in which nothing is packed, read by the letter.

Two readers of one zip file can see two contents: the headers of the entries against the directory,
the first duplicate against the last, bytes before, behind and between. So everything must be said
in one way and agree. Layout and numbers of the fields: PKWARE's APPNOTE.TXT, section 4.3.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import ModelFileError
from ..files import OpenFile

SIGNATURE = b"PK\3\4"
MAX_ENTRIES = 10_000
MAX_DIRECTORY_BYTES = 4 << 20
MAX_NAME_BYTES = 512

_END = struct.Struct("<4s4H2LH")
_LOCATOR64 = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_DESCRIPTORS = (struct.Struct("<4s3L"), struct.Struct("<4sL2Q"))
_NOTHING = bytes(_END.size)
_FULL_H, _FULL_L = 0xFFFF, 0xFFFFFFFF  # "see the zip64 field"
_HAS_DESCRIPTOR = 0x0008
_FLAGS = _HAS_DESCRIPTOR | 0x0800  # and: names are UTF-8


class ZipEntry(NamedTuple):
    """Bytes of the file with a name."""

    name: bytes
    start: int
    size: int
    crc: int


class _Listed(NamedTuple):
    """One entry as the directory describes it."""

    name: bytes
    flags: int
    crc: int
    size: int
    offset: int  # of its own header


def read_entries(file: OpenFile, where: str) -> list[ZipEntry]:
    """All entries in the order of their bytes, which are not read.

    Raises:
        ModelFileError: compressed or encrypted entries, headers that contradict each other,
            entries that overlap, or bytes that belong to none.
    """
    start, stop, count = _directory(file, where)
    listed = sorted(
        _listed(bytes(file.read_at(start, stop - start)), count, where),
        key=lambda entry: entry.offset,
    )
    entries: list[ZipEntry] = []
    past = 0
    for entry in listed:
        if entry.offset < past:
            raise ModelFileError(f"{where}: entries that overlap.")
        data, end = _extent(file, entry, start, where)
        if entry.offset > past:
            raise ModelFileError(f"{where}: bytes before the first entry, or between two.")
        past = end
        entries.append(ZipEntry(entry.name, data, entry.size, entry.crc))
    if past != start:
        raise ModelFileError(f"{where}: bytes between the last entry and the directory.")
    return entries


def _directory(file: OpenFile, where: str) -> tuple[int, int, int]:
    """First and last byte of the directory, and the number of its entries."""
    end = file.size - _END.size
    sign, *fields, comment = _END.unpack(file.read_at(end, _END.size) if end >= 0 else _NOTHING)
    if sign != b"PK\5\6" or comment:
        raise ModelFileError(
            f"{where}: its last bytes are no end of a zip archive; was the download cut?"
        )
    locator = end - _LOCATOR64.size
    if locator >= 0:
        sign, disk, place, disks = _LOCATOR64.unpack(file.read_at(locator, _LOCATOR64.size))
        if sign == b"PK\6\7":
            end = locator - _END64.size
            if place != end or disk or disks != 1:
                raise ModelFileError(f"{where}: its zip64 end is not where it should be.")
            fields = _fields64(file, end, fields, where)
    disk, first_disk, here, count, size, start = fields
    if disk or first_disk or here != count or start + size != end:
        raise ModelFileError(f"{where}: its zip directory does not end where the end record is.")
    if count > MAX_ENTRIES or size > MAX_DIRECTORY_BYTES:
        raise ModelFileError(f"{where}: {count} entries in a directory of {size} bytes.")
    return start, end, count


def _fields64(file: OpenFile, place: int, short: list[int], where: str) -> list[int]:
    """The end's fields in their long form, which the short ones must not contradict."""
    sign, length, _, _, *long = _END64.unpack(file.read_at(place, _END64.size))
    full = (_FULL_H,) * 4 + (_FULL_L,) * 2
    agree = all(a in (b, limit) for a, b, limit in zip(short, long, full, strict=True))
    if sign != b"PK\6\6" or length != _END64.size - 12 or not agree:
        raise ModelFileError(f"{where}: its zip64 end contradicts the plain one.")
    return long


def _listed(directory: bytes, count: int, where: str) -> Iterator[_Listed]:
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > len(directory):
            raise ModelFileError(f"{where}: its zip directory is too short.")
        fields = _CENTRAL.unpack_from(directory, at)
        sign, _, _, flags, method, _, _, crc, packed, size = fields[:10]
        name_bytes, extra_bytes, comment_bytes, disk, _, _, offset = fields[10:]
        at += _CENTRAL.size
        name = directory[at : at + name_bytes]
        extra = directory[at + name_bytes : at + name_bytes + extra_bytes]
        at += name_bytes + extra_bytes
        shown = f"{where}: zip entry {name[:80]!r}"
        if sign != b"PK\1\2" or comment_bytes or disk or name_bytes > MAX_NAME_BYTES:
            raise ModelFileError(f"{shown}: not as torch writes it.")
        if method:
            raise ModelFileError(f"{shown}: is compressed; torch stores plainly.")
        if flags & ~_FLAGS:
            raise ModelFileError(f"{shown}: flags {flags:#x}, encrypted or worse.")
        size, packed, offset = _widened((size, packed, offset), extra, shown)
        if size != packed:
            raise ModelFileError(f"{shown}: two sizes, {packed} and {size}.")
        yield _Listed(name, flags, crc, size, offset)
    if at != len(directory):
        raise ModelFileError(f"{where}: its zip directory is longer than its entries.")


def _widened(fields: tuple[int, ...], extra: bytes, where: str) -> list[int]:
    """Sizes and offset, from the zip64 field where they do not fit."""
    wide = [at for at, field in enumerate(fields) if field == _FULL_L]
    head = struct.pack("<2H", 1, 8 * len(wide)) if wide else b""
    if len(extra) != len(head) + 8 * len(wide) or not extra.startswith(head):
        raise ModelFileError(f"{where}: an extra field that torch does not write.")
    values = list(fields)
    for at, value in zip(wide, struct.unpack_from(f"<{len(wide)}Q", extra, len(head)), strict=True):
        values[at] = value
    return values


def _extent(file: OpenFile, entry: _Listed, directory: int, where: str) -> tuple[int, int]:
    """First byte of an entry's data, and the byte behind all that belongs to it."""
    where = f"{where}: zip entry {entry.name[:80]!r}"
    # In front of the data the same is said once more, by a header of its own.
    head = _LOCAL.size + len(entry.name)
    if entry.offset + head > directory:
        raise ModelFileError(f"{where}: lies outside of the archive.")
    content = bytes(file.read_at(entry.offset, head))
    fields = _LOCAL.unpack_from(content)
    sign, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = fields
    short = min(entry.size, _FULL_L)
    said = (crc, packed, size)
    later = bool(entry.flags & _HAS_DESCRIPTOR)  # said behind the data
    if (
        sign != SIGNATURE
        or (flags, method, name_bytes) != (entry.flags, 0, len(entry.name))
        or content[_LOCAL.size :] != entry.name
        or not (said == (entry.crc, short, short) or (later and said == (0, 0, 0)))
    ):
        raise ModelFileError(f"{where}: its own header contradicts the directory.")
    data = entry.offset + head + extra_bytes
    end = data + entry.size
    for form in _DESCRIPTORS if later else ():
        if end + form.size <= directory:
            found = form.unpack(file.read_at(end, form.size))
            if found == (b"PK\7\10", entry.crc, entry.size, entry.size):
                return data, end + form.size
    if later or end > directory:
        raise ModelFileError(f"{where}: its bytes do not end where the directory says.")
    return data, end
