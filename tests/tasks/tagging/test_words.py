"""Labels of tokens and of whole words, on arrays."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npdistil.tasks.tagging.tokens import TokenScores
from npdistil.tasks.tagging.words import STRATEGIES, tag, whole_words
from npdistil.text.decode import join_pieces

LABELS = ("O", "B-PER", "I-PER", "B-LOC")


def join(pieces: list[str]) -> str:
    """As a tokenizer with "##" does."""
    return join_pieces(pieces, "##", cleanup=True)


def token(index: int, is_subword: bool, *scores: float) -> TokenScores:
    """Of three characters each, with a space between words."""
    start = 4 * index
    word = "##abc" if is_subword else "abc"
    return TokenScores(word, start, start + 3, index, is_subword, np.array(scores, np.float32))


# "first" says PER, the mean LOC, and the surest token O.
WORD = [
    token(1, False, 0.1, 0.5, 0.0, 0.4),
    token(2, True, 0.9, 0.0, 0.0, 0.1),
    token(3, True, 0.0, 0.0, 0.1, 0.9),
    token(4, True, 0.0, 0.2, 0.0, 0.8),
]


@pytest.mark.parametrize(
    "strategy, label, score",
    [("first", "B-PER", 0.5), ("average", "B-LOC", 0.55), ("max", "O", 0.9)],
)
def test_which_scores_decide_for_a_word(strategy, label, score):
    """Catches one strategy taken for another, and of two equal scores the later."""
    (word,) = tag(WORD, strategy, LABELS, join)
    assert word.label == label
    assert word.score == pytest.approx(score)
    assert (word.word, word.start, word.end, word.place) == ("abcabcabcabc", 4, 19, 1)


@pytest.mark.parametrize("strategy", ["none", "simple"])
def test_tokens_by_themselves(strategy):
    """Catches words where tokens were asked for."""
    found = tag(WORD, strategy, LABELS, join)
    assert [one.label for one in found] == ["B-PER", "O", "B-LOC", "B-LOC"]
    assert [one.word for one in found] == ["abc", "##abc", "##abc", "##abc"]


tokens_of_texts = st.lists(
    st.tuples(st.booleans(), st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4))
).map(lambda drawn: [token(n, sub, *scores) for n, (sub, scores) in enumerate(drawn)])


@given(tokens_of_texts)
def test_words_cover_all_tokens_in_order(tokens):
    """Catches a last word that is lost, and a subword that begins one of its own."""
    words = whole_words(tokens)
    assert [each for word in words for each in word] == tokens
    assert all(all(each.is_subword for each in word[1:]) for word in words)
    assert all(not word[0].is_subword for word in words[1:])


@given(tokens_of_texts, st.sampled_from(STRATEGIES))
def test_what_is_tagged_covers_the_text_once(tokens, strategy):
    """Catches spans that overlap or go backwards, and a score that is no token's or mean's."""
    tagged = tag(tokens, strategy, LABELS, join)
    spans = [(one.start, one.end) for one in tagged]
    assert spans == sorted(spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert {start for start, _ in spans} <= {each.start for each in tokens}
    assert (spans[-1][1] if spans else 0) == (tokens[-1].end if tokens else 0)
    whole = strategy in ("first", "average", "max")
    assert len(tagged) == len(whole_words(tokens) if whole else tokens)
    highest = max((float(each.scores_C.max()) for each in tokens), default=0)
    assert all(0 <= one.score <= highest * (1 + 1e-6) for one in tagged)
