"""What Linux says of an x86-64 processor, which is read in no time.

Source: Linux, Documentation/arch/x86/cpuinfo.rst; the flags stand in asm/cpufeatures.h.
"""

import io
import os
import sys
from collections.abc import Iterable

FILE = "/proc/cpuinfo"
MAX_BYTES = 1 << 14  # the first processor's part is a quarter of that; there may be hundreds
# What tells one kind of processor from another, and one machine's limits from another's.
FIELDS = ("vendor_id", "cpu family", "model", "model name", "stepping", "microcode", "flags")
# Names of LLVM's for features that Linux calls otherwise.
FLAGS = {"sahf": "lahf_lm", "sse3": "pni", "bmi": "bmi1", "lzcnt": "abm"}


def cpu_words() -> str | None:
    """Everything that LLVM's view of the processor can depend on; None: it is not known."""
    found = _fields()
    return None if found is None else "\n".join(found.get(name, "") for name in FIELDS)


def has_flags(features: Iterable[str]) -> bool:
    """Whether it certainly has them all, in LLVM's words."""
    found = _fields()
    flags = set() if found is None else set(found["flags"].split())
    return flags.issuperset(FLAGS.get(feature, feature.replace(".", "_")) for feature in features)


def _fields() -> dict[str, str] | None:
    """The first processor's; None: this is another system, or it does not tell."""
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return None
    try:
        with io.FileIO(FILE) as stream:
            text = (stream.read(MAX_BYTES) or b"").decode(errors="replace")
    except OSError:
        return None
    lines = (line.partition(":") for line in text.partition("\n\n")[0].split("\n"))
    found = {name.strip(): value.strip() for name, _, value in lines}
    return found if "flags" in found else None
