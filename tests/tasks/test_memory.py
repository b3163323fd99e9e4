"""Memory does not follow the amount of work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tasks.growth import CASES, distinct_texts

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")


@pytest.mark.parametrize("case", CASES)
def test_growth_is_bounded(case):
    """Catches arrays that are kept after a call or a thread, and scratch as large as the input."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.tasks.growth", case],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["grown"] <= found["allowed"], found


def test_the_texts_are_distinct():
    """Catches texts that are computed once for many, so that memory stays small for nothing."""
    texts = distinct_texts(3000, 6, 12)
    assert len(set(texts)) == 3000
    assert {len(text.split()) for text in texts} == set(range(6, 13))
