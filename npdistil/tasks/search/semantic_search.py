"""`semantic_search`: the nearest rows of a corpus, as sentence-transformers gives them."""

from typing import Any

from ...arguments import as_positive
from ...errors import InputError
from ..embedding.similarity import SIMILARITIES, cos_sim, dot_score
from ..vectors import Vectors, as_vectors, expect_finite, expect_same_dimension
from .best_rows import Best, BestRows, Measure

BUILT_IN = ("cosine", "dot")
Hits = list[dict[str, Any]]


def semantic_search(
    query_embeddings: object,
    corpus_embeddings: object,
    query_chunk_size: int = 100,
    corpus_chunk_size: int = 500_000,
    top_k: int = 10,
    score_function: str | Measure = "cosine",
) -> list[Hits]:
    """The `top_k` nearest rows of a corpus for each query, exact, best first.

    Equal scores are ordered by corpus_id. Neither the two sizes nor the other queries change a bit
    of the result; they bound memory, and blocks are made smaller still where their scores would
    take more than 32 MB. Cosine and dot product are taken in float64 in the end.

    Args:
        query_embeddings: [Q, D], or one vector [D]; any float type, or a list or tensor of it.
        corpus_embeddings: [N, D]; may be memory-mapped, and is never copied whole.
        query_chunk_size: queries that are compared at a time.
        corpus_chunk_size: rows of the corpus that are compared at a time.
        top_k: rows for each query; a smaller corpus gives all it has, as in sentence-transformers.
        score_function: "cosine", "dot", "euclidean", "manhattan", or a function of arrays [Q, D]
            and [N, D] that returns scores [Q, N], larger for nearer. Scores of all but the first
            two are taken as they are.

    Returns:
        For each query a list of {"corpus_id": int, "score": float}.

    Raises:
        InputError: no vectors, an empty corpus, NaN or infinity (the row is named), dimensions that
            differ (both are named), a size or `top_k` below 1.

    Source: sentence_transformers.util.semantic_search.
    """
    queries_BD = as_vectors(query_embeddings, "query_embeddings", one=True)
    corpus_ND = as_corpus(corpus_embeddings, "corpus_embeddings")
    chunk = as_positive(query_chunk_size, "query_chunk_size")
    block = as_positive(corpus_chunk_size, "corpus_chunk_size")
    top_k = as_positive(top_k, "top_k")
    measure = as_measure(score_function)
    if not len(queries_BD):
        return []
    expect_same_dimension(queries_BD, corpus_ND, ("query_embeddings", "corpus_embeddings"))
    expect_finite(queries_BD, "query_embeddings")
    best = BestRows(queries_BD, top_k, measure, query_chunk_size=chunk, name="corpus_embeddings")
    for start in range(0, len(corpus_ND), block):
        best.add(corpus_ND[start : start + block])
    return [as_hits(found) for found in best.finish()]


def as_hits(best: Best) -> Hits:
    """The rows of one query as sentence-transformers writes them."""
    pairs = zip(best.ids.tolist(), best.scores.tolist(), strict=True)
    return [{"corpus_id": row, "score": score} for row, score in pairs]


def as_corpus(value: object, name: str) -> Vectors:
    """Vectors to search in.

    Raises:
        InputError: no vectors, or none at all.
    """
    corpus_ND = as_vectors(value, name)
    if not len(corpus_ND):
        raise InputError(f"{name}: no rows, so there is nothing to search in.")
    return corpus_ND


def as_measure(value: object) -> str | Measure:
    """How near two vectors are: what is built in by its name, any other as a function.

    Raises:
        InputError: neither a known name nor a function.
    """
    if value is cos_sim or value is dot_score:
        return "cosine" if value is cos_sim else "dot"
    if isinstance(value, str) and value in SIMILARITIES:
        return value if value in BUILT_IN else SIMILARITIES[value].matrix
    if not callable(value):
        raise InputError(
            f"score_function: expected one of {list(SIMILARITIES)} or a function, received "
            f"{value!r:.80}."
        )
    return value
