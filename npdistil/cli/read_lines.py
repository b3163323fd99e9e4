"""The lines of files and of standard input, one after another, in constant memory."""

import errno
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import open_file
from ..named_tuple import NamedTuple

CHUNK = 1 << 20
MAX_FILE_BYTES = 1 << 50  # what counts is that a device or a pipe is not taken for a file
MAX_LINE_BYTES = 1 << 26
STDIN = "-"
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line, without its end.

    Attributes:
        source: the file's name as it was given, or "standard input".
        number: in its file, from 1.
        content: its bytes; None if there are more than MAX_LINE_BYTES.
        start: of its first byte in the file.
    """

    source: str
    number: int
    content: bytes | None
    start: int

    @property
    def where(self) -> str:
        """How messages begin that are about this line."""
        return f"{self.source}: line {self.number}"

    def text(self) -> str:
        """The line as text.

        Raises:
            InputError: it is too long, or not UTF-8.
        """
        if self.content is None:
            raise InputError(f"{self.where} has more than {MAX_LINE_BYTES:,} bytes.")
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as failure:
            raise InputError(
                f"{self.where} is not UTF-8 (byte 0x{self.content[failure.start]:02x}); "
                "convert the file first, for example with iconv."
            ) from None


def read_lines(names: Sequence[str]) -> Iterator[Line]:
    """The lines of all inputs, in order; "-" is standard input, once.

    A line ends at a newline, with or without a carriage return before it, and nowhere else. What
    follows the last newline is no line if it is empty. A byte order mark is no part of a line.

    Raises:
        InputError: at once if an input is missing, cannot be opened or is no regular file, or if
            "-" comes twice; later if reading fails, or a file changes while it is read.
    """
    if [*names].count(STDIN) > 1:
        raise InputError("INPUT: '-' (standard input) can be read only once.")
    for name in names:
        if name == STDIN:
            if sys.stdin is None:
                raise InputError("standard input: is closed; name a file or pipe texts into it.")
        else:
            _expect_file(name)  # the last of many is missing: better now than after an hour
    return _lines(names)


def _expect_file(name: str) -> None:
    if " " in name:
        try:
            Path(name).stat()
        except (OSError, ValueError) as failure:
            if getattr(failure, "errno", None) in (errno.ENOENT, errno.ENAMETOOLONG):
                raise InputError(
                    f"{name[:120]}: no such file; a text itself goes through standard input, which "
                    "is called -, as in: echo TEXT | npdistil ... -"
                ) from None
    with open_file(Path(name), MAX_FILE_BYTES, InputError):
        pass


def source_of(name: str) -> str:
    """What messages call an input."""
    return "standard input" if name == STDIN else name


def _lines(names: Sequence[str]) -> Iterator[Line]:
    for name in names:
        source = source_of(name)
        chunks = _stdin_chunks() if name == STDIN else _file_chunks(Path(name))
        for number, (content, start) in enumerate(_split(chunks), 1):
            yield Line(source, number, content, start)


def _file_chunks(path: Path) -> Iterator[bytes]:
    with open_file(path, MAX_FILE_BYTES, InputError) as file:
        for start in range(0, file.size, CHUNK):
            yield bytes(file.read_at(start, min(CHUNK, file.size - start)))


def _stdin_chunks() -> Iterator[bytes]:
    stream: Any = sys.stdin.buffer  # a BufferedReader, though its type says less
    while True:
        try:
            chunk = stream.read1(CHUNK)  # what has come, where read would wait for all of it
        except OSError as failure:
            raise InputError(f"standard input: cannot be read: {failure.strerror}.") from None
        if not chunk:
            return
        yield chunk


def _split(chunks: Iterator[bytes]) -> Iterator[tuple[bytes | None, int]]:
    """Lines of chunks and where they begin; None for one that is too long, which is not kept."""
    begun, dropped = bytearray(), False
    start = place = 0  # of the line, and of what is looked at
    for chunk in chunks:
        text = chunk.removeprefix(_BOM) if place == 0 else chunk
        place += len(chunk) - len(text)
        *ended, last = text.split(b"\n")
        for piece in ended:
            line = bytes(begun) + piece if begun else piece
            too_long = dropped or len(line) > MAX_LINE_BYTES
            yield None if too_long else line.removesuffix(b"\r"), start
            begun, dropped = bytearray(), False
            place += len(piece) + 1
            start = place
        begun += last
        place += len(last)
        if len(begun) > MAX_LINE_BYTES:
            begun, dropped = bytearray(), True
    if begun or dropped:
        yield None if dropped else bytes(begun).removesuffix(b"\r"), start
