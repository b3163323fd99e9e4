"""Texts with a word in the place of a mask, equal to decoding each by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npdistil import Tokenizer
from npdistil.tasks.filling.sequences import RowTexts, token_text
from tests.text.tiny import SPECIAL, VOCAB

TOKENIZER = Tokenizer.from_vocab([*VOCAB, "'", "s", "don", "not", "do"], backend="python")
IDS = st.integers(0, TOKENIZER.vocab_size - 1)


@given(st.lists(IDS, min_size=1, max_size=9), st.data(), st.booleans())
def test_each_is_what_decoding_it_gives(ids, data, skip):
    """Catches a space too much, a first piece with "##" taken off, and padding that is shown."""
    place = data.draw(st.integers(0, len(ids) - 1))
    words = data.draw(st.lists(IDS, min_size=1, max_size=4))
    wanted = []
    for word in words:
        row = [*ids[:place], word, *ids[place + 1 :]]
        shown = [token for token in row if token != TOKENIZER.pad_token_id]
        wanted.append(TOKENIZER.decode(shown, skip))
    assert RowTexts(TOKENIZER, skip).sequences(np.array(ids), place, words) == wanted


@pytest.mark.parametrize("text", ["a [MASK] b", "[MASK] b", "a [MASK]", "[MASK]"])
def test_a_row_of_the_model_that_no_token_has_is_not_shown(text):
    """Catches an error in the middle of an answer: some tables are longer than the vocabulary."""
    ids_L = np.asarray(TOKENIZER(text)["input_ids"])[0]
    place = ids_L.tolist().index(TOKENIZER.mask_token_id)
    (found,) = RowTexts(TOKENIZER, True).sequences(ids_L, place, [TOKENIZER.vocab_size + 3])
    assert found == text.replace("[MASK]", "").replace("  ", " ").strip()
    assert token_text(TOKENIZER, TOKENIZER.vocab_size + 3) == ""
    assert token_text(TOKENIZER, len(SPECIAL)) == VOCAB[len(SPECIAL)]
