"""Ids for the batch of `traced.py`."""

import numpy as np
import pytest

from tests.trace.traced import MASK_BL, TINY


@pytest.fixture
def ids_BL(rng) -> np.ndarray:
    return rng.integers(0, TINY.vocab_size, MASK_BL.shape)
