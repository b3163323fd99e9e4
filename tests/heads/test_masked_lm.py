"""Scores of masked words: only the rows that are asked for, in both engines the same function."""

import numpy as np
import pytest

from npdistil.encoder.encoder import BACKENDS, Encoder
from npdistil.encoder.packing import pack_sequences
from npdistil.heads.masked_lm import MaskedLM
from npdistil.params import cast
from npdistil.reference import forward as reference
from npdistil.reference.masked_lm import score_words
from tests.models import TINY, Draw, random_params
from tests.tolerances import HIDDEN_FLOAT32

PARAMS = random_params(TINY, np.random.default_rng(7))
V, D = TINY.vocab_size, TINY.hidden_size
SEQUENCES = [np.array(ids, np.int32) for ids in ([1, 4, 2], [1, 9, 9, 4, 2], [1, 2])]
MASKED = np.array([1, 6])  # token rows of the batch


@pytest.mark.parametrize("backend", BACKENDS)
def test_logits_are_the_reference(backend, rng):
    """Catches rows of another token, a layer left out, and the layers in another order."""
    draw = Draw(rng)
    dense, norm, bias_V = draw.linear(D, D), draw.norm(D), draw.array(V)
    engine = Encoder(TINY, PARAMS, backend).backend
    head = MaskedLM(engine.dense(dense, "gelu"), engine.word_scores(norm, None, bias_V))
    batch = pack_sequences(SEQUENCES, TINY)
    found_MV = head.logits(engine, batch, MASKED)

    exact = Encoder(TINY, PARAMS, "numpy", np.float64)
    params, dense, norm, bias_V = cast((PARAMS, dense, norm, bias_V), np.float64)
    hidden_MD = exact.encode_packed(batch).hidden_states[-1][MASKED]
    bent_MD = reference.dense(hidden_MD, dense.weight_EI, dense.bias_E, "gelu")
    x_MD = reference.layer_norm(bent_MD, norm.weight_D, norm.bias_D, TINY.layer_norm_eps)
    wanted_MV = score_words(x_MD, params.embeddings.word_VD, bias_V)
    assert found_MV.shape == (2, V)
    assert np.abs(found_MV - wanted_MV).max() <= HIDDEN_FLOAT32
    assert wanted_MV.std() > 1


def test_a_mask_has_the_same_bytes_among_any_others(rng):
    """Catches a product over all rows, whose rounding depends on how many there are."""
    draw = Draw(rng)
    engine = Encoder(TINY, PARAMS).backend
    head = MaskedLM(
        engine.dense(draw.linear(D, D), "gelu"),
        engine.word_scores(draw.norm(D), None, draw.array(V)),
    )
    batch = pack_sequences(SEQUENCES, TINY)
    every_TV = head.logits(engine, batch, np.arange(len(batch.input_ids_T)))
    assert head.logits(engine, batch, MASKED).tobytes() == every_TV[MASKED].tobytes()
    alone_MV = head.logits(engine, pack_sequences(SEQUENCES[:1], TINY), np.array([1]))
    assert alone_MV.tobytes() == every_TV[1:2].tobytes()
