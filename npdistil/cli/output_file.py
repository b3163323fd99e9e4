"""An output file, whole or not at all."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import InputError

SUFFIXES = (".npy", ".jsonl")


def checked_output(
    path: Path, suffixes: Sequence[str] | None = SUFFIXES, any_case: bool = False
) -> Path:
    """The path, if a file of a known format can be written there; any name where they are None.

    With `any_case`, .HTML is .html.

    Raises:
        InputError: another suffix, a folder that is not there, or a folder in the file's place.
    """
    suffix = path.suffix.lower() if any_case else path.suffix
    if suffixes is not None and suffix not in suffixes:
        *some, last = suffixes
        known = f"{', '.join(some)} or {last}" if some else last
        raise InputError(f"{path}: the name must end in {known}.")
    try:
        if not path.parent.is_dir():
            raise InputError(f"{path}: the folder {path.parent} does not exist; make it first.")
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name a file.")
    except OSError as failure:
        raise InputError(f"{path}: cannot be written: {failure.strerror}.") from None
    return path


def expect_no_input(output: Path, inputs: Iterable[str]) -> None:
    """Refuse to put the output in the place of a file that it is made from.

    Raises:
        InputError: one of the inputs is this very file.
    """
    lost = False
    for name in inputs:
        with suppress(OSError, ValueError):  # one of them is not there, or no name of a file
            lost |= output.is_file() and output.samefile(name)
    if lost:
        raise InputError(f"{output}: is an input, and would be lost; name another output.")


@contextmanager
def whole_file(path: Path, aside: Path | None = None) -> Iterator[BinaryIO]:
    """A stream whose bytes get the name `path` when the block ends well, and are dropped otherwise.

    A reader sees the old file or the new one. A link keeps leading where it leads. A pipe or a
    device is written to at the end, and not replaced.

    Args:
        path: of the output.
        aside: what the file is called before; nobody else's, in the folder that `path` leads to.
            None: a hidden name that nobody has, which a kill leaves behind.

    Raises:
        InputError: the file cannot be written; nothing is left behind.
    """
    try:
        if is_special(path):
            with _sent_at_the_end(path) as stream:
                yield stream
        else:
            with _renamed_at_the_end(Path(os.path.realpath(path)), aside) as stream:
                yield stream
    except OSError as failure:
        # NumPy reports a full disk in words of its own, without a number
        raise InputError(f"{path}: cannot be written: {failure.strerror or failure}.") from None


def is_special(path: Path) -> bool:
    """A FIFO or a device, behind links too."""
    return path.exists() and not stat.S_ISREG(path.stat().st_mode)


@contextmanager
def _sent_at_the_end(path: Path) -> Iterator[BinaryIO]:
    import shutil
    import tempfile

    with tempfile.TemporaryFile() as buffer:
        yield buffer
        buffer.seek(0)
        with path.open("wb") as stream:
            shutil.copyfileobj(buffer, stream)


@contextmanager
def _renamed_at_the_end(path: Path, aside: Path | None) -> Iterator[BinaryIO]:
    temporary = aside
    try:
        if aside is None:
            import tempfile

            descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
            temporary = Path(name)
            stream: BinaryIO = os.fdopen(descriptor, "wb")
        else:
            aside.unlink(missing_ok=True)
            stream = aside.open("xb")
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        assert temporary is not None
        if aside is None:
            mask = os.umask(0o077)  # it can only be read by setting it
            os.umask(mask)
            temporary.chmod(0o666 & ~mask)  # mkstemp's files are private
        temporary.replace(path)
        temporary = None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
