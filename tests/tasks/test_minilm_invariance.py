"""Same text, same bytes, with real weights and real sizes."""

from pathlib import Path

import numpy as np
import pytest

from npdistil import SentenceEncoder
from tests.tolerances import BLAS_BATCH

SENTENCES = Path(__file__).parent.parent.parent / "tools" / "demo" / "sentences.txt"
TEXTS = [*SENTENCES.read_text(encoding="utf-8").splitlines()[:60], "", "x", "long " * 400]


@pytest.fixture(scope="module")
def alone(minilm_folder) -> np.ndarray:
    """Each text by itself, on one thread."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder, num_threads=1)
    return np.stack([encoder.encode(text) for text in TEXTS])


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("batch_size", [1, 7, 32, 512])
def test_neighbours_order_and_threads_change_no_bit(minilm_folder, alone, threads, batch_size):
    """A row that falls to another register block, or a sum that follows the cut of the work."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder, num_threads=threads)
    order = np.random.default_rng(threads).permutation(len(TEXTS))
    together = encoder.encode([TEXTS[n] for n in order], batch_size=batch_size)
    np.testing.assert_array_equal(together, alone[order])


def test_numpy_backend_moves_within_its_promise(minilm_folder, alone):
    """BLAS picks its code by shape; the promise is for embeddings of length 1."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder, backend="numpy")
    together = encoder.encode(TEXTS)
    for text, expected in zip(TEXTS[:12], together, strict=False):
        assert np.abs(encoder.encode(text) - expected).max() <= BLAS_BATCH
    assert np.abs(together - alone).max() <= BLAS_BATCH
