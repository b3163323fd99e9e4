"""A whole pass against the reference's, by one thread and by many that share it."""

import numpy as np
import pytest

from npdistil.kernels.entries import encode
from npdistil.params import cast
from npdistil.reference import forward as reference
from npdistil.reference import pooling
from tests.kernels.passes import batch_of, model_of, output_of, poisoned, share
from tests.models import TINY, random_params
from tests.tolerances import KERNELS

LENGTHS = (5, 1, 17, 9, 41)


@pytest.fixture
def task(rng):
    """(params, model, batch) of a small model and a ragged batch."""
    params = random_params(TINY, rng)
    return params, model_of(params, TINY), batch_of(LENGTHS, TINY, rng)


def run(model, batch, num_threads: int = 1):
    """The outputs of one pass that `num_threads` threads begin together."""
    output = output_of(batch, TINY)
    space, counters = share(model, batch, output, num_threads)
    return output, space, counters


def arrays_of(output) -> list[np.ndarray]:
    return [output.states_NTD, output.prob_NQ, output.pooled_BE]


def test_pass_equals_its_twin(task):
    """Layers in a wrong order, a state kept too late, maps of another layer, a pooling mixed up."""
    params, model, batch = task
    output, _, _ = run(model, batch)
    steps = list(
        reference.encode(
            batch.input_ids_T, batch.token_type_ids_T, batch.position_ids_T, batch.cu_seqlens,
            cast(params, np.float64), TINY,
        )
    )  # fmt: skip
    for state_TD, (exact_TD, _) in zip(output.states_NTD, steps, strict=True):
        assert np.abs(state_TD - exact_TD).max() <= KERNELS["transformer_layer"]
    for prob_Q, (_, probs) in zip(output.prob_NQ, steps[1:], strict=True):
        flat = np.concatenate([prob.ravel() for prob in probs])
        assert np.abs(prob_Q - flat).max() <= KERNELS["transformer_layer"]
    last_TD = steps[-1][0]
    pools = [
        *(pooling.pool_mean, pooling.pool_first, pooling.pool_max, pooling.pool_mean_sqrt_len),
        *(pooling.pool_weighted_mean, pooling.pool_last),
    ]
    exact_BE = np.concatenate([pool(last_TD, batch.cu_seqlens) for pool in pools], axis=1)
    assert np.abs(output.pooled_BE - exact_BE).max() <= KERNELS["transformer_layer"]


@pytest.mark.parametrize("num_threads", [2, 3, 8])
def test_threads_that_share_a_pass_give_the_same_bytes(task, num_threads):
    """A stage begun before the last is done, a task done twice or by nobody, scratch in common."""
    _, model, batch = task
    expected = [array.tobytes() for array in arrays_of(run(model, batch)[0])]
    for _ in range(30):
        output, _, _ = run(model, batch, num_threads)
        assert [array.tobytes() for array in arrays_of(output)] == expected


def test_who_comes_after_the_end_touches_nothing(task):
    """Its memory may belong to another pass by then."""
    _, model, batch = task
    output, space, counters = run(model, batch)
    for array in (*arrays_of(output), *space):
        array.fill(np.nan)
    _, scratch = poisoned(0, max(LENGTHS), TINY)
    encode(batch, model, space, scratch, output, counters)
    assert all(np.isnan(array).all() for array in (*arrays_of(output), *space))


def test_each_stage_counts_each_task_once(task):
    """Fewer or more stages than `num_stages` says would write behind the counters."""
    _, model, batch = task
    _, _, counters = run(model, batch)
    done = counters[:, 8]
    assert (counters[done > 0, 0] >= done[done > 0]).all()
    assert done[-1] == len(LENGTHS), "the last stage is the pooling"
    assert counters[0, 4] == 1, "one thread came"
    counters[0, 4] = 0
    assert (np.delete(counters, [0, 8], axis=1) == 0).all()
