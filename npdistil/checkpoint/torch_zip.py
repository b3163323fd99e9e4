"""The zip format of torch 1.6 and later: which records an archive has, and what they may be."""

import re
import zlib
from typing import NamedTuple

from ..errors import ModelFileError
from ..files import OpenFile
from .zip_entries import ZipEntry, read_entries

MAX_WORD_BYTES = 64  # of a record that is one word
_PIECE = 1 << 18

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
    """Where bytes lie in the file."""

    start: int
    size: int
    crc: int | None  # CRC-32; the old format has none


class Archive(NamedTuple):
    """What torch puts into its zip file."""

    pickle: Record
    storages: dict[str, Record]  # by key


def read_archive(file: OpenFile, where: str) -> Archive:
    """Find the records of an archive; of their bytes only the small ones are read and checked.

    Raises:
        ModelFileError: an archive that torch would not have written, or a damaged one.
    """
    records: dict[str, Record] = {}
    roots = set()
    for entry in read_entries(file, where):
        root, name = _split(entry, where)
        roots.add(root)
        if name in records:
            raise ModelFileError(f"{where}: record {name!r} is there twice.")
        records[name] = Record(entry.start, entry.size, entry.crc)
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
    summed = Summed(file)
    room = memoryview(bytearray(min(_PIECE, record.size)))
    for first in range(0, record.size, _PIECE):
        summed.read_into(room[: record.size - first], record.start + first)
    summed.check(record.crc, where)


class Summed:
    """Reads a file in order and sums what it reads."""

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self._crc = 0

    def read_into(self, view: memoryview, start: int) -> None:
        """As `OpenFile.read_into`."""
        self._file.read_into(view, start)
        self._crc = zlib.crc32(view, self._crc)

    def check(self, crc: int, where: str) -> None:
        """Compare the sum of all that was read.

        Raises:
            ModelFileError: it is another.
        """
        if self._crc != crc:
            raise ModelFileError(f"{where}: its bytes are damaged (CRC-32); fetch the file again.")


def _split(entry: ZipEntry, where: str) -> tuple[str, str]:
    """Folder and record."""
    where = f"{where}: zip entry {entry.name[:80]!r}"
    found = _NAME.fullmatch(entry.name.decode("latin-1"))
    if found is None or found["root"] in (".", ".."):
        raise ModelFileError(f"{where}: a name torch does not write.")
    record = found["record"]
    if record == "constants.pkl" or record.startswith("code/"):
        raise ModelFileError(f"{where}: a TorchScript program, not a state dict; it is not run.")
    if record != "data.pkl" and record not in _WORDS and not _STORAGE.fullmatch(record):
        raise ModelFileError(f"{where}: no record of a checkpoint.")
    return found["root"], record


def _check_word(
    file: OpenFile, name: str, record: Record, pattern: re.Pattern[bytes], where: str
) -> None:
    if record.size > MAX_WORD_BYTES:
        raise ModelFileError(f"{where}: record {name!r} has {record.size} bytes.")
    check_crc(file, record, f"{where}: {name}")
    word = file.read_at(record.start, record.size)
    if not pattern.fullmatch(word):
        raise ModelFileError(
            f"{where}: record {name!r} is {bytes(word)!r}, which is not supported."
        )
