"""Where compiled kernels are kept between runs, and when they count as the same kernels.

Numba's own cache looks at one file at a time: an edit to a kernel that another kernel calls, or to
the compile flags, leaves the old machine code in use. So kernels are kept in a directory of our own
whose name is a hash of everything that decides their code. A cache that cannot be used costs a
compilation and one warning, never an answer.
"""

import hashlib
import os
import platform
import stat
import threading
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from llvmlite import binding as llvm

_LOCK = threading.RLock()
_NUMBA_CONFIG: Any = numba.config  # its settings are attributes made at run time


def compile_in_private_cache(compile_with: Callable[[bool], Any]) -> Any:
    """Call `compile_with(True)` with Numba's cache directory set to ours.

    The setting is put back afterwards: it is the whole process's, and a user's own functions must
    not land here. Where our directory cannot be used, `compile_with(False)` compiles in memory.
    """
    directory = cache_directory()
    if directory is None:
        return compile_with(False)
    with _LOCK:
        before = _NUMBA_CONFIG.CACHE_DIR
        _NUMBA_CONFIG.CACHE_DIR = str(directory)
        try:
            return compile_with(True)
        except Exception as failure:
            warnings.warn(
                f"npdistil: the kernel cache {directory} cannot be used "
                f"({type(failure).__name__}: {failure}); compiling in memory. "
                "Delete it, or name another with NPDISTIL_CACHE_DIR.",
                RuntimeWarning,
                stacklevel=2,
            )
        finally:
            _NUMBA_CONFIG.CACHE_DIR = before
    return compile_with(False)


@cache
def cache_directory() -> Path | None:
    """This installation's own directory, made on first use; None where none can be trusted."""
    directory = _cache_root() / "kernels" / _key()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.lstat()
    except OSError:
        return None
    owner = os.geteuid() if hasattr(os, "geteuid") else status.st_uid
    others_may_write = os.name == "posix" and bool(status.st_mode & 0o022)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner or others_may_write:
        return None
    return directory if os.access(directory, os.W_OK) else None


def _cache_root() -> Path:
    """NPDISTIL_CACHE_DIR, else the platform's place for a user's caches."""
    if chosen := os.environ.get("NPDISTIL_CACHE_DIR"):
        return Path(chosen)
    if os.name == "nt" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "npdistil" / "cache"
    if platform.system() == "Darwin":
        return Path("~/Library/Caches/npdistil").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "npdistil"


def _key() -> str:
    """A hash of all kernel sources, the versions, the processor and the compile flags."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    about = (
        platform.python_version(),
        numba.__version__,
        llvmlite.__version__,
        np.__version__,
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
        str(_NUMBA_CONFIG.BOUNDSCHECK),
        os.environ.get("NUMBA_CPU_NAME", ""),
        os.environ.get("NUMBA_CPU_FEATURES", ""),
        os.environ.get("NUMBA_OPT", ""),
    )
    digest.update("\0".join(about).encode())
    return digest.hexdigest()[:24]
