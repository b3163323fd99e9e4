"""Token rows to one vector a sequence: pool, then normalise."""

from dataclasses import dataclass

import numpy as np

from ..dims import Floats
from ..encoder.backend import Backend, Pooling
from ..encoder.packing import PackedBatch
from ..errors import InputError


@dataclass(frozen=True)
class SentenceEmbedding:
    """Which rows become the vector, and whether it is scaled to length 1.

    Source: Reimers and Gurevych 2019, arXiv:1908.10084, section 3.
    """

    pooling: tuple[Pooling, ...]  # several are concatenated in this order
    normalize: bool

    def __call__(
        self, backend: Backend, batch: PackedBatch, normalize: bool | None = None
    ) -> Floats:
        """[B, D * len(pooling)]; `normalize` overrides the field of that name.

        Raises:
            InputError: a sequence without tokens, which has nothing to pool.
        """
        expect_tokens(batch)
        wanted = self.normalize if normalize is None else normalize
        return backend.pooled(batch, self.pooling, wanted)


def expect_tokens(batch: PackedBatch) -> None:
    """Refuse a batch of which one sequence would have no row.

    Raises:
        InputError: a sequence without tokens, which has nothing to pool.
    """
    empty = np.flatnonzero(batch.lengths == 0)
    if len(empty):
        raise InputError(f"sequence {empty[0]} has no tokens, so there is nothing to pool.")
