"""A whole layer in one call against the reference's layer."""

from dataclasses import replace

import numpy as np
import pytest

from npdistil.encoder.weights import make_workspace, pack_layer
from npdistil.kernels.ir.microkernel import ACTIVATION_CODES
from npdistil.kernels.transformer_layer import Workspace, transformer_layer
from npdistil.params import cast
from npdistil.reference import forward as reference
from tests.models import TINY, Draw, cu_seqlens_of, random_params
from tests.tolerances import KERNELS

EPS = np.float32(TINY.layer_norm_eps)


def poisoned(rows: int, longest: int) -> Workspace:
    """Working memory full of NaN, but for the zeros that it promises to hold."""
    work = make_workspace(rows, longest, TINY)
    for name, buffer in work._asdict().items():
        if name != "zero_W":
            buffer.fill(np.nan)
    return work


@pytest.mark.parametrize("hidden_act", ["gelu", "silu"])
@pytest.mark.parametrize("lengths", [(1,), (5, 0, 7), (40,)])
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("spare_rows", [0, 9])
def test_layer_equals_its_twin(rng, lengths, in_place, spare_rows, hidden_act):
    """Two weights exchanged, a wrong residual or activation, a buffer read before it is written."""
    config = replace(TINY, hidden_act=hidden_act)
    layer = random_params(config, rng).layers[0]
    cu_seqlens = cu_seqlens_of(*lengths)
    hidden_TD = Draw(rng).array(cu_seqlens[-1], TINY.hidden_size).copy()
    exact_TD, exact_probs = reference.transformer_layer(
        hidden_TD.astype(np.float64), cu_seqlens, cast(layer, np.float64), config
    )
    work = poisoned(len(hidden_TD) + spare_rows, max(lengths) + spare_rows)
    prob_Q = np.full(sum(prob.size for prob in exact_probs), np.nan, np.float32)
    output_TD = hidden_TD if in_place else np.full_like(hidden_TD, np.nan)
    heads, weights = config.num_attention_heads, pack_layer(layer, config)
    code = ACTIVATION_CODES[config.activation]
    transformer_layer(hidden_TD, cu_seqlens, heads, code, EPS, weights, work, prob_Q, output_TD)
    assert np.abs(output_TD - exact_TD).max() <= KERNELS["transformer_layer"]
    flat = np.concatenate([prob.ravel() for prob in exact_probs])
    assert np.abs(prob_Q - flat).max() <= KERNELS["transformer_layer"]
