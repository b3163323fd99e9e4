"""A whole layer in one call against the reference's layer."""

import numpy as np
import pytest

from npdistil.encoder.numba_backend import _layer_weights, _workspace
from npdistil.kernels.transformer_layer import LayerWeights, transformer_layer
from npdistil.params import cast, named_arrays
from npdistil.reference import forward as reference
from tests.models import TINY, Draw, cu_seqlens_of, random_params
from tests.tolerances import KERNELS

EPS = np.float32(TINY.layer_norm_eps)


@pytest.mark.parametrize("lengths", [(1,), (5, 0, 7), (40,)])
@pytest.mark.parametrize("in_place", [False, True])
def test_layer_equals_its_twin(rng, lengths, in_place):
    """Two weights exchanged, a residual taken from the wrong array, a buffer reused too early."""
    layer = random_params(TINY, rng).layers[0]
    cu_seqlens = cu_seqlens_of(*lengths)
    hidden_TD = Draw(rng).array(cu_seqlens[-1], TINY.hidden_size).copy()
    exact_TD, exact_probs = reference.transformer_layer(
        hidden_TD.astype(np.float64), cu_seqlens, cast(layer, np.float64), TINY
    )
    work = _workspace(len(hidden_TD), max(lengths), TINY)
    for buffer in work:
        buffer.fill(np.nan)  # nothing may be read before it is written
    prob_Q = np.full(sum(prob.size for prob in exact_probs), np.nan, np.float32)
    output_TD = hidden_TD if in_place else np.full_like(hidden_TD, np.nan)
    transformer_layer(
        hidden_TD, cu_seqlens, TINY.num_attention_heads, EPS, _layer_weights(layer), work, prob_Q,
        output_TD,
    )  # fmt: skip
    assert np.abs(output_TD - exact_TD).max() <= KERNELS["transformer_layer"]
    flat = np.concatenate([prob.ravel() for prob in exact_probs])
    assert np.abs(prob_Q - flat).max() <= KERNELS["transformer_layer"]


def test_layer_weights_take_every_tensor_once(rng):
    """Sixteen arrays in a row: one forgotten or doubled would still have the right type."""
    layer = random_params(TINY, rng).layers[0]
    flat = _layer_weights(layer)
    assert len(flat) == len(LayerWeights._fields) == len(named_arrays(layer))
    assert {id(array) for array in flat} == {id(array) for array in named_arrays(layer).values()}
