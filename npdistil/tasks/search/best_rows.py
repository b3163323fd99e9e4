"""The best rows of a corpus for each query: exact, block by block, the same for all blocks.

One matrix product in float32 scores a block. Its last bits depend on the shapes that BLAS is given,
so it only chooses: every row that could be among the best, given how far such a sum can be off,
is scored again by itself, in float64 and in one order, and these scores decide. Hence neither the
sizes of the blocks nor the other queries can change a bit of the result, and equal rows tie.

How far off: a sum of D products in any order is within D * u * |q| * |c| of the truth, where u is
2**-24 in float32 (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..vectors import Vectors, expect_finite

Measure = Callable[[Vectors, Vectors], Any]  # [B, D], [N, D] -> [B, N], larger is nearer
SHORTEST = 1e-12  # what sentence-transformers takes for the length of a shorter vector
SCORES_AT_ONCE = 1 << 23  # 32 MB of float32
VALUES_AT_ONCE = 1 << 24  # of the corpus, where they must be converted; 64 MB of float32
ROWS_FOR_ONE = 4096
VALUES_AGAIN = 1 << 20  # of rows that are scored again
LARGEST = 1e37  # float32 products below do not overflow
SMALLEST = 1.2e-38  # what a product may lose where small ones become zero


class Best(NamedTuple):
    """Of one query, best first; of equal scores the smaller id."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]


