"""Models to explain, and the arrays of what was explained."""

import base64

import numpy as np

from npdistil import Tokenizer, TracedModel
from npdistil.explain.record import Explained
from tests.models import TINY
from tests.text.tiny import VOCAB
from tests.trace.traced import make


def traced_model(config=TINY, **settings) -> TracedModel:
    """Random weights and the small vocabulary."""
    tokenizer = Tokenizer.from_vocab(VOCAB, backend="python", **settings)
    return TracedModel(tokenizer, make(config=config))


def array_of(text: str, dtype: str, *shape: int) -> np.ndarray:
    """What base64 holds."""
    return np.frombuffer(base64.b64decode(text, validate=True), dtype).reshape(shape)


def sizes(found: Explained) -> tuple[int, int, int]:
    """N, H and L."""
    return found["layers"], found["heads"], len(found["tokens"])
