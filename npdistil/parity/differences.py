"""How far two arrays of one activation are from each other, over as many batches as there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..dims import Floats


@dataclass
class Difference:
    """Running figures of one activation on one side.

    Attributes:
        max_abs: largest absolute difference.
        mean_abs: over all values.
        cosine: of the two, each text's values taken as one vector; the least of all texts.
        largest: absolute value of ours.
        dtype: what the other side computes in.
        problem: why there are no figures, or None.
    """

    max_abs: float = 0.0
    cosine: float = 1.0
    largest: float = 0.0
    dtype: DTypeLike = np.float64
    problem: str | None = None
    _total: float = 0.0
    _count: int = 0

    @property
    def mean_abs(self) -> float:
        """Over all values."""
        return self._total / max(self._count, 1)

    @property
    def ulp(self) -> float:
        """`max_abs` in units in the last place of the largest value, of the other side's type.

        Not value by value: where a sum cancels, the result may be any number of its own units off,
        and all is well.
        """
        kind = np.dtype(self.dtype)
        if kind.kind != "f":
            kind = np.dtype(np.float32)
        largest: Any = np.asarray(self.largest, kind)
        return self.max_abs / float(np.spacing(largest))

    def add(self, ours: Floats, theirs: Floats, lengths_B: Sequence[int]) -> None:
        """Take in one batch.

        Args:
            ours: float64 [B, ...].
            theirs: any numbers, of the same shape but for columns of tokens: more are padding.
            lengths_B: how many tokens each text has.
        """
        self.dtype = theirs.dtype
        for own, other, length in zip(ours, theirs, lengths_B, strict=True):
            own, other = kept(own, length), kept(other, length)
            if own.shape != other.shape:
                self.problem = f"shape {list(theirs.shape)} for {list(ours.shape)}"
                return
            self._add(own.ravel(), other.ravel().astype(np.float64))

    def _add(self, own_N: Floats, other_N: Floats) -> None:
        if not own_N.size:
            return
        self.largest = max(self.largest, float(np.abs(own_N).max()))
        self._count += own_N.size
        if not np.isfinite(other_N).all():
            self.problem = "values that are no finite numbers"
            return
        apart_N = np.abs(own_N - other_N)
        self.max_abs = max(self.max_abs, float(apart_N.max()))
        self._total += float(apart_N.sum())
        lengths = float(np.linalg.norm(own_N) * np.linalg.norm(other_N))
        if lengths:
            self.cosine = min(self.cosine, float(own_N @ other_N) / lengths)


def kept(value: Floats, length: int) -> Floats:
    """One text's part of an activation, without padding: at tokens, in maps where two tokens meet.

    Args:
        value: [L, E], [H, L, L], or what has no columns of tokens: [E].
        length: how many tokens the text has.
    """
    if value.ndim < 2:
        return value
    return value[..., :length, : length if value.ndim == 3 else None]
