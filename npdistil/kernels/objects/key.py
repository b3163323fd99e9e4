"""When kept object code is the code that would be compiled now."""

import hashlib
import importlib.util
import sys
from functools import cache
from pathlib import Path

import llvmlite
import numpy as np

from .cpu import chosen_cpu
from .files_hash import files_hash
from .unit import Unit

KERNELS = Path(__file__).parent.parent


def unit_key(unit: Unit) -> str:
    """A hash of the unit's name, all kernel sources, the versions and the processor."""
    parts = [
        unit.name,
        _sources(),
        *map(": ".join, sorted(versions().items())),
        *chosen_cpu(),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def sources_hash() -> str:
    """A hash of every file below `kernels/`, and of the file that says npdistil's version."""
    return files_hash(KERNELS.parent, KERNELS.parent / "version.py", KERNELS)


@cache
def _sources() -> str:
    """Read once for all units: what a process runs does not change with its files."""
    return sources_hash()


def versions() -> dict[str, str]:
    """Of everything that has a part in compiling."""
    return {
        "llvmlite": llvmlite.__version__,
        "numba": numba_version(),
        "numpy": np.__version__,
        "python": f"{sys.implementation.cache_tag} {sys.hexversion:#x} {sys.platform}",
    }


@cache
def numba_version() -> str:
    """Numba's version without importing Numba, which takes longer than all else at a start."""
    spec = importlib.util.find_spec("numba")
    if spec is None or spec.origin is None:
        return "none"
    try:
        content = Path(spec.origin).with_name("_version.py").read_bytes()
    except OSError:
        from importlib.metadata import version

        return version("numba")
    return hashlib.sha256(content).hexdigest()[:16]
