"""A folder that appears whole under its name, or not at all.

It is written aside, in the folder that will hold it, under a private name that nobody else has.
A run that is killed leaves that behind, and the next run to the same target removes it; files that
it can go on with are handed on to it before. What tells a dead run's folder from a live one's is a
lock of the operating system on the folder itself, which ends with its process. Where there are no
such locks (Windows, some network file systems) leftovers stay, since nobody can tell.
"""

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError

_NAME_SHOWN = 40  # characters of the target's name in that of the folder aside
# What a write meets when the disk, a quota or a limit stops it.
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS))
_TAKEN = frozenset((errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR))


@contextmanager
def new_folder(target: Path, handed_on: str | None = None) -> Iterator[Path]:
    """A private folder that gets the name `target` when the block ends well, else is removed.

    All its files are on the disk before the name is given. A block's own errors leave as they are.

    Args:
        target: does not exist yet; its parent does.
        handed_on: a pattern of file names. Files at the top of a dead run's folder that fit it are
            in this one from the start, and Ctrl-C leaves them to the next run.

    Raises:
        InputError: the target exists (a link, too), has no name, or its parent is not a folder
            that can be written to; the disk is full. Nothing is left behind.
        KeyboardInterrupt: the block's own. Nothing is left behind but what is handed on.
    """
    place = _free_place(target)
    with _told(place):
        aside, lock, mode = _made_aside(place)
    try:
        with _told(place):
            _remove_leftovers(place, aside, handed_on)
        try:
            yield aside
        except OSError as failure:
            if failure.errno not in _FULL:
                raise
            raise _unwritable(place, failure) from None
        with _told(place):
            _finish(aside, place, mode)
    except BaseException as failure:
        kept = isinstance(failure, KeyboardInterrupt) and handed_on and any(aside.glob(handed_on))
        if not kept or lock is None:  # without locks nobody could tell later that this run is dead
            shutil.rmtree(aside, ignore_errors=True)
        raise
    finally:
        if lock is not None:
            os.close(lock)


def _finish(aside: Path, place: Path, mode: int) -> None:
    """Everything to the disk, then the name."""
    for folder, _, names in os.walk(aside):
        for name in names:
            path = Path(folder, name)
            if stat.S_ISREG(path.lstat().st_mode):
                _to_disk(path)
        _folder_to_disk(Path(folder))
    aside.chmod(mode)
    # A rename replaces an empty folder without a word; one that holds something it refuses itself.
    _refuse_existing(place)
    try:
        aside.rename(place)
    except OSError as failure:
        if failure.errno in _TAKEN:
            _refuse_existing(place)
        raise
    with suppress(OSError):  # the folder is whole and in its place
        _folder_to_disk(place.parent)


def _free_place(target: Path) -> Path:
    """The target with its parent's true path, if a folder could be made there."""
    if target.name in ("", ".."):
        raise InputError(f"{target}: cannot become a new folder; name one that does not exist.")
    try:
        parent = target.parent.resolve()
        there = parent.is_dir()
        if there:
            _refuse_existing(parent / target.name)
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError) as failure:  # a long name, a NUL, a loop of links
        raise _unwritable(target, failure) from None
    if not there:
        raise InputError(f"{target}: the folder {parent} does not exist; make it first.")
    return parent / target.name


def _refuse_existing(place: Path) -> None:
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        return
    kind = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "a file"
    raise InputError(f"{place}: exists already ({kind}); remove it or name another.")


def _made_aside(place: Path) -> tuple[Path, int | None, int]:
    """A new folder that is ours alone, its lock if there are locks, and its mode in the end."""
    while True:
        aside = place.with_name(f"{_prefix(place)}{secrets.token_hex(8)}.part")
        aside.mkdir()
        # Until the lock is ours, another run may take the folder for a leftover and remove it.
        with suppress(FileNotFoundError, BlockingIOError):
            mode = stat.S_IMODE(aside.stat().st_mode)  # what the umask makes of a new folder
            aside.chmod(0o700)
            return aside, _locked(aside), mode


def _remove_leftovers(place: Path, aside: Path, handed_on: str | None) -> None:
    ours = re.compile(re.escape(_prefix(place)) + r"[0-9a-f]{16}\.part")
    for found in place.parent.iterdir():
        if ours.fullmatch(found.name):
            # A live run's, somebody else's, or removed meanwhile: not ours to remove.
            with suppress(OSError):
                lock = _locked(found)
                if lock is not None:
                    try:
                        if handed_on is not None:
                            _hand_on(found, aside, handed_on)
                        shutil.rmtree(found, ignore_errors=True)
                    finally:
                        os.close(lock)


def _hand_on(found: Path, aside: Path, pattern: str) -> None:
    """Of two dead runs' files of one name the longer is taken."""
    for path in found.glob(pattern):
        status, ours = path.lstat(), aside / path.name
        longer = not ours.exists() or status.st_size > ours.stat().st_size
        if stat.S_ISREG(status.st_mode) and longer:
            path.replace(ours)


def _prefix(place: Path) -> str:
    """How the names of all folders aside of one target begin."""
    digest = hashlib.sha256(os.fsencode(place.name)).hexdigest()
    return f".{place.name[:_NAME_SHOWN]}.{digest[:8]}."


def _locked(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock; None where there are no locks.

    Raises:
        BlockingIOError: another process holds it.
        FileNotFoundError: the folder is gone.
        OSError: it is no folder of this user's.
    """
    try:
        import fcntl
    except ImportError:
        return None
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "another user's folder")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:  # a file system without locks
            os.close(descriptor)
            return None
        if not os.path.samestat(status, folder.lstat()):
            raise FileNotFoundError(errno.ENOENT, "replaced while it was locked")
    except BaseException:
        with suppress(OSError):
            os.close(descriptor)
        raise
    return descriptor


def _folder_to_disk(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _to_disk(folder)


def _to_disk(path: Path) -> None:
    # Windows flushes only what is open for writing; here a file may be read-only by now.
    flags = os.O_RDONLY if os.name == "posix" else os.O_RDWR
    descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        raise _unwritable(place, failure) from None


def _unwritable(place: Path, failure: Exception) -> InputError:
    reason = getattr(failure, "strerror", None) or failure
    return InputError(f"{str(place)[:300]!r}: cannot be written: {reason}.")
