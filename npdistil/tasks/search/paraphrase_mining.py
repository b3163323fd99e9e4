"""`paraphrase_mining`: which of many texts say the same, as sentence-transformers finds them."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_positive, as_texts
from ...errors import InputError
from ...progress import progress
from ..sentence_encoder import SentenceEncoder
from ..vectors import expect_finite
from ..windows import as_iterable
from .best_rows import Best, BestRows, Measure
from .semantic_search import as_corpus, as_measure

SLACK = 100_000  # pairs that wait before they are sorted
Pairs = list[list[float | int]]


def paraphrase_mining(
    model: SentenceEncoder,
    sentences: Iterable[str],
    show_progress_bar: bool | None = None,
    batch_size: int = 32,
    query_chunk_size: int = 5000,
    corpus_chunk_size: int = 100_000,
    max_pairs: int = 500_000,
    top_k: int = 100,
    score_function: str | Measure = "cosine",
    min_score: float | None = None,
) -> Pairs:
    """Embed texts, and return the pairs that are nearest to each other.

    Args:
        model: embeds the texts.
        sentences: at least one.
        show_progress_bar: as for `SentenceEncoder.encode`, and for the search.
        batch_size: as for `SentenceEncoder.encode`.
        query_chunk_size: see `paraphrase_mining_embeddings`.
        corpus_chunk_size: see there.
        max_pairs: see there.
        top_k: see there.
        score_function: see there.
        min_score: see there.

    Returns:
        [score, i, j] with i < j for each pair, best first.

    Raises:
        InputError: no texts, or an argument of the wrong kind.

    Source: sentence_transformers.util.paraphrase_mining.
    """
    if not isinstance(model, SentenceEncoder):
        raise InputError(
            f"model: expected a SentenceEncoder, received {type(model).__name__}; the model comes "
            "first, then the sentences."
        )
    texts = as_texts([*as_iterable(sentences, "sentences")], "sentences")
    if not texts:
        raise InputError("sentences: none, so there is nothing to compare.")
    vectors_ND = model.encode(texts, batch_size=batch_size, show_progress_bar=show_progress_bar)
    return paraphrase_mining_embeddings(
        vectors_ND,
        query_chunk_size,
        corpus_chunk_size,
        max_pairs,
        top_k,
        score_function,
        min_score,
        show_progress_bar,
    )


def paraphrase_mining_embeddings(
    embeddings: object,
    query_chunk_size: int = 5000,
    corpus_chunk_size: int = 100_000,
    max_pairs: int = 500_000,
    top_k: int = 100,
    score_function: str | Measure = "cosine",
    min_score: float | None = None,
    show_progress_bar: bool | None = False,
) -> Pairs:
    """The pairs of rows that are nearest to each other.

    A pair is found where one row is among the `top_k` nearest of the other. Equal scores are
    ordered by i, then j. As for `semantic_search`, the two chunk sizes bound memory and change no
    result.

    Args:
        embeddings: [N, D].
        query_chunk_size: rows whose neighbours are looked for at a time.
        corpus_chunk_size: rows they are compared with at a time.
        max_pairs: how many pairs are returned at most; the best ones.
        top_k: neighbours of each row that are looked at.
        score_function: as for `semantic_search`; symmetric.
        min_score: pairs with a lower score are left out; None keeps all. It makes mining faster.
        show_progress_bar: True, False, or None for "where standard error is a terminal".

    Returns:
        [score, i, j] with i < j for each pair, best first; empty for a single row.

    Raises:
        InputError: no rows, NaN or infinity (the row is named), or an argument of the wrong kind.

    Source: sentence_transformers.util.paraphrase_mining_embeddings.
    """
    vectors_ND = as_corpus(embeddings, "embeddings")
    chunk = as_positive(query_chunk_size, "query_chunk_size")
    block = as_positive(corpus_chunk_size, "corpus_chunk_size")
    max_pairs, top_k = as_positive(max_pairs, "max_pairs"), as_positive(top_k, "top_k")
    measure, floor = as_measure(score_function), _as_floor(min_score)
    expect_finite(vectors_ND, "embeddings")
    pairs = _BestPairs(max_pairs, len(vectors_ND))
    with progress(len(vectors_ND), "texts", show_progress_bar) as bar:
        for first in range(0, len(vectors_ND), chunk):
            queries_BD = vectors_ND[first : first + chunk]
            # One more, because each row finds itself.
            best = BestRows(queries_BD, top_k + 1, measure, floor=floor, name="embeddings")
            for start in range(0, len(vectors_ND), block):
                best.add(vectors_ND[start : start + block])
            for row, found in enumerate(best.finish(), first):
                pairs.add(row, found, top_k)
            bar.update(len(queries_BD))
    return pairs.finish()


class _BestPairs:
    """Each pair once, and only the best are kept; memory is bounded by their number."""

    def __init__(self, max_pairs: int, rows: int) -> None:
        self._max_pairs, self._rows, self._waiting = max_pairs, rows, 0
        self._parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []

    def add(self, row: int, found: Best, top_k: int) -> None:
        others = found.ids != row
        ids, scores = found.ids[others][:top_k], found.scores[others][:top_k]
        self._parts.append((np.minimum(ids, row), np.maximum(ids, row), scores))
        self._waiting += len(ids)
        if self._waiting > 2 * self._max_pairs + SLACK:
            self._sort()

    def finish(self) -> Pairs:
        self._sort()
        i, j, scores = (array.tolist() for array in self._parts[0])
        return [[score, a, b] for score, a, b in zip(scores, i, j, strict=True)]

    def _sort(self) -> None:
        i, j, scores = map(np.concatenate, zip(*self._parts, strict=True))
        order = np.lexsort((j, i, -scores))
        i, j, scores = i[order], j[order], scores[order]
        _, new = np.unique(i * self._rows + j, return_index=True)  # found from both sides
        new = np.sort(new)[: self._max_pairs]
        self._parts, self._waiting = [(i[new], j[new], scores[new])], len(new)


def _as_floor(min_score: object) -> float:
    if min_score is None:
        return -np.inf
    if isinstance(min_score, bool | str) or not isinstance(min_score, int | float | np.number):
        raise InputError(f"min_score: expected a number, received {min_score!r:.80}.")
    if np.isnan(float(min_score)):
        raise InputError("min_score: expected a number, received NaN.")
    return float(min_score)
