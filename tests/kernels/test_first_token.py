"""The last layer for first tokens: against the reference, in memory full of NaN, and shared."""

from dataclasses import replace

import numpy as np
import pytest

from npdistil.encoder.workspace import make_scratch, make_workspace
from npdistil.kernels.entries import encode
from npdistil.kernels.first_token import first_token_layer
from npdistil.kernels.ir.target import HOST
from npdistil.kernels.model import CLS, NUM_STAGES, Scratch, Workspace
from npdistil.kernels.pack_weights import whole_heads, whole_panels
from npdistil.params import cast
from npdistil.reference.first_token import encode_first
from npdistil.reference.first_token import first_token_layer as exact_layer
from tests.kernels.compiled import compiled
from tests.kernels.passes import (
    batch_of,
    counters_of,
    guarded,
    is_untouched,
    model_of,
    output_of,
    poisoned,
    share,
)
from tests.models import TINY, Draw, random_params
from tests.tolerances import KERNELS

LENGTHS = (5, 1, 17, 2, 70, 3, 9, 1, 40, 2, 2, 8, 33, 6)  # more than one task on every target


@pytest.mark.parametrize(
    "heads, head_size",
    [(1, 26), (1, 32), (3, 26), (3, 70), (12, 26), (12, 32), (12, 70), (HOST.panel + 1, 2)],
)
@pytest.mark.parametrize("lengths", [(1,), (2, 17), LENGTHS])
def test_layer_equals_its_twin_and_writes_nothing_else(rng, heads, head_size, lengths):
    """A weight turned the wrong way, a neighbour's tokens, a head past the first panel of heads."""
    D = heads * head_size
    config = replace(TINY, hidden_size=D, num_attention_heads=heads)
    params = random_params(config, rng)
    batch, T, B = batch_of(lengths, config, rng), sum(lengths), len(lengths)
    hidden_TD = Draw(rng).array(T, D)
    exact_BD = exact_layer(
        hidden_TD.astype(np.float64), batch.cu_seqlens, cast(params.layers[-1], np.float64), config
    )
    made = make_workspace(T, config), make_scratch(max(lengths), config)
    guards = [[guarded(buffer.shape) for buffer in record] for record in made]
    space, scratch = (
        kind(*(inner for _, inner in pairs))
        for kind, pairs in zip((Workspace, Scratch), guards, strict=True)
    )
    space.hidden_RD[:, :D], space.hidden_RD[:, D:] = hidden_TD, 0
    counters = counters_of(NUM_STAGES + 1)
    compiled(first_token_layer)(batch, model_of(params, config), space, scratch, counters, 0)
    assert exact_BD.std() > 0.1
    assert np.abs(space.hidden_RD[:B, :D] - exact_BD).max() <= KERNELS["transformer_layer"]
    assert not space.hidden_RD[:, D:].any(), "features behind the last are zeros for those to come"
    np.testing.assert_array_equal(space.hidden_RD[B:, :D], hidden_TD[B:])
    for buffer in (space.context_RD, space.attended_RD, space.wide_RF):
        assert np.isnan(buffer[B:]).all(), "wrote behind its rows"
    slabs = -(-whole_panels(heads * whole_heads(head_size)) // whole_heads(head_size))
    assert np.isnan(space.qkv_SRK[:, B:]).all() and np.isnan(space.qkv_SRK[slabs:]).all()
    assert all(is_untouched(whole, inner) for pairs in guards for whole, inner in pairs)
    assert (counters[:, 8] > 0).all(), "a stage without a task"


@pytest.fixture
def task(rng):
    """(params, model, batch) of a small model and a ragged batch."""
    config = replace(TINY, max_position_embeddings=max(LENGTHS))
    params = random_params(config, rng)
    return params, model_of(params, config), batch_of(LENGTHS, config, rng)


def run(model, batch, num_threads: int = 1):
    """The pooled rows of one pass that `num_threads` threads begin together, and its memory."""
    everything = output_of(batch, TINY)
    output = everything._replace(
        states_NTD=everything.states_NTD[:0], prob_NQ=everything.prob_NQ[:, :0].copy(),
        pooled_BE=everything.pooled_BE[:, : TINY.hidden_size].copy(),
        pooling_M=everything.pooling_M[[CLS]], only_first=1,
    )  # fmt: skip
    output.pooling_M.flags.writeable = False
    space, counters = share(model, batch, output, num_threads)
    return output, space, counters


def test_pass_equals_its_twin(task):
    """A last layer computed twice, or not at all; rows pooled from where tokens were."""
    params, model, batch = task
    output, _, _ = run(model, batch)
    exact_BD = encode_first(*batch, cast(params, np.float64), TINY)
    assert exact_BD.std() > 0.1
    assert np.abs(output.pooled_BE - exact_BD).max() <= KERNELS["transformer_layer"]


@pytest.mark.parametrize("num_threads", [2, 3, 8])
def test_threads_that_share_a_pass_give_the_same_bytes(task, num_threads):
    """First rows overwritten while others read tokens, questions of two tasks in one scratch."""
    _, model, batch = task
    expected = run(model, batch)[0].pooled_BE.tobytes()
    for _ in range(30):
        assert run(model, batch, num_threads)[0].pooled_BE.tobytes() == expected


def test_who_comes_after_the_end_touches_nothing(task):
    """Its memory may belong to another pass by then."""
    _, model, batch = task
    output, space, counters = run(model, batch)
    arrays = [output.pooled_BE, *space]
    for array in arrays:
        array.fill(np.nan)
    _, scratch = poisoned(0, max(LENGTHS), TINY)
    encode(batch, model, space, scratch, output, counters)
    assert all(np.isnan(array).all() for array in arrays)


def test_the_stages_fit_the_counters(task):
    """One stage more than other layers have, which may not be the pooling's."""
    _, model, batch = task
    _, _, counters = run(model, batch)
    assert counters[-1, 8] == len(LENGTHS), "the last stage is the pooling"
    assert (counters[-NUM_STAGES - 2 : -1, 8] > 0).all(), "eight stages right before it"
