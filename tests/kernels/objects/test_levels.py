"""The kernels of an image: compiled for a level, from a directory that nobody writes to."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from llvmlite import binding as llvm

from npdistil import Encoder
from npdistil.kernels.objects.cpu import LEVELS
from tests.tolerances import HIDDEN_FLOAT32

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "tests" / "golden" / "tiny-odd"
LEVEL = "x86-64-v3"
IDS = [[2, 5, 7, 3], [2, 9, 3, 0]]
PROGRAM = """
import sys
import numpy as np
from npdistil import Encoder
hidden = Encoder.from_pretrained(sys.argv[1])(eval(sys.argv[2])).last_hidden_state
assert not {"numba", "scipy"} & set(sys.modules)
np.save(sys.argv[3], hidden)
"""


def python(cache: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    place = {"NPDISTIL_CPU": LEVEL, "NPDISTIL_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env={**os.environ, **place}, capture_output=True, text=True,
    )  # fmt: skip


def test_an_images_kernels_are_loaded_and_right(tmp_path: Path) -> None:
    """Code of the builder's processor in an image, a start that compiles or writes, wrong rows."""
    cache, result = tmp_path / "cache", tmp_path / "hidden.npy"
    host = llvm.get_host_cpu_features()
    built = python(cache, "-m", "npdistil", "warmup")
    assert built.returncode == 0, built.stderr
    directory = cache / "kernels"
    before = {path.name: path.read_bytes() for path in directory.glob("*.o")}
    assert len(before) == 2
    assert all(b'"cpu": {"features": "", "name": "x86-64-v3"}' in code for code in before.values())
    for place in (directory, cache):
        place.chmod(0o555)
    try:
        done = python(cache, "-c", PROGRAM, str(MODEL), repr(IDS), str(result))
    finally:
        for place in (cache, directory):
            place.chmod(0o755)
    if all(host.get(feature) for feature in LEVELS[LEVEL]):
        assert (done.returncode, done.stderr) == (0, "")
        expected = Encoder.from_pretrained(MODEL, backend="numpy")(IDS).last_hidden_state
        assert np.abs(np.load(result) - expected).max() <= HIDDEN_FLOAT32
    else:
        assert done.returncode and f"this processor is no {LEVEL}" in done.stderr
    assert {path.name: path.read_bytes() for path in directory.glob("*.o")} == before
