"""Exact, whatever the blocks: `semantic_search` beside all scores in float64."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from npdistil import InputError, semantic_search
from npdistil.tasks.embedding.similarity import SIMILARITIES
from npdistil.tasks.search import best_rows


def brute(queries_BD, corpus_ND, top_k, cosine=True):
    """(ids, scores) by sorting all scores in float64; each row alone, so that equal rows tie."""
    found = []
    for query in np.asarray(queries_BD, np.float64):
        rows = np.asarray(corpus_ND, np.float64)
        scores = (rows * query).sum(axis=1)
        if cosine:
            lengths = np.sqrt((rows * rows).sum(axis=1))
            length = np.sqrt((query[np.newaxis] ** 2).sum(axis=1))
            scores = scores / (np.maximum(length, 1e-12) * np.maximum(lengths, 1e-12))
        order = np.lexsort((np.arange(len(rows)), -scores))[:top_k]
        found.append((order.tolist(), scores[order].tolist()))
    return found


def pairs(answers):
    """The same form of what was found."""
    return [
        ([hit["corpus_id"] for hit in hits], [hit["score"] for hit in hits]) for hits in answers
    ]


def crowd(rng, rows, features):
    """Vectors of which float32 cannot tell many apart, and some that are equal."""
    base = rng.standard_normal((4, features), np.float32)
    corpus = base[rng.integers(0, 4, rows)]
    corpus += 1e-7 * rng.standard_normal((rows, features), np.float32)
    corpus[rows // 2 :: 7] = corpus[0]
    return corpus, base


@pytest.mark.parametrize("score_function", ["cosine", "dot"])
def test_exact_where_float32_cannot_tell(rng, score_function):
    """The order of float32 sums, ties in the order of a heap, or a candidate that was cut off."""
    corpus_ND, queries_BD = crowd(rng, 3000, 31)
    found = pairs(semantic_search(queries_BD, corpus_ND, top_k=40, score_function=score_function))
    assert found == brute(queries_BD, corpus_ND, 40, score_function == "cosine")
    rough = queries_BD @ corpus_ND.T
    order = np.argsort(-rough[0], kind="stable")[:40]
    assert order.tolist() != found[0][0], "float32 would do here: the test shows nothing"


@pytest.mark.parametrize("sizes", [(1, 1), (3, 7), (100, 1000), (4, 500_000)])
def test_blocks_change_no_bit(rng, sizes, monkeypatch):
    """Scores, ties or ids that depend on where a block ends, or on the other queries."""
    corpus_ND, queries_BD = crowd(rng, 400, 9)
    whole = semantic_search(queries_BD, corpus_ND, top_k=25)
    assert semantic_search(queries_BD, corpus_ND, *sizes, top_k=25) == whole
    assert [semantic_search(query, corpus_ND, top_k=25)[0] for query in queries_BD] == whole
    for name, size in (("SCORES_AT_ONCE", 50), ("VALUES_AT_ONCE", 90), ("VALUES_AGAIN", 20)):
        monkeypatch.setattr(best_rows, name, size)
        assert semantic_search(queries_BD, corpus_ND, top_k=25) == whole


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
@pytest.mark.parametrize("size", [1e-30, 1e-5, 1.0, 1e25])
@pytest.mark.parametrize("score_function", ["cosine", "dot"])
def test_sizes_at_the_ends_of_float32(rng, dtype, size, score_function):
    """Squares that overflow or vanish in float32, and rows that are all zero."""
    corpus_ND = rng.standard_normal((50, 8)) * 20
    corpus_ND[::3] *= size
    with np.errstate(all="ignore"):
        corpus_ND = np.nan_to_num(np.where(np.isfinite(corpus_ND.astype(dtype)), corpus_ND, 0))
        corpus_ND = np.clip(corpus_ND, -100, 100) if dtype == np.int8 else corpus_ND
        corpus_ND = corpus_ND.astype(dtype)
    corpus_ND[4] = 0
    queries_BD = np.vstack([rng.standard_normal((3, 8)) * size, np.zeros((1, 8))])
    found = semantic_search(queries_BD, corpus_ND, top_k=50, score_function=score_function)
    assert pairs(found) == brute(queries_BD, corpus_ND, 50, score_function == "cosine")


def test_a_file_that_is_mapped(rng, tmp_path: Path):
    """A corpus that is read into memory, or refused because it is no plain array."""
    corpus_ND = rng.standard_normal((300, 5), np.float32)
    np.save(tmp_path / "corpus.npy", corpus_ND)
    mapped = np.load(tmp_path / "corpus.npy", mmap_mode="r")
    assert semantic_search(corpus_ND[:4], mapped) == semantic_search(corpus_ND[:4], corpus_ND)


def test_memory_does_not_grow_with_the_corpus(tmp_path, monkeypatch):
    """Catches scores or converted rows of the whole corpus at a time."""
    monkeypatch.setattr(best_rows, "SCORES_AT_ONCE", 1 << 16)
    monkeypatch.setattr(best_rows, "VALUES_AT_ONCE", 1 << 16)
    peaks = []
    for rows in (20_000, 80_000):
        path = tmp_path / f"{rows}.npy"
        np.save(path, np.random.default_rng(0).standard_normal((rows, 16)).astype(np.float16))
        mapped = np.load(path, mmap_mode="r")
        tracemalloc.start()
        semantic_search(np.ones((40, 16)), mapped)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] < 2_000_000  # the larger corpus has 2.6 MB, 12.8 MB of scores


def test_names_and_functions_of_similarities(rng):
    """A function that is known by name and scored less exactly than by that name."""
    corpus_ND, queries_BD = crowd(rng, 200, 5)
    for name, similarity in SIMILARITIES.items():
        by_name = semantic_search(queries_BD, corpus_ND, score_function=name)
        by_function = semantic_search(queries_BD, corpus_ND, score_function=similarity.matrix)
        assert by_name == by_function
        wanted = np.sort(similarity.matrix(queries_BD, corpus_ND), axis=1)[:, ::-1][:, :10]
        np.testing.assert_allclose([scores for _, scores in pairs(by_name)], wanted, atol=1e-6)


def test_a_function_as_the_score(rng):
    """A score that is taken for the cosine, or whose ties go by block."""
    corpus_ND, queries_BD = rng.integers(0, 3, (60, 2)), rng.integers(0, 3, (3, 2))

    def nearness(queries, corpus):
        return -np.abs(queries[:, None] - corpus[None]).sum(axis=2)

    scores_BN = nearness(queries_BD.astype(float), corpus_ND.astype(float))
    ids = [np.lexsort((np.arange(60), -scores_N))[:9].tolist() for scores_N in scores_BN]
    for block in (1, 7, 60):
        found = semantic_search(queries_BD, corpus_ND, 2, block, 9, nearness)
        assert [found_ids for found_ids, _ in pairs(found)] == ids
        assert found[1][0]["score"] == scores_BN[1].max()
    with pytest.raises(InputError, match=r"scores of shape \(3, 60\), received \(60, 3\)"):
        semantic_search(queries_BD, corpus_ND, score_function=lambda q, c: c @ q.T)
    with pytest.raises(InputError, match="row 0: its score is nan"):
        semantic_search(queries_BD, corpus_ND, score_function=lambda q, c: q @ c.T * np.nan)


def test_a_small_corpus_gives_all_it_has():
    """As sentence-transformers: no error, no filling."""
    hits = semantic_search([[1.0, 0.0]], [[0.0, 2.0], [3.0, 0.0]], top_k=10)
    assert hits == [[{"corpus_id": 1, "score": 1.0}, {"corpus_id": 0, "score": 0.0}]]
    assert semantic_search([1.0, 0.0], [[0.0, 2.0], [3.0, 0.0]], top_k=10) == hits
    assert semantic_search([], [[1.0]]) == [] == semantic_search(np.empty((0, 1)), [[1.0]])
    assert type(hits[0][0]["corpus_id"]) is int and type(hits[0][0]["score"]) is float


@pytest.mark.parametrize("block", [1, 40, 500_000])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_names_its_row(rng, value, block):
    """NaN that is sorted somewhere, or a row's number within its block."""
    corpus_ND = rng.standard_normal((200, 6), np.float32)
    corpus_ND[123, 4] = value
    with pytest.raises(InputError, match=rf"corpus_embeddings: row 123 holds {value} \(feature 4"):
        semantic_search(rng.standard_normal((2, 6)), corpus_ND, corpus_chunk_size=block)
    with pytest.raises(InputError, match="query_embeddings: row 1 holds nan"):
        semantic_search([[1.0], [np.nan]], [[1.0]])


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([[1.0]], [[1.0, 2.0]]), "query_embeddings have 1 features, corpus_embeddings 2"),
        (([[1.0]], []), "corpus_embeddings: no rows"),
        (([[1.0]], np.empty((0, 1))), "corpus_embeddings: no rows"),
        (([[1.0]], [1.0]), r"corpus_embeddings: expected shape \[N, D\], received \(1,\)"),
        (([[1.0]], [[1.0], [1.0, 2.0]]), "corpus_embeddings: cannot become an array"),
        (("text", [[1.0]]), "query_embeddings: expected vectors, received str"),
        ((["text"], [[1.0]]), "query_embeddings: expected rows of floats"),
        (([[1.0]], [[1.0]], 0), "query_chunk_size: expected a positive integer, received 0"),
        (([[1.0]], [[1.0]], 1, -1), "corpus_chunk_size: expected a positive integer"),
        (([[1.0]], [[1.0]], 1, 1, 0), "top_k: expected a positive integer, received 0"),
        (([[1.0]], [[1.0]], 1, 1, 1.5), "top_k: expected an int"),
        (([[1.0]], [[1.0]], 1, 1, 1, "l2"), "score_function: expected one of.*manhattan"),
        (([[1e300]], [[1e300]], 1, 1, 1, "dot"), "row 0: its score is too large"),
    ],
)
def test_what_is_refused(arguments, message):
    """A traceback of NumPy's where one sentence would do."""
    with pytest.raises(InputError, match=message):
        semantic_search(*arguments)
