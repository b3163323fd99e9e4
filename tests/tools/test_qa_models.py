"""The random models of the question-answering goldens are the same ones wherever they are made."""

import hashlib

import numpy as np
import pytest

from npdistil.checkpoint.registry import entries
from tools.qa.models import SEEDS, random_tensors

SHA256 = {
    "xtremedistil-l6-h256": "d56abf87d0e50d423543d35fecb28148411bcf4f6fa2907e4de4e14187e9d756",
    "distilbert": "07dae9408f6a0248519b43ba5b0873cff4fc2754fa934f1053555165085ea862",
}


@pytest.mark.parametrize("name", SHA256)
def test_the_same_bits(name):
    """Catches a generator or a rounding that differs, before answers differ without a reason."""
    config = next(entry.config for entry in entries() if entry.name == name)
    digest = hashlib.sha256()
    for tensor, values in random_tensors(config, SEEDS[name]):
        assert values.dtype == np.float32 and np.isfinite(values).all()
        digest.update(tensor.encode() + values.astype("<f4").tobytes())
    assert digest.hexdigest() == SHA256[name]
