"""The way of a text that is shown is the way that the tokenizer takes."""

from itertools import pairwise

import pytest

from npdistil import Tokenizer
from npdistil.text.steps import text_steps, word_pieces
from tests.text.tiny import VOCAB

TEXTS = [
    "Unable\tthe É!",
    "a中b [MASK]",
    "[mask] \x00un\x00able\u00adb",
    "  c,  zzz [SEP]b ",
    "É́ İ Σ한",
    "",
    " \x00 ",
]
TOKENIZERS = {
    "uncased": {},
    "cased": {"do_lower_case": False},
    "accents kept": {"strip_accents": False},
    "no ideographs": {"tokenize_chinese_chars": False},
    "specials are text": {"special_tokens_in_text": "text"},
}


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request) -> Tokenizer:
    return Tokenizer.from_vocab(VOCAB, backend="python", **TOKENIZERS[request.param])


@pytest.mark.parametrize("text", TEXTS)
def test_pieces_are_those_of_the_tokenizer(text, tokenizer):
    """Catches a word that is left out or put twice, pieces of another, and other offsets."""
    words = word_pieces(tokenizer, text)
    assert [piece for word in words for piece in word.pieces] == tokenizer.tokenize(text)
    batch = tokenizer(text, truncation=False, return_offsets_mapping=True)
    assert [token for word in words for token in word.ids] == batch.input_ids[0, 1:-1].tolist()
    spans = batch.offset_mapping[0, 1:-1].tolist()
    for word in words:
        own = [spans.pop(0) for _ in word.ids]
        assert (word.start, word.end) == (own[0][0], own[-1][1])


@pytest.mark.parametrize("text", TEXTS)
def test_the_last_text_has_the_same_words(text, tokenizer):
    """Catches a step in another order or left out: each prints what comes of the one before."""
    steps = text_steps(tokenizer, text)
    assert [step.name for step in steps] == ["given", "cleaned", "ideographs", "accents", "lower"]
    assert steps[0].text == text
    for before, step in pairwise(steps):
        assert step.used or step.text == before.text
    again = word_pieces(tokenizer, steps[-1].text)
    words = word_pieces(tokenizer, text)
    assert [word.text for word in again] == [word.text for word in words]
    assert [word.pieces for word in again] == [word.pieces for word in words]
    assert [steps[-1].text[word.start : word.end] for word in again] == [w.text for w in again]


def test_what_each_step_does():
    """Catches names on the wrong steps, and a token of the model that is lower-cased."""
    tokenizer = Tokenizer.from_vocab(VOCAB, backend="python")
    texts = [step.text for step in text_steps(tokenizer, "É\t中[MASK]A")]
    assert texts == [
        "É\t中[MASK]A",
        "É 中[MASK]A",
        "É  中 [MASK]A",
        "E  中 [MASK]A",
        "e  中 [MASK]a",
    ]
    cased = Tokenizer.from_vocab(VOCAB, do_lower_case=False, backend="python")
    used = {step.name: step.used for step in text_steps(cased, "É")}
    assert used == {
        "given": True, "cleaned": True, "ideographs": True, "accents": False, "lower": False,
    }  # fmt: skip
    assert [word.text for word in word_pieces(tokenizer, "ÉZ [MASK] [UNK]")] == [
        "ez", "[MASK]", "[UNK]",
    ]  # fmt: skip
