"""The arithmetic that a page does with its integers ends where the model's does."""

import numpy as np
import pytest

from npdistil.explain import heads as heads_module
from npdistil.explain.heads import as_integers, heads_in_numbers
from npdistil.explain.record import explained
from tests.explain.models import array_of, sizes, traced_model

TEXT = "The unable [MASK] zzz c, the A!"


def of_head(found, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores [L, M] and probabilities as the docstring of `record.py` has them; and context."""
    arithmetic, L, K = found["arithmetic"], len(found["tokens"]), found["head_size"]
    integers = array_of(arithmetic["integers"], "<i2", len(arithmetic["heads"]), 3, L, K)
    query_LK, key_MK, value_MK = (
        integer_LK * unit
        for integer_LK, unit in zip(integers[number], arithmetic["units"][number], strict=True)
    )
    prob_LM, context_LK = np.empty((L, L)), np.empty((L, K))
    for l, query_K in enumerate(query_LK):
        score_M = key_MK @ query_K / np.sqrt(K)
        exp_M = np.exp(score_M - score_M.max())
        prob_LM[l] = exp_M / exp_M.sum()
        context_LK[l] = prob_LM[l] @ value_MK
    return prob_LM, context_LK


def largest_errors(model, text: str) -> tuple[float, float]:
    """Of probabilities and of contexts, over all heads that are there."""
    found, cache = explained(model, text), model.run_with_cache(text).cache
    K, errors = found["head_size"], []
    for number, (n, h) in enumerate(found["arithmetic"]["heads"]):
        prob_LM, context_LK = of_head(found, number)
        wanted_LK = cache[f"layers.{n}.attention.context"][0, :, h * K : (h + 1) * K]
        errors.append(
            (
                np.abs(prob_LM - cache[f"layers.{n}.attention.probs"][0, h]).max(),
                np.abs(context_LK - wanted_LK).max(),
            )
        )
    N, H, _ = sizes(found)
    assert len(errors) == N * H
    return tuple(np.max(errors, axis=0))


LOST = 5e-4  # three times what integers lose here of a probability, or of a context


def test_random_weights():
    """Catches query for key, a scale left out, another head's columns, another byte order."""
    assert max(largest_errors(traced_model(), TEXT)) < LOST


def test_real_weights(minilm):
    """The same with the values that trained models have."""
    assert max(largest_errors(minilm, "It was naïve to trust the river bank.")) < LOST


def test_the_check_can_fail(monkeypatch):
    """The bound above beside one head's values where its keys should be, and a unit of another."""
    right = heads_module.as_integers

    def swapped(query_NLD, key_NLD, value_NLD, num_heads, chosen):
        return right(query_NLD, value_NLD, key_NLD, num_heads, chosen)

    monkeypatch.setattr("npdistil.explain.record.as_integers", swapped)
    assert max(largest_errors(traced_model(), TEXT)) > 100 * LOST


def test_integers_lose_half_a_unit(rng):
    """Catches a unit of the wrong head, values that wrap at the largest, and 0 / 0."""
    query, key, value = rng.standard_normal((3, 2, 5, 12)) * [[[[1]]], [[[1e4]]], [[[1e-4]]]]
    key[1, :, 4:8] = 0
    chosen = [(0, 2), (1, 1)]
    found = as_integers(query, key, value, 3, chosen)
    assert found.integer_A3LK.dtype == "<i2" and found.integer_A3LK.shape == (2, 3, 5, 4)
    for number, (n, h) in enumerate(chosen):
        for part, array in enumerate((query, key, value)):
            real = array[n, :, 4 * h : 4 * h + 4]
            shown = found.integer_A3LK[number, part] * found.unit_A3[number, part]
            assert np.abs(shown - real).max() <= np.abs(real).max() / 65534 * (1 + 1e-9)
    assert not found.integer_A3LK[1, 1].any() and np.abs(found.integer_A3LK[0]).max() == 32767


@pytest.mark.parametrize(
    "room, found",
    [
        (10, [(1, 0)]),
        (2, [(1, 0)]),
        (30, [(0, 1), (1, 0), (1, 2)]),
        (49, [(0, 1), (0, 2), (1, 0), (1, 2)]),
        (10**6, [(n, h) for n in range(2) for h in range(3)]),
    ],
)
def test_which_heads_are_there(room, found, monkeypatch):
    """Catches a page without the numbers of its first head, or of one layer alone."""
    monkeypatch.setattr(heads_module, "MAX_ARITHMETIC", room)
    between_NH = np.array([[0.1, 0.9, 0.5], [0.2, 0.3, 0.4]])
    assert heads_in_numbers(between_NH, (1, 0), 10) == found
