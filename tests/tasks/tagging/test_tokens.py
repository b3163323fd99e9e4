"""From a row of scores to the tokens of a text."""

import numpy as np
import pytest

from npdistil.tasks.tagging.tokens import TokenRow, gather

TEXT = "Unable É ☃☃ ok"
PIECES = ["[CLS]", "un", "##able", "e", "[UNK]", "ok", "[SEP]"]
SPANS = [(0, 0), (0, 2), (2, 6), (7, 8), (9, 11), (12, 14), (0, 0)]
SCORES_LC = np.arange(21, dtype=np.float32).reshape(7, 3)


def row(pieces: list[str] = PIECES) -> TokenRow:
    """What a tokenizer says of TEXT."""
    special = np.array([piece in ("[CLS]", "[SEP]") for piece in pieces])
    return TokenRow(pieces, np.array(SPANS, np.int32), special, np.array(pieces) == "[UNK]")


def test_special_tokens_are_left_out_and_keep_their_numbers():
    """Catches an index that does not count [CLS], and scores of a neighbour."""
    tokens = gather(TEXT, row(), SCORES_LC, marks_subwords=True)
    assert [token.place for token in tokens] == [1, 2, 3, 4, 5]
    assert [token.scores_C.tolist() for token in tokens] == SCORES_LC[1:6].tolist()
    assert [(token.start, token.end) for token in tokens] == SPANS[1:6]


def test_an_unknown_word_is_shown_as_it_was_written():
    """Catches [UNK] in a result, and an unknown word that is glued to the one before."""
    unknown = gather(TEXT, row(), SCORES_LC, marks_subwords=True)[3]
    assert (unknown.word, unknown.is_subword) == ("☃☃", False)


@pytest.mark.parametrize(
    "marked, wanted",
    [(True, [False, True, False, False, False]), (False, [False, True] + 3 * [False])],
)
def test_subwords(marked, wanted):
    """Catches a first piece that is taken for a later one, with prefixes and without."""
    pieces = PIECES if marked else [piece.removeprefix("##") for piece in PIECES]
    tokens = gather(TEXT, row(pieces), SCORES_LC, marks_subwords=marked)
    assert [token.is_subword for token in tokens] == wanted


def test_a_piece_whose_text_has_another_length_goes_on_with_a_word():
    """As in Transformers: "e" with an accent of its own is two characters, and one in the piece."""
    pieces, spans = ["a", "e"], np.array([(0, 1), (2, 4)], np.int32)
    both = TokenRow(pieces, spans, np.zeros(2, bool), np.zeros(2, bool))
    assert gather("a e\u0301", both, SCORES_LC[:2], marks_subwords=True)[1].is_subword
