"""Records for kernels that run a layer or a whole pass, in poisoned memory."""

from collections.abc import Sequence
from threading import Barrier, Thread

import numpy as np

from npdistil.config import EncoderConfig
from npdistil.encoder.numba_backend import NOTHING
from npdistil.encoder.pack_model import frozen, pack_model
from npdistil.encoder.workspace import make_scratch, make_workspace
from npdistil.kernels.entries import encode
from npdistil.kernels.model import (
    COUNTER_COLUMNS,
    Batch,
    Model,
    Output,
    Scratch,
    Workspace,
    num_stages,
)
from npdistil.params import EncoderParams
from tests.models import TINY, cu_seqlens_of

GUARD = 3.0e33  # a value no kernel computes


def guarded(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """An output filled with NaN inside a larger array of guard values."""
    row = int(np.prod(shape[1:]))
    whole = np.full((shape[0] + 2) * row if shape[0] else 2 * row, GUARD, np.float32)
    inner = whole[row : len(whole) - row]
    inner[:] = np.nan
    return whole, inner.reshape(shape)


def is_untouched(whole: np.ndarray, inner: np.ndarray) -> bool:
    """Whether the guards around an output are what they were."""
    edge = (len(whole) - inner.size) // 2
    return bool((whole[:edge] == GUARD).all() and (whole[len(whole) - edge :] == GUARD).all())


def poisoned(rows: int, longest: int, config: EncoderConfig) -> tuple[Workspace, Scratch]:
    """Working memory full of NaN: nothing in it may be read before it is written."""
    space, scratch = make_workspace(rows, config), make_scratch(longest, config)
    for buffer in (*space, *scratch):
        buffer.fill(np.nan)
    return space, scratch


def model_of(params: EncoderParams, config: EncoderConfig) -> Model:
    """The packed model."""
    return pack_model(params, config)


def batch_of(lengths: Sequence[int], config: EncoderConfig, rng: np.random.Generator) -> Batch:
    """Sequences of random ids."""
    T = sum(lengths)
    positions = np.concatenate([np.arange(length, dtype=np.int32) for length in lengths])
    ids = rng.integers(0, config.vocab_size, T).astype(np.int32)
    types = rng.integers(0, config.type_vocab_size, T).astype(np.int32)
    return Batch(frozen(ids), frozen(types), frozen(positions), frozen(cu_seqlens_of(*lengths)))


def counters_of(stages: int) -> np.ndarray:
    """Counters at their start."""
    return np.zeros((stages, COUNTER_COLUMNS), np.int64)


def share(
    model: Model, batch: Batch, output: Output, num_threads: int
) -> tuple[Workspace, np.ndarray]:
    """One pass of TINY that `num_threads` threads begin together; its memory and counters."""
    longest = int(np.diff(batch.cu_seqlens).max())
    space, _ = poisoned(len(batch.input_ids_T), longest, TINY)
    counters, start = counters_of(num_stages(TINY.num_hidden_layers)), Barrier(num_threads)

    def work() -> None:
        _, scratch = poisoned(0, longest, TINY)
        start.wait()
        encode(batch, model, space, scratch, output, counters)

    threads = [Thread(target=work) for _ in range(num_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return space, counters


def output_of(batch: Batch, config: EncoderConfig) -> Output:
    """Room for everything that a pass can write, filled with NaN."""
    layers, D = config.num_hidden_layers, config.hidden_size
    maps = config.num_attention_heads * int((np.diff(batch.cu_seqlens).astype(int) ** 2).sum())
    T, B = len(batch.input_ids_T), len(batch.cu_seqlens) - 1
    return NOTHING._replace(
        states_NTD=np.full((layers + 1, T, D), np.nan, np.float32),
        prob_NQ=np.full((layers, maps), np.nan, np.float32),
        pooled_BE=np.full((B, 6 * D), np.nan, np.float32),
        pooling_M=frozen(np.arange(6, dtype=np.int32)),
    )
