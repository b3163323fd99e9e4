"""A tiny model and a batch with every kind of padding, for the tests of this folder."""

from dataclasses import replace

import numpy as np

from npdistil import Encoder
from tests.models import TINY, random_params

DISTILBERT = replace(TINY, model_type="distilbert", type_vocab_size=0)
# Right padding, left padding, a hole, nothing but padding, no padding.
MASK_BL = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [0] * 5, [1] * 5])


def make(backend="numpy", config=TINY, dtype="float32") -> Encoder:
    return Encoder(config, random_params(config, np.random.default_rng(7)), backend, dtype)
