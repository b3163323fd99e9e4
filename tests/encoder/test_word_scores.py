"""Scores of words as both engines make them: LayerNorm, then the table of embeddings."""

import numpy as np
import pytest

from npdistil.encoder import word_scores
from npdistil.encoder.encoder import BACKENDS, Encoder
from npdistil.params import cast
from npdistil.reference import forward as reference
from npdistil.reference.masked_lm import score_words
from tests.models import TINY, Draw, random_params
from tests.tolerances import KERNELS

PARAMS = random_params(TINY, np.random.default_rng(7))
V, D = TINY.vocab_size, TINY.hidden_size


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("rows", [0, 1, 9])
def test_scores_are_the_reference(backend, tied, rows, rng):
    """Catches a tied decoder that reads another table, and a LayerNorm over spare columns."""
    draw = Draw(rng)
    norm, bias_V, own_VD = draw.norm(D), draw.array(V), draw.array(V, D)
    encoder = Encoder(TINY, PARAMS, backend)
    hidden_MD = draw.array(rows, D, mean=2.0)
    found_MV = encoder.backend.word_scores(norm, None if tied else own_VD, bias_V)(hidden_MD)

    table_VD = PARAMS.embeddings.word_VD if tied else own_VD
    norm, table_VD, bias_V, exact_MD = cast((norm, table_VD, bias_V, hidden_MD), np.float64)
    x_MD = reference.layer_norm(exact_MD, norm.weight_D, norm.bias_D, TINY.layer_norm_eps)
    assert found_MV.shape == (rows, V) and found_MV.dtype == np.float32
    wanted_MV = score_words(x_MD, table_VD, bias_V)
    assert np.abs(found_MV - wanted_MV).max(initial=0) <= KERNELS["score_words"]
    if rows:
        assert wanted_MV.std() > 1


@pytest.mark.parametrize("size", [1, 37, 4096 + 3])
def test_rows_and_threads_change_no_byte(size, rng, monkeypatch):
    """Catches parts of the vocabulary that overlap, are left out, or add in another order."""
    monkeypatch.setattr(word_scores, "SMALLEST_SHARE", 1)
    draw = Draw(rng)
    norm, bias_V, table_VD = draw.norm(D), draw.array(size), draw.array(size, D)
    hidden_MD = draw.array(7, D)
    calls = [
        Encoder(TINY, PARAMS, num_threads=threads).backend.word_scores(norm, table_VD, bias_V)
        for threads in (1, 2, 3)
    ]
    alone = np.concatenate([calls[0](row_D[None]) for row_D in hidden_MD])
    for call in calls:
        assert call(hidden_MD).tobytes() == alone.tobytes()


def test_a_tied_table_is_not_stored_twice():
    """Catches a decoder that copies the largest tensor of the model."""
    draw = Draw(np.random.default_rng(3))
    encoder = Encoder(TINY, PARAMS)
    scores = encoder.backend.word_scores(draw.norm(D), None, draw.array(V))
    assert np.shares_memory(scores._word_VD, PARAMS.embeddings.word_VD)