class BestRows:
    """Keeps the best rows for each query, while blocks of a corpus go by.

    Memory does not grow with the corpus: scores of a part of a block, and `top_k` rows a query.
    """

    def __init__(
        self,
        queries_BD: Vectors,
        top_k: int,
        measure: str | Measure = "cosine",
        *,
        unit: bool = False,
        floor: float = -np.inf,
        query_chunk_size: int = 100,
        name: str = "corpus",
    ) -> None:
        """Begin without any row.

        Args:
            queries_BD: finite.
            top_k: rows that are kept for a query, at least 1.
            measure: "cosine", "dot", or a function [B, D], [N, D] -> [B, N], whose scores are taken
                as they are.
            unit: the corpus is of length 1 already; with "dot" alone.
            floor: rows with a lower score are not kept.
            query_chunk_size: queries that are compared at a time; changes no result.
            name: of the corpus, for the messages.
        """
        self._queries64_BD = queries_BD.astype(np.float64)
        self._lengths_B = lengths(self._queries64_BD)
        self._measure, self._unit, self._name = measure, unit, name
        self._top_k, self._floor, self._chunk = top_k, floor, query_chunk_size
        with np.errstate(all="ignore"):  # too large for float32: see `_errors`
            scaled = self._queries64_BD
            if measure == "cosine":
                scaled = scaled / self._lengths_B[:, np.newaxis]
            self._queries32_BD = scaled.astype(np.float32)
        self._given_BD = queries_BD
        self._best = [Best(np.empty(0, np.int64), np.empty(0)) for _ in queries_BD]
        self.rows = 0  # that went by

    def add(self, block_ND: Vectors) -> None:
        """The next rows of the corpus.

        Raises:
            InputError: a row with NaN or infinity; it has its number in the corpus.
        """
        B, D = self._queries64_BD.shape
        chunk = min(self._chunk, max(B, 1))
        step = max(1, min(SCORES_AT_ONCE // chunk, VALUES_AT_ONCE // D))
        if B == 1:  # one query is bound by memory, and BLAS reads a small block faster
            step = min(step, ROWS_FOR_ONE)
        for start in range(0, len(block_ND), step):
            part_ND = block_ND[start : start + step]
            if callable(self._measure):
                self._add_measured(part_ND, chunk, self._measure)
            else:
                self._add_part(part_ND, chunk)
            self.rows += len(part_ND)

    def finish(self) -> list[Best]:
        """For each query."""
        return self._best

    def _add_part(self, part_ND: Vectors, chunk: int) -> None:
        with np.errstate(all="ignore"):  # NaN, infinity and overflow are met below
            part32_ND = part_ND.astype(np.float32, copy=False)
            lengths_N = None
            if not self._unit:
                squares_N = np.einsum("nd,nd->n", part32_ND, part32_ND)
                lengths_N = np.maximum(np.sqrt(squares_N), np.float32(SHORTEST))
            for first in range(0, len(self._best), chunk):
                queries = slice(first, first + chunk)
                scores_BN = self._queries32_BD[queries] @ part32_ND.T
                if self._measure == "cosine" and lengths_N is not None:
                    scores_BN /= lengths_N
                errors_B = self._errors(queries, lengths_N)
                for query, scores_N in enumerate(scores_BN, first):
                    self._choose(query, scores_N, errors_B[query - first], part_ND)

    def _errors(self, queries: slice, lengths_N: NDArray[np.float32] | None) -> NDArray[np.float64]:
        """How far a score of each query may be off; infinity where float32 does not reach."""
        D, cosine = self._queries64_BD.shape[1], self._measure == "cosine"
        longest = 1.0 if lengths_N is None else float(lengths_N.max())
        sizes_B = np.ones_like(self._lengths_B[queries]) if cosine else self._lengths_B[queries]
        # Twice the bound: the queries were rounded, and with the cosine the lengths were as well.
        off_B = (2 * D + 16) * 2.0**-24 * sizes_B * (1 if cosine else longest)
        off_B += D * SMALLEST / (SHORTEST if cosine else 1)
        reached_B = (sizes_B < LARGEST) & (sizes_B * longest < LARGEST)  # False for NaN
        return np.where(reached_B, off_B, np.inf)

    def _choose(
        self, query: int, scores_N: NDArray[np.float32], off: float, part_ND: Vectors
    ) -> None:
        k, best = self._top_k, self._best[query]
        bound = max(self._floor, best.scores[-1] if len(best.scores) == k else -np.inf) - off
        # Not >=: NaN must be among them, to be found.
        places = np.flatnonzero(~(scores_N < np.float32(bound)))
        if len(places) > k:
            chosen = scores_N[places]
            last = np.partition(chosen, len(chosen) - k)[len(chosen) - k]
            places = places[~(chosen < np.float32(last - 2 * off))]
        if len(places):
            self._keep(query, places, self._scored_again(query, places, part_ND))

    def _scored_again(
        self, query: int, places: NDArray[np.intp], part_ND: Vectors
    ) -> NDArray[np.float64]:
        """In float64, each row by itself."""
        query_D, step = self._queries64_BD[query], max(1, VALUES_AGAIN // part_ND.shape[1])
        scores = np.empty(len(places))
        for start in range(0, len(places), step):
            some = places[start : start + step]
            rows_ND = part_ND[some].astype(np.float64)
            found = (rows_ND * query_D).sum(axis=1)
            if self._measure == "cosine":
                found /= self._lengths_B[query] * lengths(rows_ND)
            scores[start : start + step] = found
            self._expect_finite(found, rows_ND, some)
        return scores

    def _expect_finite(
        self, scores: NDArray[np.float64], rows_ND: Vectors, places: NDArray[np.intp]
    ) -> None:
        bad = np.flatnonzero(~np.isfinite(scores))
        if len(bad):
            row = self.rows + int(places[bad[0]])
            expect_finite(rows_ND[bad[:1]], self._name, row)
            raise InputError(f"{self._name}: row {row}: its score is too large for a float.")

    def _keep(self, query: int, places: NDArray[np.intp], scores: NDArray[np.float64]) -> None:
        best = self._best[query]
        ids = np.concatenate([best.ids, places + self.rows])
        scores = np.concatenate([best.scores, scores])
        order = np.lexsort((ids, -scores))[: self._top_k]
        order = order[scores[order] >= self._floor]
        self._best[query] = Best(ids[order], scores[order])

    def _add_measured(self, part_ND: Vectors, chunk: int, measure: Measure) -> None:
        for first in range(0, len(self._best), chunk):
            queries_BD = self._given_BD[first : first + chunk]
            scores_BN = np.asarray(measure(queries_BD, part_ND))
            if scores_BN.shape != (len(queries_BD), len(part_ND)):
                raise InputError(
                    f"score_function: expected scores of shape {(len(queries_BD), len(part_ND))}, "
                    f"received {scores_BN.shape}."
                )
            for query, scores_N in enumerate(scores_BN.astype(np.float64), first):
                if not np.isfinite(scores_N).all():
                    bad = int((~np.isfinite(scores_N)).argmax())
                    raise InputError(
                        f"{self._name}: row {self.rows + bad}: its score is {scores_N[bad]}."
                    )
                places = np.arange(len(part_ND))
                if len(places) > self._top_k:
                    last = np.partition(scores_N, -self._top_k)[-self._top_k]
                    places = np.flatnonzero(scores_N >= last)
                self._keep(query, places, scores_N[places])


def lengths(rows_ND: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row, at least SHORTEST; depends on that row alone."""
    with np.errstate(over="ignore"):  # infinity is met where it leads
        found: NDArray[np.float64] = np.sqrt((rows_ND * rows_ND).sum(axis=1))
    return np.maximum(found, SHORTEST)
