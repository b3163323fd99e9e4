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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
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
    measured = json.loads(done.stdout)
    assert measured["found"] <= measured["allowed"], measured


@pytest.mark.parametrize(
    "kind, name",
    [
        ("single", "model.safetensors"),
        ("torch", "pytorch_model.bin"),
        ("torch_old", "pytorch_model.bin"),
    ],
)
def test_the_file_is_as_large_as_it_says(tmp_path: Path, kind: str, name: str) -> None:
    """Catches a test of small files: BERT-base with its head has more than 500 MB."""
    folder = write_bert_base(tmp_path / "a", kind)
    path = folder / name
    assert path.stat().st_size > 500 * MB
    assert path.stat().st_blocks * 512 < MB
