"""What an interrupted `embed` leaves beside its output, and how the next run goes on with it.

OUTPUT.partial has a line of JSON that says which job it is, then blocks (vector_block.py), one
behind another. It only grows; a kill at any moment leaves whole blocks and perhaps half of one,
which the next run cuts off. When all is done the output is made of it as OUTPUT.partial.new, which
then gets the output's name, and the partial file is removed.
"""

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Self

from ..errors import InputError
from .output_file import is_special
from .vector_block import MAX_HEAD, Block, block_bytes, read_block

SUFFIX, NEW = ".partial", ".new"
ERRORS_KEPT = 10
_LONGEST_NAME = 255 - len(SUFFIX + NEW)  # bytes that file systems allow

Job = Mapping[str, Any]


def partial_path(output: Path) -> Path:
    """Where the blocks of an output gather: its name and ".partial", shortened if need be.

    Of a link it is what the link leads to.
    """
    place = Path(os.path.realpath(output))
    name = os.fsencode(place.name)
    if len(name) > _LONGEST_NAME:
        return place.with_name(f"{place.name[:40]}.{hashlib.sha256(name).hexdigest()[:8]}{SUFFIX}")
    return place.with_name(place.name + SUFFIX)


class PartialFile:
    """The blocks of one job that are done.

    Attributes:
        path: of the file; None where it has no name, because the output is a pipe or a device.
        rows: of all blocks.
        bad: of them, rows of bad lines.
        first_errors: what was wrong with the first bad ones.
        truncated: texts that lost their end.
        tokens_lost: and how many tokens.
        last: the last block; None if there is none.
    """

    def __init__(self, stream: BinaryIO, path: Path | None, job: Job) -> None:
        """Use `create` or `resume`."""
        self.path = path
        self._stream, self._first = stream, stream.tell()
        self._features = int(job["features"])
        self.rows = self.bad = self.truncated = self.tokens_lost = 0
        self.first_errors: list[str] = []
        self.last: Block | None = None

    @classmethod
    def create(cls, output: Path, job: Job) -> Self:
        """A new file without blocks.

        Args:
            output: beside which it lies.
            job: "features" of a row, and whatever else must be the same when
                the job is resumed; values as JSON has them.

        Raises:
            InputError: there is one already, or it cannot be written.
        """
        head = _head(job)
        if is_special(output):
            import tempfile

            nameless = tempfile.TemporaryFile()
            nameless.write(head)
            return cls(nameless, None, job)
        path = partial_path(output)
        try:
            stream = path.open("x+b")
        except FileExistsError:
            raise exists_already(path) from None
        except OSError as failure:
            raise _unwritable(path, failure) from None
        try:
            _lock(stream, path)
            partial = cls(stream, path, job)
            partial._write(head)
        except BaseException:
            stream.close()
            raise
        partial._first = stream.tell()
        return partial

    @classmethod
    def resume(cls, output: Path, job: Job) -> Self:
        """The file that an interrupted run left, without what is not whole; or a new one.

        Raises:
            InputError: it is of another job or of something else, another run is writing it, or it
                cannot be read.
        """
        path = partial_path(output)
        if is_special(output) or not path.exists():
            return cls.create(output, job)
        try:
            stream = path.open("r+b")
        except OSError as failure:
            raise _unwritable(path, failure) from None
        try:
            _lock(stream, path)
            line, head = stream.readline(MAX_HEAD), _head(job)
            if line != head and head.startswith(line):  # killed while it wrote this
                stream.seek(0)
                stream.truncate()
                stream.write(head)
            else:
                _compare(line, job, path)
            partial = cls(stream, path, job)
            for block in partial.blocks():
                partial._count(block)
            stream.truncate()  # where the last whole block ends
        except OSError as failure:
            stream.close()
            raise _unwritable(path, failure) from None
        except BaseException:
            stream.close()
            raise
        return partial

    def append(self, block: Block) -> None:
        """One more block; it is there when this returns, and a kill keeps it.

        Raises:
            InputError: it cannot be written.
        """
        self._stream.seek(0, os.SEEK_END)
        self._write(block_bytes(block))
        self._count(block)

    def blocks(self) -> Iterator[Block]:
        """All whole blocks, in order; afterwards the file's place is where the last one ends."""
        place = self._first
        self._stream.seek(place)
        while block := read_block(self._stream, self._features):
            place = self._stream.tell()
            yield block
            self._stream.seek(place)
        self._stream.seek(place)

    @property
    def new_output(self) -> Path | None:
        """What the output is called before it is whole; None where it is no file."""
        return None if self.path is None else self.path.with_name(self.path.name + NEW)

    def close(self) -> None:
        """Leave the file as it is, to be resumed."""
        self._stream.close()

    def remove(self) -> None:
        """The output is there; the file has done its work."""
        if os.name != "posix":  # elsewhere no open file can be removed
            self._stream.close()
        for path in (self.new_output, self.path):  # the first is what a kill may have left
            if path is not None:
                path.unlink(missing_ok=True)
        self._stream.close()

    def _count(self, block: Block) -> None:
        self.rows += len(block.vectors)
        self.bad += len(block.errors)
        self.first_errors += [*block.errors.values()][: ERRORS_KEPT - len(self.first_errors)]
        self.truncated += block.truncated
        self.tokens_lost += block.tokens_lost
        self.last = block

    def _write(self, content: bytes) -> None:
        try:
            self._stream.write(content)
            self._stream.flush()
        except OSError as failure:
            raise _unwritable(self.path, failure) from None


def exists_already(path: Path) -> InputError:
    """What is said where a partial file is in the way of a new run."""
    return InputError(
        f"{path}: an interrupted run left this; go on with --resume, or remove it to begin anew."
    )


def _head(job: Job) -> bytes:
    return json.dumps(job).encode() + b"\n"


def _compare(line: bytes, job: Job, path: Path) -> None:
    try:
        begun = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        begun = None
    if not isinstance(begun, dict) or "features" not in begun:
        raise InputError(
            f"{path}: was not left by an interrupted embed, or is damaged; remove it, or give "
            "another -o."
        )
    for key in sorted({*begun, *job}):
        if begun.get(key) != job.get(key):
            raise InputError(
                f"{path}: was begun {_typed(key, begun.get(key))}, and this run is "
                f"{_typed(key, job.get(key))}; use the same, or remove the file to begin anew."
            )


def _typed(key: str, value: Any) -> str:
    """An option as it is typed; of what is none, how much or which it is."""
    import shlex

    if value is None or value is False:
        return f"without {key}"
    if value is True:
        return f"with {key}"
    shown = f"{shlex.quote(str(value)):.80}"
    return f"with {key} {shown}" if key.startswith("--") else f"with {shown} {key}"


def _lock(stream: BinaryIO, path: Path) -> None:
    """Keep other runs away; the lock ends with the process. Windows has no such locks."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        same = os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        same = False
    except OSError as failure:
        if failure.errno not in (errno.EAGAIN, errno.EACCES):
            return  # a file system without locks
        same = False
    if not same:
        raise InputError(f"{path}: another run is writing it; give each run its own output.")


def _unwritable(path: Path | None, failure: OSError) -> InputError:
    where = path or "a temporary file"
    return InputError(f"{where}: cannot be written: {failure.strerror or failure}.")
