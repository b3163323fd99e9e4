"""A part of a file as a stream of bytes, of which no more is read than is asked for."""

from ..errors import ModelFileError
from ..files import OpenFile

_CHUNK = 1 << 14


class ByteStream:
    """Bytes of a file from one place to another, read in order and a little at a time."""

    def __init__(self, file: OpenFile, start: int, end: int, where: str) -> None:
        self._file = file
        self._end = min(end, file.size)
        self._buffer = b""
        self._begin = start  # of the buffer in the file
        self._next = 0  # in the buffer
        self.where = where

    @property
    def position(self) -> int:
        """The next byte's place in the file."""
        return self._begin + self._next

    @property
    def at_end(self) -> bool:
        """Whether every byte was taken."""
        return self.position == self._end

    def take(self, count: int) -> bytes:
        """The next `count` bytes.

        Raises:
            ModelFileError: there are not that many.
        """
        if self._next + count > len(self._buffer):
            start = self.position
            if start + count > self._end:
                raise ModelFileError(f"{self.where}: ends in the middle; was the download cut?")
            content = self._file.read_at(start, min(max(count, _CHUNK), self._end - start))
            self._buffer, self._begin, self._next = bytes(content), start, 0
        taken = self._buffer[self._next : self._next + count]
        self._next += count
        return taken
