"""Token rows to one vector a sequence: pool, then normalise."""

from dataclasses import dataclass

import numpy as np

from ..dims import Floats
from ..encoder.backend import Backend, Pooling
from ..encoder.packing import Int32
from ..errors import InputError


@dataclass(frozen=True)
class SentenceEmbedding:
    """Which rows become the vector, and whether it is scaled to length 1.

    Source: Reimers and Gurevych 2019, arXiv:1908.10084, section 3.
    """

    pooling: tuple[Pooling, ...]  # several are concatenated in this order
    normalize: bool

    def __call__(
        self, backend: Backend, hidden_TD: Floats, cu_seqlens: Int32, normalize: bool | None = None
    ) -> Floats:
        """[T, D] to [B, D * len(pooling)]; `normalize` overrides the field of that name.

        Raises:
            InputError: a sequence without tokens, which has nothing to pool.
        """
        empty = np.flatnonzero(np.diff(cu_seqlens) == 0)
        if len(empty):
            raise InputError(f"sequence {empty[0]} has no tokens, so there is nothing to pool.")
        parts = [backend.pool(hidden_TD, cu_seqlens, mode) for mode in self.pooling]
        pooled = np.concatenate(parts, axis=1)
        wanted = self.normalize if normalize is None else normalize
        return backend.normalize(pooled) if wanted else pooled
