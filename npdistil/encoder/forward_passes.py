"""Bundles of sequences on threads: who computes what, and with which memory.

Each thread takes a bundle and computes it from end to end, so that threads need not wait for each
other. A thread that finds no bundle left joins one that is under way (`kernels/team.py`). So much
work keeps all threads busy to its end, and a single sentence is shared by several threads.
"""

from collections import deque
from collections.abc import Callable
from itertools import count

import numpy as np
from numpy.typing import NDArray

from ..config import EncoderConfig
from ..kernels.entries import encode
from ..kernels.model import (
    COUNTER_COLUMNS,
    MODEL,
    SCRATCH,
    WORKSPACE,
    Batch,
    Model,
    Output,
    num_stages,
)
from ..kernels.signature import Packed
from ..named_tuple import NamedTuple
from ..workers import Workers
from .packing import PackedBatch
from .workspace import make_scratch, make_workspace

BUNDLE_ROWS = 256  # more gain nothing and need more memory: see docs/performance.md
FEWEST_ROWS = 48  # a bundle of fewer uses the weights too seldom for what it costs to read them
SMALLEST_SHARE = 5e7  # floating-point operations, about half a millisecond, that pay a wake-up


class _Pass(NamedTuple):
    """One bundle under way."""

    batch: Batch
    space: Packed
    output: Output
    counters: NDArray[np.int64]


class ForwardPasses:
    """Runs a model on batches. Safe to call from many threads."""

    def __init__(self, model: Model, config: EncoderConfig, num_threads: int) -> None:
        encode.load()  # compiles, the first time ever: now, and not at the first text
        self._model = Packed(MODEL, model)
        self._config = config
        self._workers = Workers(num_threads)
        self._spaces: deque[Packed] = deque(maxlen=num_threads)
        self._scratches: deque[Packed] = deque(maxlen=num_threads)

    def run(self, batch: PackedBatch, output: Callable[[int], Output]) -> None:
        """Compute all bundles; `output(n)` is where results from sequence n on go."""
        T = len(batch.input_ids_T)
        longest = T if len(batch.cu_seqlens) == 2 else int(batch.lengths.max(initial=0))
        threads = self._workers.num_threads
        bundles = batch.spans(min(max(-(-T // threads), FEWEST_ROWS), BUNDLE_ROWS))
        next_bundle = count()
        under_way: dict[int, _Pass] = {}

        def begin() -> int | None:
            """Take a bundle, so that others can see it; None when there is none left."""
            n = next(next_bundle)
            if n >= len(bundles):
                return None
            first, last = bundles[n]
            rows = int(batch.cu_seqlens[last] - batch.cu_seqlens[first])
            counters = np.zeros(
                (num_stages(self._config.num_hidden_layers), COUNTER_COLUMNS), np.int64
            )
            space = self._borrow_space(rows)
            part = batch.bundle(first, last)
            arrays = Batch(
                part.input_ids_T, part.token_type_ids_T, part.position_ids_T, part.cu_seqlens
            )
            under_way[n] = _Pass(arrays, space, output(first), counters)
            return n

        def work(own: int | None) -> None:
            scratch = self._borrow_scratch(longest)
            while own is not None:
                self._join(under_way[own], scratch)
                self._spaces.append(under_way.pop(own).space)
                own = begin()
            for other in list(under_way.values()):
                self._join(other, scratch)
            self._scratches.append(scratch)

        first = begin()
        if first is not None:
            shares = int(self._operations(T, longest) / SMALLEST_SHARE)
            # A single bundle is done when its caller has joined it; of several, some may be only
            # begun, by helpers.
            alone = len(bundles) == 1
            self._workers.share(lambda: work(first), lambda: work(begin()), shares, wait=not alone)

    def _join(self, task: _Pass, scratch: Packed) -> None:
        encode(task.batch, self._model, task.space, scratch, task.output, task.counters)

    def _operations(self, rows: int, longest: int) -> float:
        """Floating-point operations of so many rows, roughly."""
        config = self._config
        D, F = config.hidden_size, config.intermediate_size
        return rows * config.num_hidden_layers * (8 * D * D + 4 * D * F + 4 * longest * D)

    def _borrow_space(self, rows: int) -> Packed:
        """One that was used before and is large enough, or a new one of at least a usual size."""
        try:
            space = self._spaces.pop()
        except IndexError:  # all are in use, by threads of ours or of the caller
            pass
        else:
            if rows <= len(space.value.hidden_RD):
                return space
        return Packed(WORKSPACE, make_workspace(max(rows, BUNDLE_ROWS), self._config))

    def _borrow_scratch(self, longest: int) -> Packed:
        """As `_borrow_space`."""
        try:
            scratch = self._scratches.pop()
        except IndexError:
            pass
        else:
            if longest <= len(scratch.value.score_MW):
                return scratch
        return Packed(SCRATCH, make_scratch(max(longest, BUNDLE_ROWS), self._config))
