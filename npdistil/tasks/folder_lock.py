"""`npdistil.lock.json`: what a model folder held and computed once, to check later that it does.

It names each file's sha256 and size, and holds a probe (tasks/probe.py). It guards against
accidents and forgotten edits; whoever can change the model can change the lock as well.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..checkpoint.file_hash import sha256_of
from ..errors import InputError, ModelFileError
from ..fields import Fields
from ..files import is_there
from .probe import Outcome, make_probe, run_probe

NAME = "npdistil.lock.json"
FORMAT = 1
MAX_FILES = 10_000
MAX_LOCK_BYTES = 1 << 26  # a probe of 65,536 features fits
LEFTOVER_SECONDS = 3600.0


class Locked(NamedTuple):
    """One file of a folder."""

    sha256: str
    size: int  # in bytes


@dataclass(frozen=True)
class Report:
    """What `check_lock` found.

    Attributes:
        files: how many the lock names.
        size: of all files together, in bytes.
        faults: one line for each file that is not as it was.
        probe: what came of it; None where it did not run, because files have changed.
    """

    files: int
    size: int
    faults: tuple[str, ...]
    probe: Outcome | None

    @property
    def right(self) -> bool:
        """Everything is as it was."""
        return not self.faults and self.probe is not None and self.probe.right


def write_lock(folder: Path) -> None:
    """Write the lock of a model folder as it is now, in place of any that is there.

    Hidden files and folders (".git", ".cache") are left out: nothing reads them.

    Raises:
        ModelFileError: a file cannot be read, or the weights cannot be used.
        InputError: the folder cannot be written to.
    """
    content = {
        "format": FORMAT,
        "files": {name: Locked(*sha256_of(path))._asdict() for name, path in _files(folder)},
        "probe": make_probe(folder),
    }
    try:
        text = (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
    except UnicodeEncodeError:
        raise ModelFileError(f"{folder}: a file's name is not UTF-8; rename it.") from None
    _write_whole(folder / NAME, text)


def check_lock(folder: Path) -> Report:
    """Compare a folder with its lock, and run its probe if all files are as they were.

    Raises:
        ModelFileError: there is no lock, or it is damaged.
    """
    path = folder / NAME
    if not is_there(path, ModelFileError):
        raise ModelFileError(
            f"{folder}: no {NAME}, so there is nothing to compare with; while you trust the "
            f"folder, make one with: npdistil verify --write {folder}"
        )
    lock = Fields.from_file(path, ModelFileError, MAX_LOCK_BYTES)
    lock.known(("format", "files", "probe")).integer("format", FORMAT, FORMAT)
    stored_probe = lock.object("probe")
    wanted = _locked(lock.object("files"))
    faults: list[str] = []
    found: set[str] = set()
    for name, file in _files(folder):
        found.add(name)
        if name in wanted:
            faults += _changed(name, file, wanted[name])
        else:
            faults.append(f"{name}: not in the lock")
    faults += [f"{name}: missing" for name in sorted(wanted.keys() - found)]
    size = sum(locked.size for locked in wanted.values())
    probe = None if faults else run_probe(folder, stored_probe)
    return Report(len(wanted), size, tuple(faults), probe)


def _changed(name: str, path: Path, wanted: Locked) -> list[str]:
    try:
        sha256, size = sha256_of(path)
    except ModelFileError as failure:
        return [f"{name}: cannot be compared: {failure}"]
    if size != wanted.size:
        return [f"{name}: {size:,} bytes instead of {wanted.size:,}"]
    if sha256 != wanted.sha256:
        return [f"{name}: sha256 {sha256} instead of {wanted.sha256}"]
    return []


def _locked(files: Fields) -> dict[str, Locked]:
    """The names are compared with those that are there, and never opened."""
    result = {}
    for name, value in files.value.items():
        file = files.inside(value, name[:80]).known(Locked._fields)
        result[name] = Locked(file.text("sha256"), file.integer("size", 0))
    return result


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name with "/" and path of all files that are not hidden, but the lock; in order of names."""
    found: dict[str, Path] = {}

    def fail(failure: OSError) -> None:
        raise ModelFileError(f"{folder}: cannot be listed: {failure}.")

    for place, folders, names in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            if (Path(place) / name).is_symlink():  # os.walk would pass it by without a word
                raise ModelFileError(f"{Path(place) / name}: a link to a folder cannot be locked.")
        for name in names:
            path = Path(place) / name
            inside = path.relative_to(folder).as_posix()
            if not name.startswith(".") and inside != NAME:
                found[inside] = path
        if len(found) > MAX_FILES:
            raise ModelFileError(f"{folder}: over {MAX_FILES} files; is it a model folder?")
    yield from sorted(found.items())


def _write_whole(path: Path, content: bytes) -> None:
    """The file is the old one or the new one, whatever happens."""
    import secrets  # late: few ever write one

    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _remove_leftovers(path)
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        if os.name == "posix":  # so that the new name outlives a power cut
            descriptor = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as failure:
        raise InputError(f"{path}: cannot be written: {failure.strerror or failure}.") from None


def _remove_leftovers(path: Path) -> None:
    """What killed runs left behind; a young file may be that of another that is at work."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > LEFTOVER_SECONDS:
                leftover.unlink()
