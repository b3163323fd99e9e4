"""A whole layer against the reference's layer, in memory full of NaN."""

from dataclasses import replace

import numpy as np
import pytest

from npdistil.kernels.model import NUM_STAGES
from npdistil.kernels.transformer_layer import transformer_layer
from npdistil.params import cast
from npdistil.reference import forward as reference
from tests.kernels.compiled import compiled
from tests.kernels.passes import batch_of, counters_of, model_of, poisoned
from tests.models import TINY, Draw, cu_seqlens_of, random_params
from tests.tolerances import KERNELS


@pytest.mark.parametrize("hidden_act", ["gelu", "silu"])
@pytest.mark.parametrize("lengths", [(1,), (5, 0, 7), (40,)])
@pytest.mark.parametrize("spare_rows", [0, 9])
def test_layer_equals_its_twin(rng, lengths, spare_rows, hidden_act):
    """Two weights exchanged, a wrong residual or activation, a buffer read before it is written."""
    config = replace(TINY, hidden_act=hidden_act)
    params = random_params(config, rng)
    cu_seqlens = cu_seqlens_of(*lengths)
    T, D = cu_seqlens[-1], config.hidden_size
    hidden_TD = Draw(rng).array(T, D)
    exact_TD, exact_probs = reference.transformer_layer(
        hidden_TD.astype(np.float64), cu_seqlens, cast(params.layers[1], np.float64), config
    )
    space, scratch = poisoned(T + spare_rows, max(lengths) + spare_rows, config)
    space.hidden_RD[:T, :D], space.hidden_RD[:T, D:] = hidden_TD, 0
    prob_Q = np.full(sum(prob.size for prob in exact_probs), np.nan, np.float32)
    compiled(transformer_layer)(
        1, batch_of(lengths, config, rng), model_of(params, config), space, scratch, prob_Q,
        counters_of(NUM_STAGES), 0,
    )  # fmt: skip
    assert np.abs(space.hidden_RD[:T, :D] - exact_TD).max() <= KERNELS["transformer_layer"]
    assert np.isnan(space.hidden_RD[T:]).all(), "wrote behind its rows"
    flat = np.concatenate([prob.ravel() for prob in exact_probs])
    assert np.abs(prob_Q - flat).max() <= KERNELS["transformer_layer"]
