"""Same text, same bytes, with real weights and real sizes: one hash over every way to compute."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from npdistil import SentenceEncoder
from tests.tasks.one_hash import LENGTHS, SECONDS, TEXTS, one_hash, outputs
from tests.tolerances import BLAS_BATCH

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=[1, 2, 3, 8])
def model(request, minilm_folder) -> SentenceEncoder:
    return SentenceEncoder.from_pretrained(minilm_folder, num_threads=request.param)


@pytest.fixture(scope="module")
def alone(minilm_folder) -> str:
    """The hash of each text by itself, on one thread."""
    return one_hash(SentenceEncoder.from_pretrained(minilm_folder, num_threads=1), 1)


@pytest.mark.parametrize("batch_size", [1, 2, 7, 32, 512])
def test_neighbours_order_and_threads_change_no_bit(model, alone, batch_size):
    """A row that falls to another register block, or a sum that follows the cut of the work."""
    assert one_hash(model, batch_size, seed=batch_size) == alone


def test_what_is_hashed_can_differ(minilm_folder):
    """Catches a hash of nothing: outputs that are empty, constant, or another text's."""
    model = SentenceEncoder.from_pretrained(minilm_folder, num_threads=2)
    found = outputs(model, 32, None)
    assert len(found) == len(set(found)) == 2 * len(TEXTS) + len(LENGTHS)
    tokens = [len(row) for row in model.tokenizer(TEXTS, padding=False)["input_ids"]]
    assert {2, 3, 256} <= {min(n, 256) for n in tokens} and len(set(tokens)) > 12
    arrays = [np.frombuffer(one, np.float32) for one in found]
    assert {array.size // 384 for array in arrays} >= {1, *LENGTHS}
    assert all(array.std() > 0.01 and np.isfinite(array).all() for array in arrays)


def test_every_process_finds_the_same_bytes(minilm_folder, alone):
    """Catches threads or locks that a fork leaves behind dead, and state that spawn loses."""
    done = subprocess.run(
        # NumPy's BLAS has threads of its own, of which a newer Python warns at a fork
        [sys.executable, "-W", "error", "-W", "ignore:This process", "-m", "tests.tasks.one_hash",
         str(minilm_folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True,
        timeout=5 * SECONDS,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found == dict.fromkeys(found, alone)
    assert len(found) == (4 if sys.platform == "win32" else 10)


def test_numpy_backend_moves_within_its_promise(minilm_folder):
    """BLAS picks its code by shape; the promise is for embeddings of length 1."""
    reference = SentenceEncoder.from_pretrained(minilm_folder, backend="numpy")
    together = reference.encode(TEXTS)
    for text, expected in zip(TEXTS[:12], together, strict=False):
        assert np.abs(reference.encode(text) - expected).max() <= BLAS_BATCH
    ours = SentenceEncoder.from_pretrained(minilm_folder).encode(TEXTS)
    assert np.abs(together - ours).max() <= BLAS_BATCH
