"""For which processor kernels are compiled: the one at hand, or a level that many have in common.

Source of the levels: System V ABI, AMD64 supplement, section 3.1.1 (x86-64-v2 and on).
"""

import os
from functools import cache
from typing import NamedTuple

from llvmlite import binding as llvm

from ...errors import InputError

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
        return Cpu(llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten())
    if level not in LEVELS:
        raise InputError(f"{VARIABLE}: expected one of {', '.join(LEVELS)}, not {level!r}.")
    return Cpu(level, "")


def require_host(cpu: Cpu) -> None:
    """Refuse to run code here that this processor would not understand.

    Raises:
        InputError: a level of which it lacks something.
    """
    host = llvm.get_host_cpu_features()
    lacking = [feature for feature in LEVELS.get(cpu.name, ()) if not host.get(feature)]
    if lacking:
        raise InputError(
            f"{VARIABLE}: this processor is no {cpu.name}, it lacks {', '.join(lacking)}; "
            "name a lower level or none."
        )
