"""Sizes take turns, and a speed is the median of ratios of the same turn."""

from dataclasses import replace

import numpy as np
import pytest

from npdistil.checkpoint.registry import entries, find
from npdistil.encoder.packing import pack_sequences
from npdistil.errors import InputError
from npdistil.tasks import card_speed
from npdistil.tasks.card_speed import measure, random_encoder, seconds_of, size_of, speeds

SMALL = {
    "num_hidden_layers": 2,
    "hidden_size": 24,
    "num_attention_heads": 3,
    "intermediate_size": 37,
    "vocab_size": 99,
}


def small(name, **sizes):
    entry = find(name)
    return replace(entry, config=replace(entry.config, **SMALL, **sizes))


def test_a_size_is_measured_once_and_in_turn(monkeypatch):
    """A cold turn that counts, a size that always goes first, or ten models for six sizes."""
    models = [small("bert-base"), small("distilbert"), small("minilm-6x384")]
    models[2] = replace(models[2], config=replace(models[2].config, num_hidden_layers=3))
    order = []
    made = []

    def call(config, length, num_threads, rng):
        made.append((config.num_hidden_layers, length, num_threads))
        return config.num_hidden_layers

    def timed(layers):
        order.append(layers)
        return float(len(order))

    monkeypatch.setattr(card_speed, "_call", call)
    monkeypatch.setattr(card_speed, "seconds_of", timed)
    ticks = []
    found = measure(models, 16, 3, 1, lambda: ticks.append(1))
    assert made == [(2, 16, 1), (3, 16, 1)]
    assert order == [2, 3, 3, 2, 2, 3, 3, 2] and len(ticks) == 8
    assert found == {size_of(models[0].config): [4, 5, 8], size_of(models[2].config): [3, 6, 7]}


def test_speeds_are_of_the_same_turn():
    """A ratio of medians, or a model under another model's seconds."""
    base, same, other = find("bert-base"), find("distilbert"), find("minilm-6x768")
    seconds = {size_of(base.config): [8.0, 2.0, 9.0], size_of(same.config): [1.0, 2.0, 3.0]}
    found = speeds([base, same, other], base, seconds)
    assert found == {"bert-base": 1.0, "distilbert": 3.0, "minilm-6x768": 3.0}


def test_short_calls_are_repeated(monkeypatch):
    """The time of many calls given as that of one, or one call below the clock's grain."""
    clock = iter([10.0, 10.1, 10.15, 10.3, 99.0])
    monkeypatch.setattr(card_speed.time, "perf_counter", lambda: next(clock))
    calls = []
    assert seconds_of(lambda: calls.append(1)) == pytest.approx(0.1)
    assert len(calls) == 3


@pytest.mark.parametrize("name", ["bert-base", "distilbert"])
def test_the_random_encoder_is_a_whole_one(name):
    """Layers left out, or values that overflow and make arithmetic slow."""
    config = small(name).config
    encoder = random_encoder(config, 1, np.random.default_rng(3))
    packed = encoder.encode_packed(pack_sequences([np.arange(7)], config), True)
    assert len(packed.hidden_states) == config.num_hidden_layers + 1
    for before, after in zip(packed.hidden_states, packed.hidden_states[1:], strict=False):
        assert after.shape == (7, 24) and np.isfinite(after).all()
        assert 0.5 < after.std() < 2 and np.abs(after - before).max() > 1e-3


def test_a_real_measurement():
    """A run that fails with the sizes of the table's models, here cut to little."""
    models = [small("bert-base"), replace(small("distilbert"), name="other")]
    with pytest.raises(InputError, match="num_threads"):
        measure(models, 8, 1, 0)
    seconds = measure(models, 8, 1, 1)
    assert speeds(models, models[0], seconds) == {"bert-base": 1.0, "other": 1.0}
    assert len({size_of(entry.config) for entry in entries()}) == 6
