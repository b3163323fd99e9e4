"""`semantic_search` and `paraphrase_mining_embeddings` beside sentence-transformers' own."""

import numpy as np
import pytest
import torch
from sentence_transformers import util

from npdistil import paraphrase_mining_embeddings, semantic_search
from tests.tolerances import COSINE


def columns(answers):
    """Ids and scores of all queries."""
    ids = [[hit["corpus_id"] for hit in hits] for hits in answers]
    return ids, np.array([[hit["score"] for hit in hits] for hits in answers])


@pytest.mark.parametrize("name", ["cosine", "dot"])
@pytest.mark.parametrize("top_k, sizes", [(1, (100, 500_000)), (10, (7, 90)), (999, (3, 50))])
def test_semantic_search(rng, name, top_k, sizes, compared):
    """Other ids, scores, an order of their own, or another idea of a small corpus."""
    queries_BD = rng.standard_normal((40, 48), np.float32)
    corpus_ND = rng.standard_normal((300, 48), np.float32)
    functions = {"cosine": util.cos_sim, "dot": util.dot_score}
    ours = semantic_search(queries_BD, corpus_ND, *sizes, top_k, name)
    theirs = util.semantic_search(
        torch.from_numpy(queries_BD), torch.from_numpy(corpus_ND), *sizes, top_k, functions[name]
    )
    (our_ids, our_scores), (their_ids, their_scores) = columns(ours), columns(theirs)
    assert our_ids == their_ids
    np.testing.assert_allclose(our_scores, their_scores, rtol=0, atol=48 * COSINE)
    assert list(ours[0][0]) == list(theirs[0][0])
    compared("queries of semantic search (sentence-transformers)", len(ours))


def test_tensors_and_functions_of_theirs(rng):
    """A program that was moved here and still passes tensors and util.dot_score."""
    queries = torch.from_numpy(rng.standard_normal((3, 8), np.float32))
    corpus = torch.from_numpy(rng.standard_normal((20, 8), np.float32))
    found = semantic_search(queries, corpus, top_k=4, score_function=util.dot_score)
    ids, scores = columns(
        util.semantic_search(queries, corpus, top_k=4, score_function=util.dot_score)
    )
    assert columns(found)[0] == ids
    np.testing.assert_allclose(columns(found)[1], scores, atol=1e-5)
    assert (
        columns(semantic_search(queries[0], corpus, top_k=4))[0]
        == columns(util.semantic_search(queries[0], corpus, top_k=4))[0]
    )


@pytest.mark.parametrize("top_k, max_pairs", [(1, 500_000), (5, 37), (100, 500_000)])
def test_paraphrase_mining(rng, top_k, max_pairs, compared):
    """Other pairs, or another number of them."""
    vectors_ND = rng.standard_normal((90, 24), np.float32)
    ours = paraphrase_mining_embeddings(vectors_ND, 20, 30, max_pairs, top_k)
    theirs = util.paraphrase_mining_embeddings(
        torch.from_numpy(vectors_ND), 20, 30, max_pairs, top_k
    )
    assert [pair[1:] for pair in ours] == [pair[1:] for pair in theirs]
    np.testing.assert_allclose([p[0] for p in ours], [p[0] for p in theirs], atol=COSINE)
    compared("pairs of paraphrase mining (sentence-transformers)", len(ours))
