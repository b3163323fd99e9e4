"""Threads of NumPy's BLAS, told to rest; each case in a process of its own, where NumPy is new."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
{first}
asked = []
class Finder:
    def find_spec(name, *_):
        if name == "numpy": asked.append(os.environ.get("OPENBLAS_THREAD_TIMEOUT"))
sys.meta_path.insert(0, Finder)
import npdistil
npdistil.Encoder
print(*asked, "behind it", os.environ.get("OPENBLAS_THREAD_TIMEOUT"))
"""


@pytest.mark.parametrize(
    "chosen, first, said",
    [
        ({}, "", "21 behind it None"),
        ({"OPENBLAS_THREAD_TIMEOUT": "26"}, "", "26 behind it 26"),
        ({}, "import numpy", "behind it None"),
    ],
    ids=["nobody said anything", "somebody chose", "NumPy was there"],
)
def test_the_first_use_of_a_name(chosen, first, said):
    """Catches a variable that is set too late, over a user's own, or left to other programs."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("OPENBLAS")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(first=first)],
        env={**clean, **chosen},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr, done.stdout.strip()) == (0, "", said)
