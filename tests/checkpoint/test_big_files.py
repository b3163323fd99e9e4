"""A file of 440 MB: loading holds little more than its values, `npdistil info` reads its header."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkpoint.big_files import CASES, KINDS, MB, write_bert_base

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self")


# The backends differ in what they do with a tensor, the formats in how they give one: numpy's
# memory is measured with the plainest of them and with the one that turns matrices.
RUNS = [
    (case, kind)
    for case in CASES
    for kind in KINDS
    if case != "load_numpy" or kind in ("single", "h5")
]


@pytest.mark.parametrize(("case", "kind"), RUNS)
def test_large_files_stay_cheap(tmp_path: Path, case: str, kind: str) -> None:
    """Catches a second copy of the weights, the head's values kept, and a header-only read that
    reads or maps all."""
    folder = tmp_path / kind
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.checkpoint.big_files", case, folder],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    for found, allowed in json.loads(done.stdout).values():
        assert found <= allowed, done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_are_as_large_as_they_say(tmp_path: Path, kind: str) -> None:
    """Catches a test of small files: BERT-base has 417 MB, half of it in half precision."""
    folder = write_bert_base(tmp_path / "a", kind)
    files = [path.stat() for path in folder.iterdir()]
    assert sum(file.st_size for file in files) > (208 if kind == "half" else 417) * MB
    assert sum(file.st_blocks for file in files) * 512 < MB
