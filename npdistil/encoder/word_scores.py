"""The end of a masked language model: rows to scores of all words, on several threads."""

from itertools import count

import numpy as np

from ..dims import Floats
from ..kernels.entries import layer_norm, score_words
from ..kernels.ir.target import WORDS
from ..kernels.pack_weights import aligned_zeros, whole_vectors
from ..params import NormParams
from ..workers import shared_workers
from .pack_model import frozen

PARTS = 4  # of the vocabulary for each thread, so that none waits long for the last
SMALLEST_SHARE = 2_000_000  # floats of the table: handing over less takes longer than reading it


class WordScores:
    """LayerNorm, then a score for each word; a function of rows, made once for a model.

    The table is read where it lies: a tied one is the model's own, and nothing is packed.
    """

    def __init__(
        self, norm: NormParams, word_VD: Floats, bias_V: Floats, eps: float, num_threads: int
    ) -> None:
        D = len(norm.weight_D)
        self._width = whole_vectors(D)
        spare = (0, self._width - D)
        self._norm = [frozen(np.pad(norm.weight_D, spare)), frozen(np.pad(norm.bias_D, spare))]
        self._eps = np.float32(eps)
        self._word_VD, self._bias_V = frozen(word_VD), frozen(bias_V)
        self._workers = shared_workers(num_threads)

    def __call__(self, hidden_MD: Floats) -> Floats:
        """Rows [M, D] to scores [M, V]; a row's do not depend on the other rows."""
        (M, D), (V, _) = hidden_MD.shape, self._word_VD.shape
        x_MD = aligned_zeros(M, self._width)
        x_MD[:, :D] = hidden_MD
        layer_norm(x_MD, *self._norm, self._eps, D)
        score_MV = np.empty((M, V), np.float32)
        threads = min(self._workers.num_threads, 1 + V * D // SMALLEST_SHARE)
        step = -(-V // (threads * PARTS * WORDS)) * WORDS if threads > 1 else V
        next_part, rows_MD = count(0, step), frozen(x_MD)

        def work() -> None:
            while (first := next(next_part)) < V:
                last = min(first + step, V)
                score_words(rows_MD, self._word_VD, self._bias_V, first, last, score_MV)

        self._workers.share(work, work, threads - 1)
        return score_MV
