"""Words that may stand behind a mask, as ids."""

import re

import pytest

from npdistil import InputError, Tokenizer
from npdistil.tasks.filling.targets import target_ids
from tests.text.tiny import IDS, VOCAB

TOKENIZER = Tokenizer.from_vocab(VOCAB, backend="python")


@pytest.mark.parametrize(
    "targets, words",
    [
        ("the", ["the"]),
        (["the", "c", "the"], ["the", "c"]),  # each once
        (("##able", "[UNK]"), ["##able", "[UNK]"]),  # as they stand in the vocabulary
    ],
)
def test_words_of_the_vocabulary(targets, words):
    """Catches a word that is cut into pieces although it is there, and one that is asked twice."""
    assert target_ids(TOKENIZER, targets).tolist() == [IDS[word] for word in words]


@pytest.mark.parametrize(
    "target, piece", [("unable", "un"), ("The", "the"), ("xyz", "[UNK]"), ("the c", "the")]
)
def test_other_words_stand_for_their_first_piece(target, piece):
    """With a warning that says so, as in Transformers."""
    with pytest.warns(UserWarning, match=f"{target}.*first piece {re.escape(repr(piece))}"):
        assert target_ids(TOKENIZER, ["c", target]).tolist() == [IDS["c"], IDS[piece]]


def test_what_has_no_pieces_is_left_out():
    """Catches an empty target that becomes any word."""
    with pytest.warns(UserWarning, match="left out"):
        assert target_ids(TOKENIZER, ["c", " "]).tolist() == [IDS["c"]]
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(InputError, match="none of them is left"),
    ):
        target_ids(TOKENIZER, "")


@pytest.mark.parametrize("targets", [[], 3, [3], {"a": 1}])
def test_what_are_no_words_is_refused(targets):
    """Catches a number that is taken for an id, which no caller means."""
    with pytest.raises(InputError, match="targets"):
        target_ids(TOKENIZER, targets)
