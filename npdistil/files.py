"""Reading files that nobody vouches for: regular files only, bounded, JSON without surprises."""

import io
import json
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

from .errors import NpdistilError

MAX_JSON_BYTES = 1 << 20
MAX_JSON_DEPTH = 64
MAX_INTEGER_DIGITS = 20
NO_LIMIT = str(int(1e30))  # what Transformers writes for "no limit", the one longer integer


def is_there(path: Path, error: type[NpdistilError]) -> bool:
    """Whether anything has this name, a link that leads nowhere too: that is an error, not a gap.

    Raises:
        error: the name is too long, or a folder on the way cannot be searched.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as failure:
        raise error(f"{str(path)[:200]!r} cannot be looked up: {failure}.") from None
    return True


def read_file(path: Path, max_bytes: int, error: type[NpdistilError]) -> bytearray:
    """Read a whole regular file of at most `max_bytes` bytes.

    Raises:
        error: the file is missing, unreadable, not a regular file, too large, or changed meanwhile.
    """
    with open_file(path, max_bytes, error) as file:
        return file.read_at(0, file.size)


class OpenFile:
    """A regular file that is being read, by any number of threads.

    Attributes:
        size: in bytes, when it was opened.
    """

    def __init__(self, stream: io.FileIO, size: int) -> None:
        self._stream = stream
        self._lock = Lock()
        self.size = size

    def read_at(self, start: int, count: int) -> bytearray:
        """So many bytes from byte `start` on.

        Raises:
            EOFError: the file ends before.
        """
        content = bytearray(count)
        self.read_into(memoryview(content), start)
        return content

    def read_into(self, view: memoryview, start: int) -> None:
        """Fill a view of bytes with what stands from byte `start` on.

        Raises:
            EOFError: the file ends before.
        """
        filled = 0
        while filled < len(view):
            count = self._read_some(view[filled:], start + filled)
            if not count:
                raise EOFError
            filled += count

    def _read_some(self, view: memoryview, start: int) -> int:
        if hasattr(os, "preadv"):
            return os.preadv(self._stream.fileno(), [view], start)
        with self._lock:  # Windows: there is one position for all
            self._stream.seek(start)
            return self._stream.readinto(view)


@contextmanager
def open_file(path: Path, max_bytes: int, error: type[NpdistilError]) -> Iterator[OpenFile]:
    """Open a regular file of at most `max_bytes` bytes, and see to it that it stays as it is.

    A FIFO or a device would block for ever or never end, hence the check on the open descriptor.

    Raises:
        error: the file is missing, unreadable, not a regular file, too large, or it changed while
            it was open.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        raise error(f"{path}: no such file.") from None
    except (OSError, ValueError) as failure:
        raise error(f"{path}: cannot be opened: {failure}.") from None
    try:
        # Before fdopen, which refuses a folder on its own terms.
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise error(f"{path}: not a regular file.")
        if before.st_size > max_bytes:
            raise error(f"{path}: {before.st_size} bytes, at most {max_bytes} are accepted.")
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as stream:
            yield OpenFile(stream, before.st_size)
        after = os.fstat(descriptor)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise EOFError
    except EOFError:
        raise error(f"{path}: changed while it was read; try again.") from None
    except OSError as failure:
        raise error(f"{path}: cannot be read: {failure}.") from None
    finally:
        os.close(descriptor)


def read_json(
    path: Path, error: type[NpdistilError], max_bytes: int = MAX_JSON_BYTES
) -> dict[str, Any] | list[Any]:
    """Read a JSON object or array the strict way.

    Python's own reader accepts NaN, Infinity, duplicate keys, UTF-16 and any depth; here each is
    an error, because two readers could then see two different models.

    Raises:
        error: not a readable file, not UTF-8, not JSON, or one of the cases above.
    """
    return _object_or_array(read_file(path, max_bytes, error), path, error)


def read_json_object(
    path: Path, error: type[NpdistilError], max_bytes: int = MAX_JSON_BYTES
) -> dict[str, Any]:
    """Read a JSON file whose top level must be an object; otherwise as `read_json`.

    Raises:
        error: as `read_json`, or the top level is an array.
    """
    return json_object(read_file(path, max_bytes, error), path, error)


def json_object(
    content: bytes | bytearray, path: Path, error: type[NpdistilError]
) -> dict[str, Any]:
    """The JSON object that a file's content is, parsed the strict way of `read_json`.

    Raises:
        error: as `read_json_object`.
    """
    value = _object_or_array(content, path, error)
    if not isinstance(value, dict):
        raise error(f"{path}: expected a JSON object, received an array.")
    return value


def _object_or_array(
    content: bytes | bytearray, path: Path, error: type[NpdistilError]
) -> dict[str, Any] | list[Any]:
    value = parse_json(content, str(path), error)
    if not isinstance(value, dict | list):
        raise error(f"{path}: expected a JSON object or array, received {type(value).__name__}.")
    return value


def parse_json(content: bytes | bytearray, source: str, error: type[NpdistilError]) -> Any:
    """Parse JSON bytes the strict way of `read_json`; `source` names them in messages.

    Raises:
        error: not UTF-8, not JSON, or one of the cases that Python's reader would let through.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as failure:
        raise error(f"{source}: not UTF-8 (byte {failure.start}).") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_int=_bounded_int,
            parse_float=_finite_float,
        )
        _check_depth([value], MAX_JSON_DEPTH)
    except RecursionError:
        raise error(f"{source}: nested more than {MAX_JSON_DEPTH} levels deep.") from None
    except ValueError as failure:
        raise error(f"{source}: not valid JSON: {failure}.") from None
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice[:80]!r} appears twice")
    return result


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _bounded_int(digits: str) -> int:
    if digits == "-0":  # a float for some readers
        raise ValueError("-0 is no integer")
    if len(digits) > MAX_INTEGER_DIGITS and digits != NO_LIMIT:
        raise ValueError(f"an integer of {len(digits)} digits")
    return int(digits)


def _finite_float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{digits[:40]} is outside the range of a float")
    return value


def _check_depth(values: Collection[Any], levels: int) -> None:
    if values and levels < 0:
        raise RecursionError
    # Most values by far are words and numbers of a vocabulary, which deserve no call each.
    for value in [value for value in values if type(value) in (dict, list)]:
        _check_depth(value.values() if type(value) is dict else value, levels - 1)
