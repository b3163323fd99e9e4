"""Token rows to one vector a sequence: pool, then whatever the folder's modules do, then cut."""

from collections.abc import Callable

import numpy as np

from ..dims import Floats
from ..encoder.backend import Backend, Dense, Pooling
from ..encoder.packing import PackedBatch
from ..errors import InputError
from ..named_tuple import NamedTuple


class Projection(NamedTuple):
    """A Dense module: activation(W x + b), and perhaps x on top, itself or projected.

    Source: Reimers and Gurevych 2020, arXiv:2004.09813, where a student's vectors get the
    teacher's width.
    """

    dense: Dense
    out_features: int
    residual: Callable[[Floats], Floats] | None = None

    def __call__(self, backend: Backend, rows_BI: Floats) -> Floats:
        """[B, I] to [B, E]."""
        rows_BE = self.dense(rows_BI)
        return rows_BE if self.residual is None else rows_BE + self.residual(rows_BI)


class Normalization(NamedTuple):
    """A Normalize module behind a Projection."""

    def __call__(self, backend: Backend, rows_BE: Floats) -> Floats:
        """Rows of length 1."""
        return backend.normalized(rows_BE)


class SentenceEmbedding:
    """Which rows become the vector, and what becomes of it.

    Source: Reimers and Gurevych 2019, arXiv:1908.10084, section 3.

    Attributes:
        pooling: several stand side by side in this order.
        normalize: whether the pooled row is scaled to length 1.
        include_prompt: whether the tokens of a prompt are pooled too.
        modules: what follows, one after another.
    """

    # No dataclass: making one takes half a millisecond of every start.
    def __init__(
        self,
        pooling: tuple[Pooling, ...],
        normalize: bool,
        include_prompt: bool = True,
        modules: tuple[Projection | Normalization, ...] = (),
    ) -> None:
        self.pooling = pooling
        self.normalize = normalize
        self.include_prompt = include_prompt
        self.modules = modules

    def dimension(self, hidden_size: int) -> int:
        """Features of a vector that is not cut."""
        for module in reversed(self.modules):
            if isinstance(module, Projection):
                return module.out_features
        return hidden_size * len(self.pooling)

    def __call__(
        self,
        backend: Backend,
        batch: PackedBatch,
        normalize: bool = False,
        truncate_dim: int | None = None,
        skip: int = 0,
    ) -> Floats:
        """Embed a batch.

        Args:
            backend: the encoder's.
            batch: sequences, none of them empty.
            normalize: scale the vectors to length 1 at the end, behind all modules and the cut.
            truncate_dim: how many features are kept; None keeps all.
            skip: tokens at the beginning of each sequence that are not pooled.

        Returns:
            [B, E], C-contiguous.

        Raises:
            InputError: a sequence without tokens, which has nothing to pool.
        """
        expect_tokens(batch)
        if not self.modules and truncate_dim is None:
            return backend.pooled(batch, self.pooling, self.normalize or normalize, skip)
        pooled_BE = backend.pooled(batch, self.pooling, self.normalize, skip)
        return self._finished(backend, pooled_BE, normalize, truncate_dim)

    def of_pooled(
        self,
        backend: Backend,
        pooled_BE: Floats,
        normalize: bool = False,
        truncate_dim: int | None = None,
    ) -> Floats:
        """As the call, of rows [B, D * len(pooling)] that somebody else pooled."""
        if self.normalize:
            pooled_BE = backend.normalized(pooled_BE)
        return self._finished(backend, pooled_BE, normalize, truncate_dim)

    def _finished(
        self, backend: Backend, rows_BE: Floats, normalize: bool, truncate_dim: int | None
    ) -> Floats:
        for module in self.modules:
            rows_BE = module(backend, rows_BE)
        cut_BE = np.ascontiguousarray(rows_BE[:, :truncate_dim])
        return backend.normalized(cut_BE) if normalize else cut_BE


def expect_tokens(batch: PackedBatch) -> None:
    """Refuse a batch of which one sequence would have no row.

    Raises:
        InputError: a sequence without tokens, which has nothing to pool.
    """
    empty = np.flatnonzero(batch.lengths == 0)
    if len(empty):
        raise InputError(f"sequence {empty[0]} has no tokens, so there is nothing to pool.")
