"""One row of a model's scores to the tokens of a text: what each is, where it stands."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...dims import Floats


class TokenScores(NamedTuple):
    """A token of the text, with a score for each label."""

    word: str  # the piece of the vocabulary, or the text itself where there is none for it
    start: int  # characters of the text, half open
    end: int
    place: int  # of the token in its row, [CLS] counted
    is_subword: bool  # whether it goes on with the word before
    scores_C: Floats


class TokenRow(NamedTuple):
    """What the tokenizer says about one row."""

    pieces: list[str]
    spans_L2: NDArray[np.int32]  # characters of the text
    is_special_L: NDArray[np.bool_]  # [CLS] and [SEP]
    is_unknown_L: NDArray[np.bool_]


def gather(
    text: str,
    row: TokenRow,
    scores_LC: Floats,
    marks_subwords: bool,
    ignored_C: NDArray[np.bool_] | None = None,
) -> list[TokenScores]:
    """The tokens of a row, special ones left out.

    A piece that is not as long as its text goes on with a word: "##" makes it longer. So does,
    rarely, a first piece whose text changed its length when accents were taken off.

    Args:
        text: that the row is of.
        row: what the tokenizer made of it.
        scores_LC: of each token, for each label.
        marks_subwords: whether pieces within a word carry a prefix. Where they do not, only a space
            begins a word.
        ignored_C: labels of which nothing is to be seen. Of neighbours whose best labels are such
            the first alone comes, which keeps apart what stands before and behind. None: all come.

    Source of the rule: Transformers' TokenClassificationPipeline, gather_pre_entities.
    """
    tokens = []
    spans, unknown = row.spans_L2.tolist(), row.is_unknown_L.tolist()
    place_N = np.flatnonzero(~row.is_special_L)
    if ignored_C is not None:
        ignored_N = ignored_C[scores_LC[place_N].argmax(axis=1)]
        ignored_N[1:] &= ignored_N[:-1].copy()
        ignored_N[:1] = False
        place_N = place_N[~ignored_N]
    for place in place_N.tolist():
        word, (start, end) = row.pieces[place], spans[place]
        if unknown[place]:
            word, is_subword = text[start:end], False
        elif marks_subwords:
            is_subword = len(word) != end - start
        else:
            is_subword = start > 0 and " " not in text[start - 1 : start + 1]
        tokens.append(TokenScores(word, start, end, place, is_subword, scores_LC[place]))
    return tokens
