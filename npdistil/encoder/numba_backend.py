"""The kernels as an engine: cuts a batch into bundles, which threads take and share.

How the work is cut cannot change a result: a kernel computes each row, and each sequence's
attention, from that row or sequence alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import EncoderConfig
from ..dims import Floats
from ..kernels import entries
from ..kernels.epilogues import DENSE_CODES
from ..kernels.model import CLS, LAST, MAX, MEAN, MEAN_SQRT_LEN, WEIGHTED_MEAN, Output
from ..params import AttentionParams, EncoderParams, LayerParams, LinearParams, NormParams
from .backend import Dense, PackedOutput, Pooling
from .forward_passes import ForwardPasses
from .pack_model import frozen, pack_linear, pack_model
from .packing import PackedBatch
from .unpack_attention import FoldedBiases, folded_biases, unpack_attention

POOLING = {
    "mean": MEAN,
    "cls": CLS,
    "max": MAX,
    "mean_sqrt_len_tokens": MEAN_SQRT_LEN,
    "weightedmean": WEIGHTED_MEAN,
    "lasttoken": LAST,
}


class NumbaBackend:
    """`kernels/` behind the `Backend` protocol; float32."""

    def __init__(self, params: EncoderParams, config: EncoderConfig, num_threads: int) -> None:
        self._config = config
        self._num_threads = num_threads
        self._folded: dict[int, FoldedBiases] = {}  # by number of the layer

        def keep(n: int, layer: LayerParams) -> None:
            self._folded[n] = folded_biases(layer)

        self._model = pack_model(params, config, keep, num_threads)
        self._passes = ForwardPasses(self._model, config, num_threads)

    def encode(
        self, batch: PackedBatch, output_hidden_states: bool, output_attentions: bool
    ) -> PackedOutput:
        """See `Backend.encode`."""
        T, D = len(batch.input_ids_T), self._config.hidden_size
        layers, heads = self._config.num_hidden_layers, self._config.num_attention_heads
        states_NTD = np.empty((layers + 1 if output_hidden_states else 1, T, D), np.float32)
        map_ends = [0]
        if output_attentions:
            squares = batch.lengths.astype(np.int64) ** 2
            map_ends += (heads * np.cumsum(squares)).tolist()
        prob_NQ = np.empty((layers, map_ends[-1]), np.float32)

        def output(first: int) -> Output:
            row, prob = int(batch.cu_seqlens[first]), map_ends[first] if output_attentions else 0
            return NOTHING._replace(
                states_NTD=states_NTD, first_row=row, prob_NQ=prob_NQ, first_prob=prob
            )

        self._passes.run(batch, output)
        attentions = []
        if output_attentions:
            attentions = [_split_maps(prob_Q, batch.lengths, heads) for prob_Q in prob_NQ]
        return PackedOutput(list(states_NTD), attentions)

    def pooled(
        self,
        batch: PackedBatch,
        pooling: tuple[Pooling, ...],
        normalize: bool,
        skip: int = 0,
    ) -> Floats:
        """See `Backend.pooled`."""
        pooled_BE = np.empty(
            (len(batch.lengths), self._config.hidden_size * len(pooling)), np.float32
        )
        pooling_M = frozen(np.array([POOLING[mode] for mode in pooling], np.int32))
        prob_NQ = np.empty((self._config.num_hidden_layers, 0), np.float32)
        only_first = int(pooling == ("cls",) and not skip)

        def output(first: int) -> Output:
            return NOTHING._replace(
                prob_NQ=prob_NQ, pooled_BE=pooled_BE, first_sequence=first,
                pooling_M=pooling_M, skip=skip, normalize=int(normalize), only_first=only_first,
            )  # fmt: skip

        self._passes.run(batch, output)
        return pooled_BE

    def attention_params(self, layer: int) -> AttentionParams:
        """A layer's attention as the file has it; see `unpack_attention`."""
        return unpack_attention(self._model, layer, self._folded[layer], self._config)

    def dense(self, params: LinearParams, activation: str) -> Dense:
        """See `Backend.dense`."""
        weight_P, bias_E = pack_linear(params)
        code, outputs = DENSE_CODES[activation], len(params.bias_E)

        def of_rows(x_NI: Floats) -> Floats:
            y_NE = np.empty((len(x_NI), len(bias_E)), np.float32)
            entries.dense(x_NI, weight_P, bias_E, code, y_NE)
            return np.ascontiguousarray(y_NE[:, :outputs])

        return of_rows

    def word_scores(self, norm: NormParams, word_VD: Floats | None, bias_V: Floats) -> Dense:
        """See `Backend.word_scores`."""
        table_VD = self._model.word_VD if word_VD is None else word_VD
        eps = self._config.layer_norm_eps
        from .word_scores import WordScores  # late: of one task alone

        return WordScores(norm, table_VD, bias_V, eps, self._num_threads)

    def normalized(self, rows_BE: Floats) -> Floats:
        """See `Backend.normalized`."""
        normalized_BE = np.array(rows_BE, np.float32, order="C")
        entries.normalize(normalized_BE)
        return normalized_BE


NOTHING = Output(
    states_NTD=np.empty((0, 0, 0), np.float32),
    first_row=0,
    prob_NQ=np.empty((0, 0), np.float32),
    first_prob=0,
    pooled_BE=np.empty((0, 0), np.float32),
    first_sequence=0,
    pooling_M=frozen(np.empty(0, np.int32)),
    skip=0,
    normalize=0,
    only_first=0,
)


def _split_maps(prob_Q: NDArray[Any], lengths: NDArray[np.int32], heads: int) -> list[Floats]:
    if len(prob_Q) == 0:
        return [np.zeros((heads, 0, 0), np.float32) for _ in lengths]
    ends = np.cumsum(heads * lengths.astype(np.int64) ** 2)[:-1]
    parts = np.split(prob_Q, ends)
    return [part.reshape(heads, n, n) for part, n in zip(parts, lengths, strict=True)]
