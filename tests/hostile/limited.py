"""All cases in a process that gets no more memory than promised: Linux only.

`python -m tests.hostile.limited FOLDER` prints, as JSON, what each case of each kind ended in by
the public API: the name of the exception, or "loaded". Before each, the address space that the
process may have is set to what it has, three times the files, and 64 MB; so memory that other
languages take counts as well, and a file that asks for more meets MemoryError, which is no error
of ours.
"""

import gc
import json
import resource
import sys
import tempfile
from pathlib import Path

from tests.hostile.kinds import KINDS, prepare

MB = 1 << 20


def address_space() -> int:
    """Bytes that the process has mapped."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def outcome(kind: str, folder: Path) -> str:
    """What loading a folder ends in, with the limit in force."""
    size = sum(path.lstat().st_size for path in folder.iterdir())
    gc.collect()
    allowed = address_space() + 3 * size + 64 * MB
    resource.setrlimit(resource.RLIMIT_AS, (allowed, resource.RLIM_INFINITY))
    try:
        KINDS[kind].load(folder)
    except BaseException as error:
        return type(error).__name__
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return "loaded"


def greedy() -> str:
    """The limit is one: what asks for a gigabyte does not get it."""
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + 64 * MB, resource.RLIM_INFINITY))
    try:
        bytearray(1 << 30)
    except MemoryError:
        return "MemoryError"
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return "loaded"


def outcomes(kind: str, place: str) -> dict[str, str]:
    """Every case in turn, the good folder before them and a glutton after."""
    found = {}
    gc.freeze()  # of what is imported nothing can be collected
    for case in (None, *KINDS[kind].cases):
        with tempfile.TemporaryDirectory(dir=place) as folder:
            found[case or "good"] = outcome(kind, prepare(Path(folder), kind, case))
    return {**found, "greedy": greedy()}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({kind: outcomes(kind, sys.argv[1]) for kind in KINDS}))
