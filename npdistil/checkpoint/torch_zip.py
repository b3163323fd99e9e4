"""The zip container of torch 1.6 and later, read by the letter.

Two readers of one zip file can see two contents: local headers against the directory, the first
duplicate against the last, bytes before, behind and between. torch writes the plainest archive
there is, everything stored and nothing compressed, so whatever it would not write is refused.
Layout and numbers of the fields: PKWARE's APPNOTE.TXT, section 4.3.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from ..errors import ModelFileError
from ..files import OpenFile

SIGNATURE = b"PK\3\4"
MAX_ENTRIES = 10_000
MAX_DIRECTORY_BYTES = 4 << 20
MAX_NAME_BYTES = 512
MAX_SMALL_BYTES = 64  # of a record that is one word
_PIECE = 1 << 18

_END = struct.Struct("<4s4H2LH")
_LOCATOR64 = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_DESCRIPTORS = (struct.Struct("<4s3L"), struct.Struct("<4sL2Q"))
_FULL_H, _FULL_L = 0xFFFF, 0xFFFFFFFF  # "see the zip64 field"
_HAS_DESCRIPTOR = 0x0008
_FLAGS = _HAS_DESCRIPTOR | 0x0800  # and: names are UTF-8

_NAME = re.compile(r"(?P<root>[ -.0-9;-\[\]-~]+)/(?P<record>[!-~]+)")  # no slash, colon, backslash
_STORAGE = re.compile(r"data/([0-9]{1,20})")
_WORDS = {
    "version": re.compile(rb"([1-9]|10)\n?"),
    "byteorder": re.compile(rb"little"),
    ".format_version": re.compile(rb"1"),
    ".storage_alignment": re.compile(rb"[0-9]+"),
    ".data/serialization_id": re.compile(rb"[0-9]+"),
}


class Record(NamedTuple):
    """Bytes of the file with a name."""

    start: int
    size: int
    crc: int | None  # CRC-32; the old format has none


class Archive(NamedTuple):
    """What torch puts into its zip file."""

    pickle: Record
    storages: dict[str, Record]  # by key


class _Entry(NamedTuple):
    """One entry as the directory describes it."""

    name: bytes
    flags: int
    crc: int
    size: int
    offset: int  # of the local header


def read_archive(file: OpenFile, where: str) -> Archive:
    """Find the records of an archive; of their bytes only the small ones are read and checked.

    Raises:
        ModelFileError: an archive that torch would not have written, or a damaged one.
    """
    start, end, count = _directory(file, where)
    entries = list(_entries(_bytes(file, start, end - start), count, where))
    records: dict[str, Record] = {}
    roots = set()
    past = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < past or (past == 0 and entry.offset):
            raise ModelFileError(f"{where}: bytes before the first entry, or entries that overlap.")
        data, past = _extent(file, entry, start, where)
        root, name = _split(entry.name, where)
        roots.add(root)
        if name in records:
            raise ModelFileError(f"{where}: record {name!r} is there twice.")
        records[name] = Record(data, entry.size, entry.crc)
    if len(roots) != 1:
        raise ModelFileError(f"{where}: its records lie in {len(roots)} folders, not in one.")
    for name in ("data.pkl", "version"):
        if name not in records:
            raise ModelFileError(f"{where}: no record {name!r}; not a torch checkpoint.")
    for name, pattern in _WORDS.items():
        if name in records:
            _check_word(file, name, records[name], pattern, where)
    check_crc(file, records["data.pkl"], f"{where}: data.pkl")
    storages = {m[1]: r for name, r in records.items() if (m := _STORAGE.fullmatch(name))}
    return Archive(records["data.pkl"], storages)


def check_crc(file: OpenFile, record: Record, where: str) -> None:
    """Read a record a piece at a time and compare its check sum, where it has one.

    Raises:
        ModelFileError: they differ.
    """
    if record.crc is None:
        return
    crc = 0
    room = memoryview(bytearray(min(_PIECE, record.size)))
    for first in range(0, record.size, _PIECE):
        piece = room[: record.size - first]
        file.read_into(piece, record.start + first)
        crc = zlib.crc32(piece, crc)
    if crc != record.crc:
        raise ModelFileError(f"{where}: its bytes are damaged (CRC-32); fetch the file again.")


def _directory(file: OpenFile, where: str) -> tuple[int, int, int]:
    """First and last byte of the directory, and the number of its entries."""
    end = file.size - _END.size
    fields = _END.unpack(_bytes(file, end, _END.size)) if end >= 0 else (b"",)
    if fields[0] != b"PK\5\6" or fields[-1]:
        raise ModelFileError(
            f"{where}: its last bytes are no end of a zip archive; was the download cut?"
        )
    _, disk, first_disk, here, count, size, start, _ = fields
    locator = end - _LOCATOR64.size
    if locator >= 0:
        sign, end64_disk, end64, disks = _LOCATOR64.unpack(_bytes(file, locator, _LOCATOR64.size))
        if sign == b"PK\6\7":
            end = locator - _END64.size
            if end < 0 or end64 != end or end64_disk or disks != 1:
                raise ModelFileError(f"{where}: its zip64 end is not where it should be.")
            sign, length, _, _, disk64, first64, here64, count64, size64, start64 = _END64.unpack(
                _bytes(file, end, _END64.size)
            )
            agree = all(
                short in (long, full)
                for short, long, full in (
                    (disk, disk64, _FULL_H),
                    (first_disk, first64, _FULL_H),
                    (here, here64, _FULL_H),
                    (count, count64, _FULL_H),
                    (size, size64, _FULL_L),
                    (start, start64, _FULL_L),
                )
            )
            if sign != b"PK\6\6" or length != _END64.size - 12 or not agree:
                raise ModelFileError(f"{where}: its zip64 end contradicts the plain one.")
            disk, first_disk, here, count, size, start = (
                disk64,
                first64,
                here64,
                count64,
                size64,
                start64,
            )
    if disk or first_disk or here != count or start + size != end:
        raise ModelFileError(f"{where}: its zip directory does not end where the end record is.")
    if count > MAX_ENTRIES or size > MAX_DIRECTORY_BYTES:
        raise ModelFileError(f"{where}: {count} entries in a directory of {size} bytes.")
    return start, end, count


def _entries(directory: bytes, count: int, where: str) -> Iterator[_Entry]:
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
        size, packed, offset = _zip64((size, packed, offset), extra, shown)
        if size != packed:
            raise ModelFileError(f"{shown}: two sizes, {packed} and {size}.")
        yield _Entry(name, flags, crc, size, offset)
    if at != len(directory):
        raise ModelFileError(f"{where}: its zip directory is longer than its entries.")


def _zip64(fields: tuple[int, ...], extra: bytes, where: str) -> list[int]:
    """Sizes and offset, from the zip64 field where they do not fit."""
    wide = [at for at, field in enumerate(fields) if field == _FULL_L]
    wanted = struct.pack("<2H", 1, 8 * len(wide)) if wide else b""
    if len(extra) != len(wanted) + 8 * len(wide) or not extra.startswith(wanted):
        raise ModelFileError(f"{where}: an extra field that torch does not write.")
    values = list(fields)
    for at, value in zip(
        wide, struct.unpack_from(f"<{len(wide)}Q", extra, len(wanted)), strict=True
    ):
        values[at] = value
    return values


def _extent(file: OpenFile, entry: _Entry, directory: int, where: str) -> tuple[int, int]:
    """First byte of an entry's data, and the byte behind all that belongs to it."""
    where = f"{where}: zip entry {entry.name[:80]!r}"
    # In front of the data the same is said once more, by a header of its own.
    header = entry.offset + _LOCAL.size
    if header + len(entry.name) > directory:
        raise ModelFileError(f"{where}: lies outside of the archive.")
    content = _bytes(file, entry.offset, _LOCAL.size + len(entry.name))
    sign, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = _LOCAL.unpack_from(
        content
    )
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
    data = header + name_bytes + extra_bytes
    end = data + entry.size
    for form in _DESCRIPTORS if later else ():
        if end + form.size <= directory:
            found = form.unpack(_bytes(file, end, form.size))
            if found == (b"PK\7\10", entry.crc, entry.size, entry.size):
                return data, end + form.size
    if later or end > directory:
        raise ModelFileError(f"{where}: its bytes do not end where the directory says.")
    return data, end


