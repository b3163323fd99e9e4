"""Tokens to labels: of each token, or of each word as a whole."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from ...dims import Floats
from .tokens import TokenScores

Strategy = Literal["none", "simple", "first", "average", "max"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
Join = Callable[[list[str]], str]  # pieces to text


class Tagged(NamedTuple):
    """A token or a word, with the label that it got."""

    label: str
    score: float
    place: int  # of its first token in its row, [CLS] counted
    word: str
    start: int  # characters of the text, half open
    end: int


def tag(
    tokens: list[TokenScores], strategy: Strategy, labels: Sequence[str], join: Join
) -> list[Tagged]:
    """The best label of each token ("none", "simple"), or of each word (the others).

    Args:
        tokens: of one row, in order.
        strategy: which scores decide for a word: those of its "first" token, the "average" of its
            tokens, or those of the token that is surest ("max").
        labels: by the number of the score.
        join: makes the text of a word of its pieces.
    """
    if strategy in ("none", "simple"):
        return _each_tagged(tokens, labels)
    return [
        _tagged(word, _deciding(word, strategy), labels, join([token.word for token in word]))
        for word in whole_words(tokens)
    ]


def whole_words(tokens: list[TokenScores]) -> list[list[TokenScores]]:
    """Each word's tokens together: a word goes on while subwords follow."""
    words: list[list[TokenScores]] = []
    for token in tokens:
        if words and token.is_subword:
            words[-1].append(token)
        else:
            words.append([token])
    return words


def _deciding(word: list[TokenScores], strategy: Strategy) -> Floats:
    if strategy == "first" or len(word) == 1:
        return word[0].scores_C
    if strategy == "max":
        return max(word, key=lambda token: float(token.scores_C.max())).scores_C
    average_C: Floats = np.mean([token.scores_C for token in word], axis=0)
    return average_C


def _each_tagged(tokens: list[TokenScores], labels: Sequence[str]) -> list[Tagged]:
    """As `_tagged` of each by itself, with all scores looked at in one call."""
    if not tokens:
        return []
    scores_TC = np.array([token.scores_C for token in tokens])
    best, most = scores_TC.argmax(axis=1).tolist(), scores_TC.max(axis=1).tolist()
    return [
        Tagged(labels[number], score, token.place, token.word, token.start, token.end)
        for token, number, score in zip(tokens, best, most, strict=True)
    ]


def _tagged(
    tokens: list[TokenScores], scores_C: Floats, labels: Sequence[str], word: str
) -> Tagged:
    best, first = int(scores_C.argmax()), tokens[0]
    return Tagged(
        labels[best], float(scores_C[best]), first.place, word, first.start, tokens[-1].end
    )
