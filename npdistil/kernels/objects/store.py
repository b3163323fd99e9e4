"""The private directory where object code is kept between runs.

A file appears whole, under its name, or not at all; what others could have changed is not read.
Trouble here is no error: what cannot be read is compiled, what cannot be written is not kept.
"""

import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

VARIABLE = "NPDISTIL_CACHE_DIR"
# Object code, images of it, what processors are called, and what large tokenizers are made into.
KEPT = (".o", ".image", ".cpu", ".tables")
MAX_BYTES = 1 << 26
ALIGNMENT = 64  # bytes; of the memory that a file is read to
LOCK_SECONDS = 90.0  # nobody compiles longer; who waits so long waits for a process that is stopped
LOCK_STEP = 0.05
ROOM = 1 << 20  # bytes; more than any file of object code has
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def directories() -> Iterator[Path]:
    """Where object code may be kept, best place first.

    NPDISTIL_CACHE_DIR alone, if it is set; else the platform's place for a user's caches, else a
    directory of this user's own among the temporary files.
    """
    if chosen := os.environ.get(VARIABLE):
        # "~" of a user without an entry in the password file; a working directory that is gone
        with suppress(RuntimeError, OSError):
            yield Path(chosen).expanduser().absolute() / "kernels"
        return
    with suppress(RuntimeError):
        yield _user_cache() / "npdistil" / "kernels"
    import tempfile  # late, as most come no further than this

    with suppress(OSError):  # there is no place that can be written to
        user = f"-{os.geteuid()}" if os.name == "posix" else ""
        temporary = Path(tempfile.gettempdir())
        if temporary != Path.cwd():  # what Python takes where all else fails
            yield temporary / f"npdistil{user}" / "kernels"


def _user_cache() -> Path:
    if os.name == "nt" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local)
    if sys.platform == "darwin":
        return Path("~/Library/Caches").expanduser()
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # A relative path is to be ignored, says the XDG Base Directory Specification.
    return chosen if chosen.is_absolute() else Path("~/.cache").expanduser()


def has(directory: Path, name: str) -> bool:
    """Whether such a file seems to be there: not of another user, whose directories are closed."""
    try:
        return (directory / name).exists()
    except OSError:
        return False


def read(directory: Path, name: str) -> memoryview | None:
    """A file's content, aligned; None: it is not there, or somebody else could have written it."""
    try:
        if not is_private(directory):
            return None
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(directory / name, flags | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or not _is_ours(status):
                return None
            content = _aligned(min(status.st_size, MAX_BYTES))
            filled = 0
            while count := stream.readinto(content[filled:]):
                filled += count
            return content[:filled]
    except OSError:
        return None


def _aligned(size: int) -> memoryview:
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].data


def write(directory: Path, name: str, content: bytes) -> bool:
    """Give a file of a prepared directory this content, at once; False if it cannot be done."""
    import secrets  # late: what is kept is only read

    temporary = directory / f"{name}.{secrets.token_hex(8)}.tmp"
    try:
        try:
            _write_through(temporary, content)
            temporary.replace(directory / name)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def keep(name: str, content: bytes) -> None:
    """Give a file this content in the first directory that can be had, if there is one."""
    for directory in filter(prepare, directories()):
        if write(directory, name, content):
            return


def prepare(directory: Path) -> bool:
    """Make it where it is missing; False if it cannot be had, or cannot be trusted."""
    try:
        for place in (directory.parent, directory):
            place.mkdir(0o755, parents=True, exist_ok=True)
        return is_private(directory)
    except OSError:
        return False


def is_private(directory: Path) -> bool:
    """It and its parent are real directories of ours, which nobody else may write to."""
    statuses = [place.lstat() for place in (directory, directory.parent)]
    return all(stat.S_ISDIR(status.st_mode) and _is_ours(status) for status in statuses)


def _is_ours(status: os.stat_result) -> bool:
    """The superuser's too: an image is built by root and run by others, and root needs no trick."""
    if os.name != "posix":
        return True
    return status.st_uid in (os.geteuid(), 0) and not status.st_mode & OTHERS_MAY_WRITE


def _write_through(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)


def files(directory: Path) -> dict[str, int]:
    """The sizes of all files that are kept, by name; none where it is not there or not ours."""
    try:
        if not is_private(directory):
            return {}
        return {
            place.name: place.lstat().st_size
            for place in sorted(directory.iterdir())
            if place.suffix in KEPT
        }
    except OSError:
        return {}


def clear(directory: Path) -> int:
    """Remove what `files` lists, and what was left behind; returns how many files had code."""
    count = len(files(directory))
    with suppress(OSError):
        if is_private(directory):
            for pattern in (*(f"*{suffix}" for suffix in KEPT), "*.lock", "*.tmp"):
                for place in directory.glob(pattern):
                    place.unlink(missing_ok=True)
    return count - len(files(directory))


@contextmanager
def lock(directory: Path, name: str) -> Iterator[None]:
    """Wait for others that make the same file, but not for ever.

    A lock of the operating system's, so that it ends with its process, however that ends. Where it
    cannot be had, several processes do the same work, and each result is right.
    """
    descriptor = None
    try:
        descriptor = _locked(directory / f"{name}.lock")
        if descriptor is not None:  # whoever left one behind is dead
            for leftover in directory.glob(f"{name}.*.tmp"):
                leftover.unlink(missing_ok=True)
    except OSError:
        pass
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(path: Path) -> int | None:
    try:
        import fcntl
    except ImportError:  # Windows: processes that compile at the same time do so side by side
        return None
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    end = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < end:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if not _has_room(descriptor):  # what is made meanwhile will not be there to be loaded
                break
            time.sleep(LOCK_STEP)
        except OSError:  # a file system without locks
            break
    os.close(descriptor)
    return None


def _has_room(descriptor: int) -> bool:
    """Whether the disk of an open file takes another one."""
    disk = os.fstatvfs(descriptor)
    return disk.f_bavail * disk.f_frsize >= ROOM
