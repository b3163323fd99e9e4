"""How fast each size of the card's table is beside our BERT-base, on this machine.

Time does not depend on what the weights are, so random ones will do and no file is needed. The
sizes take turns, so that slow drifts of the machine meet all alike, and ratios are made turn by
turn.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checkpoint.registry import Registered
from ..config import EncoderConfig
from ..dims import Floats
from ..encoder import Encoder
from ..encoder.packing import pack_sequences
from ..params import (
    AttentionParams,
    EmbeddingParams,
    EncoderParams,
    FeedForwardParams,
    LayerParams,
    LayersOnDemand,
    LinearParams,
    NormParams,
)

TEXTS = 8
LEAST_SECONDS = 0.2  # of a turn: short calls are repeated
Size = tuple[int, int, int, int]


def size_of(config: EncoderConfig) -> Size:
    """Layers, hidden size, heads and intermediate size: all that a layer's time depends on."""
    return (
        config.num_hidden_layers,
        config.hidden_size,
        config.num_attention_heads,
        config.intermediate_size,
    )


def measure(
    models: Iterable[Registered],
    length: int,
    turns: int,
    num_threads: int | None,
    tick: Callable[[], object] = lambda: None,
) -> dict[Size, list[float]]:
    """Seconds of a forward pass over TEXTS texts for each size, one number a turn.

    Args:
        models: those of the same size are measured once.
        length: tokens of each text.
        turns: how often each size has its turn; one more before is not counted.
        num_threads: of the kernels; as for `Encoder`.
        tick: called after each turn of one size.

    Raises:
        InputError: a bad thread count.
    """
    rng = np.random.default_rng(0)
    sizes = {size_of(entry.config): entry.config for entry in models}
    calls = {size: _call(config, length, num_threads, rng) for size, config in sizes.items()}
    found: dict[Size, list[float]] = {size: [] for size in sizes}
    for turn in range(turns + 1):
        for size in _rotated(list(sizes), turn):
            took = seconds_of(calls[size])
            if turn:  # the first touches memory and clocks that are cold
                found[size].append(took)
            tick()
    return found


def speeds(
    models: Iterable[Registered], base: Registered, seconds: Mapping[Size, Sequence[float]]
) -> dict[str, float]:
    """Median over the turns of a model's speed over `base`, by short name."""
    slow = seconds[size_of(base.config)]
    return {
        entry.name: statistics.median(
            a / b for a, b in zip(slow, seconds[size_of(entry.config)], strict=True)
        )
        for entry in models
    }


def seconds_of(call: Callable[[], object]) -> float:
    """Of one call, repeated for LEAST_SECONDS."""
    start, count = time.perf_counter(), 0
    while True:
        call()
        count += 1
        if (passed := time.perf_counter() - start) >= LEAST_SECONDS:
            return passed / count


def random_encoder(
    config: EncoderConfig, num_threads: int | None, rng: np.random.Generator
) -> Encoder:
    """An encoder whose layers are all alike, on the numba backend."""

    def array(*shape: int) -> Floats:
        values: NDArray[Any] = rng.standard_normal(shape, np.float32)
        values *= 0.02
        values.flags.writeable = False
        return values

    def linear(outputs: int, inputs: int) -> LinearParams:
        return LinearParams(array(outputs, inputs), array(outputs))

    D, F = config.hidden_size, config.intermediate_size
    norm = NormParams(np.ones(D, np.float32), array(D))
    layer = LayerParams(
        AttentionParams(linear(D, D), linear(D, D), linear(D, D), linear(D, D), norm),
        FeedForwardParams(linear(F, D), linear(D, F), norm),
    )
    types = array(config.type_vocab_size, D) if config.type_vocab_size else None
    params = EncoderParams(
        EmbeddingParams(
            array(config.vocab_size, D), array(config.max_position_embeddings, D), types, norm
        ),
        LayersOnDemand(config.num_hidden_layers, lambda _: layer),
        None,
    )
    return Encoder(config, params, "numba", "float32", num_threads)


def _call(
    config: EncoderConfig, length: int, num_threads: int | None, rng: np.random.Generator
) -> Callable[[], object]:
    encoder = random_encoder(config, num_threads, rng)
    ids_BL = rng.integers(0, config.vocab_size, (TEXTS, length))
    batch = pack_sequences(list(ids_BL), config)
    return lambda: encoder.encode_packed(batch)


def _rotated(sizes: Sequence[Size], turn: int) -> Sequence[Size]:
    first = turn % len(sizes)
    return [*sizes[first:], *sizes[:first]]
