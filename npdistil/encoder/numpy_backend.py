"""The reference as an engine: any float type, nothing to compile, as fast as NumPy's BLAS."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ..config import EncoderConfig
from ..dims import Floats, Ints
from ..params import EncoderParams, LinearParams, NormParams
from ..reference import forward as reference
from ..reference import pooling as pools
from ..reference.first_token import encode_first
from ..reference.masked_lm import score_words
from ..reference.tap import CLOSED, Tap
from .backend import Dense, PackedOutput, Pooling
from .packing import PackedBatch

POOLING = {
    "mean": pools.pool_mean,
    "cls": pools.pool_first,
    "max": pools.pool_max,
    "mean_sqrt_len_tokens": pools.pool_mean_sqrt_len,
    "weightedmean": pools.pool_weighted_mean,
    "lasttoken": pools.pool_last,
}


class NumpyBackend:
    """`reference/` behind the `Backend` protocol."""

    def __init__(self, params: EncoderParams, config: EncoderConfig) -> None:
        self._params = params._replace(layers=tuple(params.layers))
        self._config = config
        self.dtype = params.embeddings.word_VD.dtype

    def encode(
        self, batch: PackedBatch, output_hidden_states: bool, output_attentions: bool
    ) -> PackedOutput:
        """See `Backend.encode`."""
        hidden_states: list[Floats] = []
        attentions: list[list[Floats]] = []
        steps = reference.encode(*_arrays(batch), self._params, self._config)
        with np.errstate(under="ignore"):  # softmax of a distant score is zero, by design
            for hidden_TD, probs in steps:
                if not output_hidden_states:
                    hidden_states.clear()
                hidden_states.append(hidden_TD)
                if output_attentions:
                    attentions.append(probs)
        return PackedOutput(hidden_states, attentions[1:])

    def tapped(
        self, batch: PackedBatch, tap: Tap, start: tuple[int, Floats] | None = None
    ) -> Floats:
        """The last layer's rows [T, D], of a pass that goes through `tap`.

        Args:
            batch: as for `encode`.
            tap: sees and may replace each named value.
            start: the number of the first layer and the rows [T, D] that it gets; None begins with
                the embeddings of the batch's ids.
        """
        params, config = self._params, self._config
        steps: Iterator[tuple[Floats, list[Floats]]]
        if start is None:
            steps = reference.encode(*_arrays(batch), params, config, tap)
        else:
            rest = reference.encode_from(*start, batch.cu_seqlens, params, config, tap)
            steps = chain([(start[1], [])], rest)
        with np.errstate(under="ignore"):
            *_, (hidden_TD, _) = steps
        return hidden_TD

    def pooled(
        self,
        batch: PackedBatch,
        pooling: tuple[Pooling, ...],
        normalize: bool,
        skip: int = 0,
    ) -> Floats:
        """See `Backend.pooled`."""
        if pooling == ("cls",) and not skip:
            with np.errstate(under="ignore"):
                pooled_BE = encode_first(*_arrays(batch), self._params, self._config)
        else:
            hidden_TD = self.encode(batch, False, False).hidden_states[-1]
            parts = [POOLING[mode](hidden_TD, batch.cu_seqlens, skip) for mode in pooling]
            pooled_BE = np.concatenate(parts, axis=1)
        return pools.normalize(pooled_BE) if normalize else pooled_BE

    def dense(self, params: LinearParams, activation: str) -> Dense:
        """See `Backend.dense`."""
        return lambda x_NI: reference.dense(x_NI, params.weight_EI, params.bias_E, activation)

    def word_scores(self, norm: NormParams, word_VD: Floats | None, bias_V: Floats) -> Dense:
        """See `Backend.word_scores`."""
        table_VD = self._params.embeddings.word_VD if word_VD is None else word_VD
        return WordScores(norm, table_VD, bias_V, self._config.layer_norm_eps)

    def normalized(self, rows_BE: Floats) -> Floats:
        """See `Backend.normalized`."""
        return pools.normalize(rows_BE)


@dataclass(frozen=True, eq=False)
class WordScores:
    """LayerNorm, then a score for each word; a function of rows that can be looked into."""

    norm: NormParams
    word_VD: Floats
    bias_V: Floats
    eps: float

    def __call__(self, hidden_MD: Floats, tap: Tap = CLOSED) -> Floats:
        """Rows [M, D] to [M, V]."""
        norm, here = self.norm, tap.within("norm")
        x_MD = reference.layer_norm(hidden_MD, norm.weight_D, norm.bias_D, self.eps, here)
        return score_words(x_MD, self.word_VD, self.bias_V)


def _arrays(batch: PackedBatch) -> tuple[Ints, Ints, Ints, Ints]:
    return batch.input_ids_T, batch.token_type_ids_T, batch.position_ids_T, batch.cu_seqlens
