"""Pooling and normalisation as one head, over both backends."""

import numpy as np
import pytest

from npdistil import Encoder, InputError
from npdistil.encoder.backend import POOLINGS
from npdistil.encoder.packing import pack_sequences
from npdistil.heads.sentence_embedding import SentenceEmbedding
from tests.models import TINY, random_params
from tests.tolerances import HIDDEN_FLOAT32

LENGTHS = (3, 1, 5, 2)
D = TINY.hidden_size


@pytest.fixture(params=["numba", "numpy"])
def backend(request):
    params = random_params(TINY, np.random.default_rng(7))
    return Encoder(TINY, params, request.param).backend


@pytest.fixture
def batch(rng):
    ids = [rng.integers(0, TINY.vocab_size, length).astype(np.int32) for length in LENGTHS]
    return pack_sequences(ids, TINY)


def by_hand(backend, batch, mode: str) -> np.ndarray:
    """One sequence at a time, in float64."""
    hidden_TD = backend.encode(batch, False, False).hidden_states[-1]
    parts = np.split(hidden_TD.astype(np.float64), batch.cu_seqlens[1:-1])
    pools = {
        "mean": lambda x: x.mean(axis=0),
        "max": lambda x: x.max(axis=0),
        "cls": lambda x: x[0],
    }
    return np.array([pools[mode](part) for part in parts])


@pytest.mark.parametrize("mode", POOLINGS)
def test_each_pooling(backend, batch, mode):
    """Catches a mode that leads to another's function, and rows of a neighbour."""
    pooled_BD = SentenceEmbedding((mode,), normalize=False)(backend, batch)
    exact_BD = by_hand(backend, batch, mode)
    assert pooled_BD.dtype == np.float32 and pooled_BD.shape == (len(LENGTHS), D)
    assert exact_BD.std() > 0.1
    assert np.abs(pooled_BD - exact_BD).max() <= HIDDEN_FLOAT32


@pytest.mark.parametrize("modes", [("cls", "mean"), ("mean", "cls"), ("max", "mean", "cls")])
def test_several_poolings_stand_side_by_side_in_order(backend, batch, modes):
    """Catches a sum instead of a concatenation, or an order of its own."""
    pooled = SentenceEmbedding(modes, normalize=False)(backend, batch)
    exact = np.concatenate([by_hand(backend, batch, mode) for mode in modes], axis=1)
    assert pooled.shape == (len(LENGTHS), D * len(modes))
    assert np.abs(pooled - exact).max() <= HIDDEN_FLOAT32


def test_normalisation_comes_last(backend, batch):
    """Catches parts that are scaled one by one: the whole vector has length 1."""
    head = SentenceEmbedding(("mean", "cls"), normalize=True)
    vectors = head(backend, batch)
    plain = SentenceEmbedding(("mean", "cls"), normalize=False)(backend, batch)
    lengths_B = np.linalg.norm(vectors.astype(np.float64), axis=1)
    assert np.abs(lengths_B - 1).max() <= HIDDEN_FLOAT32
    exact = plain / np.linalg.norm(plain.astype(np.float64), axis=1, keepdims=True)
    assert np.abs(vectors - exact).max() <= HIDDEN_FLOAT32
    assert np.abs(np.linalg.norm(plain, axis=1) - 1).min() > 0.1


@pytest.mark.parametrize("field", [False, True])
def test_the_call_overrides_the_field_both_ways(backend, batch, field):
    """Catches `normalize or self.normalize`, with which False can never win."""
    head = SentenceEmbedding(("mean",), normalize=field)
    on, off = (
        SentenceEmbedding(("mean",), normalize=wanted)(backend, batch) for wanted in (True, False)
    )
    assert on.tobytes() != off.tobytes()
    assert head(backend, batch, True).tobytes() == on.tobytes()
    assert head(backend, batch, False).tobytes() == off.tobytes()
    default = head(backend, batch, None)
    assert default.tobytes() == (on if field else off).tobytes()


def test_no_sequences(backend):
    """Catches an empty batch that loses its width."""
    for modes in (("mean",), ("cls",), ("cls", "max")):
        head = SentenceEmbedding(modes, normalize=True)
        assert head(backend, pack_sequences([], TINY)).shape == (0, D * len(modes))


def test_a_sequence_without_tokens_is_refused(backend):
    """Catches a kernel that takes its neighbour's row, or memory behind the array, for its own."""
    ids = [np.ones(length, np.int32) for length in (1, 0, 2)]
    head = SentenceEmbedding(("cls",), normalize=False)
    with pytest.raises(InputError, match="sequence 1 has no tokens"):
        head(backend, pack_sequences(ids, TINY))
