"""What embeddings are judged by: cosines, rank correlation, nDCG and accuracy."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr  # type: ignore[import-untyped]  # has no types


def cosine(first_BD: NDArray[Any], second_BD: NDArray[Any]) -> NDArray[np.float64]:
    """Of each pair of rows."""
    a, b = first_BD.astype(np.float64), second_BD.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / lengths, np.float64)


def spearman(found: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """Rank correlation; equal values share their mean rank."""
    return float(spearmanr(found, wanted).statistic)


def ndcg(ranking: Sequence[int], gains: Mapping[int, float], depth: int = 10) -> float:
    """Normalised discounted cumulative gain of the first `depth` documents of a ranking.

    The sum of gain / log2(rank + 1), ranks from 1, over that of the best ranking possible.

    Args:
        ranking: documents, best first; none twice.
        gains: of the relevant documents, all above 0; others gain nothing. At least one.
        depth: how far down is looked.

    Source: Jarvelin and Kekalainen 2002, doi:10.1145/582415.582418, as trec_eval's ndcg_cut has it.
    """
    discounts = 1 / np.log2(np.arange(2, depth + 2))
    found = [gains.get(document, 0.0) for document in ranking[:depth]]
    best = sorted(gains.values(), reverse=True)[:depth]
    return float(np.dot(found, discounts[: len(found)]) / np.dot(best, discounts[: len(best)]))


def mean_ndcg(
    rankings: Sequence[Sequence[int]], judged: Sequence[Mapping[int, float]], depth: int = 10
) -> float:
    """Over all queries."""
    pairs = zip(rankings, judged, strict=True)
    return float(np.mean([ndcg(ranking, gains, depth) for ranking, gains in pairs]))


def accuracy(found: Sequence[object], wanted: Sequence[object]) -> float:
    """Share of equal items."""
    return float(np.mean([a == b for a, b in zip(found, wanted, strict=True)]))