def _split(name: bytes, where: str) -> tuple[str, str]:
    """Folder and record."""
    found = _NAME.fullmatch(name.decode("latin-1"))
    if found is None or found["root"] in (".", ".."):
        raise ModelFileError(f"{where}: zip entry {name[:80]!r}: a name torch does not write.")
    record = found["record"]
    if record == "constants.pkl" or record.startswith("code/"):
        raise ModelFileError(f"{where}: a TorchScript program, not a state dict; it is not run.")
    if record != "data.pkl" and record not in _WORDS and not _STORAGE.fullmatch(record):
        raise ModelFileError(f"{where}: zip entry {name[:80]!r}: no record of a checkpoint.")
    return found["root"], record


def _check_word(
    file: OpenFile, name: str, record: Record, pattern: re.Pattern[bytes], where: str
) -> None:
    if record.size > MAX_SMALL_BYTES:
        raise ModelFileError(f"{where}: record {name!r} has {record.size} bytes.")
    check_crc(file, record, f"{where}: {name}")
    word = _bytes(file, record.start, record.size)
    if not pattern.fullmatch(word):
        raise ModelFileError(f"{where}: record {name!r} is {word!r}, which is not supported.")


def _bytes(file: OpenFile, start: int, count: int) -> bytes:
    content = bytearray(count)
    file.read_into(memoryview(content), start)
    return bytes(content)
