"""Where compiled kernels are kept between runs, and when they count as the same kernels.

Numba's own cache looks at one function at a time: an edit to a kernel that another kernel calls
leaves the caller's old machine code in use, and a cache with one entry lost is completed by code
that was inlined differently, with other roundings. So kernels are kept as one unit, all or nothing,
in a directory named by a hash of everything that decides their code. A unit is built aside, listed
with the sha256 of each file, and renamed; before anything of it is read, the list is checked. What
is damaged, foreign or incomplete is built again. A cache that cannot be used costs a compilation
and one warning, never an answer.
"""

import hashlib
import json
import os
import platform
import secrets
import shutil
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from llvmlite import binding as llvm

MANIFEST = "MANIFEST.json"
_NUMBA_CONFIG: Any = numba.config  # its settings are attributes made at run time
# The directory of the unit that is being imported; None: compile in memory.
_active: Path | None = None


@contextmanager
def one_unit() -> Iterator[None]:
    """Load every kernel defined inside from the cache, or compile all and keep them together."""
    global _active
    home = _trusted_home()
    if home is None:
        warnings.warn(
            f"npdistil: no private directory for compiled kernels at {_root() or 'no home'}; "
            "compiling at every start. Name one with NPDISTIL_CACHE_DIR.",
            RuntimeWarning,
            stacklevel=2,
        )
    unit = None if home is None else home / _key()
    complete = unit is not None and _is_intact(unit)
    building = unit.with_name(f"{unit.name}.{secrets.token_hex(4)}.tmp") if unit else None
    _active = unit if complete else building
    try:
        yield
    finally:
        _active = None
    if unit is not None and building is not None and not complete:
        _publish(building, unit)


def cache_setting() -> bool:
    """Whether a kernel that is being defined goes through Numba's cache."""
    return _active is not None


@contextmanager
def numba_cache_directory() -> Iterator[None]:
    """Point Numba's cache at the active unit; a user's own functions must not land there."""
    before = _NUMBA_CONFIG.CACHE_DIR
    if _active is not None:
        _NUMBA_CONFIG.CACHE_DIR = str(_active)
    try:
        yield
    finally:
        _NUMBA_CONFIG.CACHE_DIR = before


def _publish(building: Path, unit: Path) -> None:
    """List the files with their hashes and give the directory its name, at once."""
    try:
        (building / MANIFEST).write_text(json.dumps(_hashes(building)), encoding="utf-8")
        if unit.exists() and not _is_intact(unit):
            unit.rename(unit.with_name(f"{building.name}.damaged"))
        building.rename(unit)
    except OSError:  # another process was first, or the disk is full: ours is in memory already
        pass
    for leftover in unit.parent.glob(f"{building.name}*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _is_intact(unit: Path) -> bool:
    """Every file is there, with the content that it was published with, and no other."""
    try:
        listed = json.loads((unit / MANIFEST).read_text(encoding="utf-8"))
        return _is_private(unit) and bool(listed == _hashes(unit))
    except (OSError, ValueError):
        return False


def _hashes(unit: Path) -> dict[str, str]:
    return {
        path.relative_to(unit).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(unit.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def _trusted_home() -> Path | None:
    """The directory of all units, made on first use; None where others could write to it."""
    root = _root()
    if root is None:
        return None
    home = root / "kernels"
    try:
        for directory in (root, home):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        trusted = _is_private(root) and _is_private(home) and os.access(home, os.W_OK)
        # Full disks and read-only mounts let themselves be asked and then refuse.
        probe = home / f"{secrets.token_hex(4)}.tmp"
        probe.mkdir(mode=0o700)
        probe.rmdir()
    except OSError:
        return None
    return home if trusted else None


def _is_private(directory: Path) -> bool:
    """A real directory of ours, which nobody else may write to: its files are unpickled."""
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode):
        return False
    return os.name != "posix" or (status.st_uid == os.geteuid() and not status.st_mode & 0o022)


def _root() -> Path | None:
    """NPDISTIL_CACHE_DIR, else the platform's place for a user's caches; None without a home."""
    try:
        if chosen := os.environ.get("NPDISTIL_CACHE_DIR"):
            return Path(chosen).expanduser().absolute()
        if os.name == "nt" and (local := os.environ.get("LOCALAPPDATA")):
            return Path(local) / "npdistil" / "cache"
        if platform.system() == "Darwin":
            return Path("~/Library/Caches/npdistil").expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "npdistil"
    except RuntimeError:  # a user without an entry in the password file
        return None


def _key() -> str:
    """A hash of all kernel sources, the versions, the processor and the compile flags."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    about = (
        platform.python_version(),
        numba.__version__,
        llvmlite.__version__,
        np.__version__,
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        str(_NUMBA_CONFIG.BOUNDSCHECK),
        str(folder),  # Numba's cache is also keyed by where a source lies
        os.environ.get("NUMBA_CPU_NAME", ""),
        os.environ.get("NUMBA_CPU_FEATURES", ""),
        os.environ.get("NUMBA_OPT", ""),
    )
    digest.update("\0".join(about).encode())
    return digest.hexdigest()[:24]
