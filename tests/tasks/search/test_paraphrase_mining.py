"""Pairs that are nearest to each other, beside all pairs in float64."""

import numpy as np
import pytest

from npdistil import InputError, SentenceEncoder, paraphrase_mining, paraphrase_mining_embeddings


def brute(vectors_ND, top_k, max_pairs=None):
    """All that one row finds among its nearest, sorted by score, i, j."""
    rows = np.asarray(vectors_ND, np.float64)
    lengths = np.sqrt((rows * rows).sum(axis=1))
    found = set()
    for i, row in enumerate(rows):
        scores = (rows * row).sum(axis=1) / (lengths * lengths[i])
        nearest = np.lexsort((np.arange(len(rows)), -scores))[: top_k + 1]
        nearest = [int(j) for j in nearest if j != i][:top_k]
        found |= {(-scores[j], min(i, j), max(i, j)) for j in nearest}
    return [[-score, i, j] for score, i, j in sorted(found)][:max_pairs]


@pytest.fixture
def vectors_ND(rng):
    """Some rows are equal, so that there are ties."""
    vectors_ND = rng.standard_normal((120, 7), np.float32)
    vectors_ND[90:] = vectors_ND[rng.integers(0, 10, 30)]
    return vectors_ND


@pytest.mark.parametrize("top_k, max_pairs", [(1, 500), (3, 17), (100, 500_000), (119, 20)])
def test_pairs(vectors_ND, top_k, max_pairs):
    """A pair twice, a row with itself, or a pair that only the other side finds left out."""
    found = paraphrase_mining_embeddings(vectors_ND, top_k=top_k, max_pairs=max_pairs)
    assert found == brute(vectors_ND, top_k, max_pairs)
    assert [type(value) for value in found[0]] == [float, int, int]


@pytest.mark.parametrize("sizes", [(1, 1), (7, 50), (200, 3)])
def test_blocks_change_no_bit(vectors_ND, sizes, monkeypatch):
    """Pairs that depend on where a block ends, or on when the best of them are sorted."""
    whole = paraphrase_mining_embeddings(vectors_ND, top_k=5)
    assert paraphrase_mining_embeddings(vectors_ND, *sizes, top_k=5) == whole
    monkeypatch.setattr("npdistil.tasks.search.paraphrase_mining.SLACK", 0)
    assert paraphrase_mining_embeddings(vectors_ND, *sizes, max_pairs=11, top_k=5) == whole[:11]


def test_min_score_leaves_out_the_others(vectors_ND):
    """A threshold that moves what is above it, or that takes scores in float32."""
    whole = paraphrase_mining_embeddings(vectors_ND)
    middle = whole[100][0]
    some = paraphrase_mining_embeddings(vectors_ND, min_score=middle)
    assert some == [pair for pair in whole if pair[0] >= middle]
    assert len(some) > 100


def test_texts(minilm_folder):
    """The rows of other texts, or a string taken for a list of letters."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder)
    texts = ["A cat sleeps.", "Bread rises.", "The cat is asleep.", "The dough is rising."]
    found = paraphrase_mining(encoder, texts, top_k=2)
    assert [pair[1:] for pair in found[:2]] == [[0, 2], [1, 3]]
    assert found[1][0] > 0.5 > found[2][0]
    assert found == paraphrase_mining_embeddings(encoder.encode(texts), top_k=2)
    assert paraphrase_mining(encoder, "alone") == []


def test_what_is_refused_of_texts(minilm_folder):
    """Python's words for exchanged arguments, and embeddings where the caller has sentences."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder)
    for arguments, message in (
        ((["a"], encoder), "^model: expected a SentenceEncoder, received list; the model comes fi"),
        ((encoder, encoder), "^sentences: expected a str or an iterable of str, received Sentence"),
        ((encoder, ["a", 3]), r"^sentences\[1\]: expected a str, received int"),
        ((encoder, iter([])), "^sentences: none, so there is nothing to compare"),
    ):
        with pytest.raises(InputError, match=message):
            paraphrase_mining(*arguments)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"top_k": 0}, "top_k: expected a positive integer"),
        ({"max_pairs": 0}, "max_pairs: expected a positive integer"),
        ({"min_score": "high"}, "min_score: expected a number, received 'high'"),
        ({"min_score": float("nan")}, "min_score: expected a number, received NaN"),
        ({"embeddings": []}, "embeddings: no rows"),
        ({"embeddings": [[1.0], [np.nan]]}, "embeddings: row 1 holds nan"),
    ],
)
def test_what_is_refused(options, message):
    """A search that ends in NumPy's words, or never."""
    with pytest.raises(InputError, match=message):
        paraphrase_mining_embeddings(**{"embeddings": [[1.0], [2.0]], **options})
