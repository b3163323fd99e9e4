"""The kernels as an engine: cuts a batch into bundles and gives each to a thread.

How the work is cut cannot change a result: a kernel computes each row, and each sequence's
attention, from that row or sequence alone.
"""

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import EncoderConfig
from ..dims import Floats, Ints
from ..kernels.ir.microkernel import ACTIVATION_CODES
from ..kernels.layer_norm import embed
from ..kernels.pooler import pooler
from ..kernels.pooling import normalize, pool_first, pool_max, pool_mean
from ..kernels.transformer_layer import Workspace, transformer_layer
from ..params import EncoderParams
from ..threads import run_all
from .backend import PackedOutput, Pooling
from .packing import PackedBatch
from .weights import make_workspace, pack_layer, pack_pooler

BUNDLE_ROWS = 256  # activations of this many rows stay in the second-level cache
POOLING = {"mean": pool_mean, "cls": pool_first, "max": pool_max}


class NumbaBackend:
    """`kernels/` behind the `Backend` protocol; float32."""

    def __init__(self, params: EncoderParams, config: EncoderConfig, num_threads: int) -> None:
        self._config = config
        self._num_threads = num_threads
        self._embeddings = params.embeddings
        token_type_GD = params.embeddings.token_type_GD
        if token_type_GD is None:  # one zero row: adding it changes nothing
            token_type_GD = np.zeros((1, config.hidden_size), np.float32)
        self._token_type_GD = token_type_GD
        self._layers = [pack_layer(layer, config) for layer in params.layers]
        self._pooler = None if params.pooler is None else pack_pooler(params.pooler)
        self._spare: deque[Workspace] = deque(maxlen=num_threads)

    def encode(
        self, batch: PackedBatch, output_hidden_states: bool, output_attentions: bool
    ) -> PackedOutput:
        """See `Backend.encode`."""
        T, D = len(batch.input_ids_T), self._config.hidden_size
        layers, heads = len(self._layers), self._config.num_attention_heads
        num_states = layers + 1 if output_hidden_states else 1
        states = [np.empty((T, D), np.float32) for _ in range(num_states)]
        squares = batch.lengths.astype(np.int64) ** 2 if output_attentions else np.zeros(0, int)
        map_ends = heads * np.concatenate([[0], np.cumsum(squares)])
        maps = [np.empty(map_ends[-1], np.float32) for _ in range(layers)]

        def run(span: tuple[int, int]) -> None:
            first, last = span
            rows = slice(batch.cu_seqlens[first], batch.cu_seqlens[last])
            probs = slice(map_ends[first], map_ends[last]) if output_attentions else slice(0)
            self._run_bundle(
                batch.bundle(first, last),
                [state_TD[rows] for state_TD in states],
                [prob_Q[probs] for prob_Q in maps],
            )

        run_all(run, _bundles(batch.cu_seqlens), self._num_threads)
        attentions = [_split_maps(prob_Q, batch.lengths, heads) for prob_Q in maps]
        return PackedOutput(list(states), attentions if output_attentions else [])

    def _run_bundle(
        self, batch: PackedBatch, states: list[NDArray[Any]], maps: list[NDArray[Any]]
    ) -> None:
        """All layers of some sequences; `states` are their rows of the output arrays."""
        config, tables = self._config, self._embeddings
        eps = np.float32(config.layer_norm_eps)
        work = self._borrow_workspace(len(states[0]), int(batch.lengths.max(initial=0)))
        embed(
            batch.input_ids_T,
            batch.token_type_ids_T,
            batch.position_ids_T,
            tables.word_VD,
            tables.position_PD,
            self._token_type_GD,
            tables.norm.weight_D,
            tables.norm.bias_D,
            eps,
            states[0],
        )
        hidden_TD = states[0]
        for n, weights in enumerate(self._layers):
            output_TD = states[min(n + 1, len(states) - 1)]  # with one state, in place
            transformer_layer(
                hidden_TD,
                batch.cu_seqlens,
                config.num_attention_heads,
                ACTIVATION_CODES[config.activation],
                eps,
                weights,
                work,
                maps[n],
                output_TD,
            )
            hidden_TD = output_TD
        self._spare.append(work)

    def _borrow_workspace(self, rows: int, longest: int) -> Workspace:
        """A used one that is large enough, or a new one of at least a usual bundle's size."""
        try:
            work = self._spare.pop()
        except IndexError:  # all are in use, by threads of ours or of the caller
            pass
        else:
            if rows <= work.qkv_TE.shape[0] and longest <= work.score_RM.shape[1]:
                return work
        return make_workspace(max(rows, BUNDLE_ROWS), max(longest, BUNDLE_ROWS), self._config)

    def pooler(self, first_BD: Floats) -> Floats | None:
        """See `Backend.pooler`."""
        if self._pooler is None:
            return None
        pooled_BD = np.empty(first_BD.shape, np.float32)
        tile_RW = make_workspace(0, 0, self._config).tile_RW
        pooler(first_BD, self._pooler.weight_JIW, self._pooler.bias_E, pooled_BD, tile_RW)
        return pooled_BD

    def pool(self, hidden_TD: Floats, cu_seqlens: Ints, mode: Pooling) -> Floats:
        """See `Backend.pool`."""
        pooled_BD = np.empty((len(cu_seqlens) - 1, hidden_TD.shape[1]), np.float32)
        POOLING[mode](hidden_TD, cu_seqlens, pooled_BD)
        return pooled_BD

    def normalize(self, x_BD: Floats) -> Floats:
        """See `Backend.normalize`."""
        y_BD = np.empty(x_BD.shape, np.float32)
        normalize(x_BD, y_BD)
        return y_BD


def _bundles(cu_seqlens: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Cut [0, B) into spans of about BUNDLE_ROWS token rows, at least one sequence each."""
    spans, first, B = [], 0, len(cu_seqlens) - 1
    while first < B:
        fits = np.searchsorted(cu_seqlens, cu_seqlens[first] + BUNDLE_ROWS, side="right") - 1
        last = min(max(int(fits), first + 1), B)
        spans.append((first, last))
        first = last
    return spans


def _split_maps(prob_Q: NDArray[Any], lengths: NDArray[np.int32], heads: int) -> list[Floats]:
    if len(prob_Q) == 0:
        return [np.zeros((heads, 0, 0), np.float32) for _ in lengths]
    ends = np.cumsum(heads * lengths.astype(np.int64) ** 2)[:-1]
    parts = np.split(prob_Q, ends)
    return [part.reshape(heads, n, n) for part, n in zip(parts, lengths, strict=True)]
