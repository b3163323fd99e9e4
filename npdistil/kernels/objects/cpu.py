"""For which processor kernels are compiled: the one at hand, or a level that many have in common.

Source of the levels: System V ABI, AMD64 supplement, section 3.1.1 (x86-64-v2 and on).
"""

import hashlib
import os
from functools import cache

import llvmlite

from ...errors import InputError
from ...named_tuple import NamedTuple
from . import sealed, store
from .linux_cpu import cpu_words, has_flags
from .sealed import seal

_V2 = ("cx16", "sahf", "popcnt", "sse3", "sse4.1", "sse4.2", "ssse3")
_V3 = (*_V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave")
_V4 = (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
LEVELS = {"x86-64-v2": _V2, "x86-64-v3": _V3, "x86-64-v4": _V4}
VARIABLE = "NPDISTIL_CPU"


class Cpu(NamedTuple):
    """A processor in LLVM's words.

    Attributes:
        name: "znver3", "x86-64-v3".
        features: "+avx2,-avx512f,..."; "" means what the name implies.
    """

    name: str
    features: str


@cache
def chosen_cpu() -> Cpu:
    """The level that NPDISTIL_CPU names, else the processor at hand with all that it can do.

    Raises:
        InputError: there is no such level.
    """
    level = os.environ.get(VARIABLE, "")
    if not level:
        return host_cpu()
    if level not in LEVELS:
        raise InputError(f"{VARIABLE}: expected one of {', '.join(LEVELS)}, not {level!r}.")
    return Cpu(level, "")


def host_cpu() -> Cpu:
    """The processor at hand.

    Importing LLVM takes longer than all else at a start but NumPy, so what it says is kept, under
    a hash of its version and of all that the system says of the processor.
    """
    name = record_name()
    if name is None:
        return _asked()
    if (found := sealed.find(name, name)) is not None:
        return Cpu(found[0]["name"], found[0]["features"])
    cpu = _asked()
    store.keep(name, seal({**cpu._asdict(), "key": name}, b""))
    return cpu


def record_name() -> str | None:
    """The file where `host_cpu` is kept; None: the system does not say what it would depend on."""
    words = cpu_words()
    if words is None:
        return None
    digest = hashlib.sha256("\0".join((llvmlite.__version__, words)).encode())
    return f"processor-{digest.hexdigest()[:32]}.cpu"


def require_host(cpu: Cpu) -> None:
    """Refuse to run code here that this processor would not understand.

    Raises:
        InputError: a level of which it lacks something.
    """
    needed = LEVELS.get(cpu.name, ())
    if not needed or has_flags(needed):
        return
    from llvmlite import binding as llvm

    host = llvm.get_host_cpu_features()
    if lacking := [feature for feature in needed if not host.get(feature)]:
        raise InputError(
            f"{VARIABLE}: this processor is no {cpu.name}, it lacks {', '.join(lacking)}; "
            "name a lower level or none."
        )


def _asked() -> Cpu:
    """What LLVM says of the processor at hand."""
    from llvmlite import binding as llvm

    return Cpu(llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
