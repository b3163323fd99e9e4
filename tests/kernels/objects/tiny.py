"""A unit of one small kernel, so that compiling takes a second; and programs that use it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from npdistil.kernels.objects.unit import Entry, Function, Unit
from npdistil.kernels.signature import IN1, OUT1

ROOT = Path(__file__).parent.parent.parent.parent
TINY = Unit("tiny", __name__, (Function(".tiny_kernel", "double", (IN1, OUT1)),))
double = Entry(TINY, "double")

PROGRAM = """
import sys
import numpy as np
from tests.kernels.objects.tiny import double
x_N = np.arange(5, dtype=np.float32)
y_N = np.empty_like(x_N)
double(x_N, y_N)
assert (y_N == 2 * x_N).all()
print(*sorted({"llvmlite.binding", "numba", "scipy"} & set(sys.modules)))
"""


@dataclass(frozen=True)
class Finished:
    """What became of a program, which had the right answer."""

    compiled: bool
    warned: bool
    imported: list[str]  # of Numba, SciPy and LLVM


def start(
    directory: Path | None, program: str = PROGRAM, **environment: str
) -> subprocess.Popen[str]:
    """The program in a process group of its own.

    Args:
        directory: NPDISTIL_CACHE_DIR; None leaves it unset.
        program: Python.
        environment: more variables.
    """
    inherited = {name: text for name, text in os.environ.items() if name != "NPDISTIL_CACHE_DIR"}
    chosen = {} if directory is None else {"NPDISTIL_CACHE_DIR": str(directory)}
    return subprocess.Popen(
        [sys.executable, "-W", "always", "-c", program],
        cwd=ROOT,
        env={**inherited, **chosen, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> Finished:
    """Wait for it; all that it may have said is that it compiles, and one warning."""
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    said = errors.splitlines()
    compiled = sum(line.startswith("npdistil: compiling kernels") for line in said)
    warned = sum("RuntimeWarning: npdistil: no private directory" in line for line in said)
    assert compiled <= 1 and warned <= 1, errors
    return Finished(bool(compiled), bool(warned), output.split())


def run(directory: Path | None, program: str = PROGRAM, **environment: str) -> Finished:
    """The program from start to end."""
    return finish(start(directory, program, **environment))


def kept(directory: Path, suffix: str = "o") -> Path:
    """The one file that holds object code, or its image."""
    (file,) = (directory / "kernels").glob(f"*.{suffix}")
    return file
