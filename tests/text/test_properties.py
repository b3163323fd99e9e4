"""What must hold for any text, whatever the vocabulary says."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from npdistil.text.tokenizer import Tokenizer
from tests.text.tiny import VOCAB

LETTERS = [chr(code) for code in range(0x61, 0x7B)]
TOKENIZERS = [
    Tokenizer.from_vocab(
        [*VOCAB, *(f"##{letter}" for letter in LETTERS if f"##{letter}" not in VOCAB)],
        do_lower_case=lower,
        strip_accents=strip,
        tokenize_chinese_chars=chinese,
        backend=backend,
    )
    for backend in ("numba", "python")
    for lower, strip, chinese in ((True, None, True), (False, True, False), (True, False, True))
]

odd = "ab Unaffable!,\u00e9e\u0301\u4e2d\ud55c\u0130[SEP]\0\t\u0f73\u0323\U0001d165"
text = st.text(st.one_of(st.sampled_from(odd), st.characters(exclude_categories=["Cs"])))
texts = st.lists(text, min_size=1, max_size=5)
tokenizer = st.sampled_from(TOKENIZERS)
limit = st.integers(3, 12)


@given(tokenizer, texts, limit)
def test_neighbours_change_nothing(tokenizer: Tokenizer, texts: list[str], limit: int) -> None:
    """Catches state that leaks from one text into the next, or from padding into ids."""
    batch = tokenizer(texts, max_length=limit)
    for row, text in enumerate(texts):
        alone = tokenizer(text, max_length=limit)["input_ids"][0]
        length = int(batch["attention_mask"][row].sum())
        np.testing.assert_array_equal(batch["input_ids"][row, :length], alone)
        assert np.all(batch["input_ids"][row, length:] == tokenizer.pad_token_id)
        assert np.all(batch["attention_mask"][row, :length] == 1)


@given(tokenizer, texts, texts, limit)
def test_a_limit_is_a_limit(
    tokenizer: Tokenizer, firsts: list[str], seconds: list[str], limit: int
) -> None:
    """Catches one token too many; and a cut where none was needed."""
    count = min(len(firsts), len(seconds))
    arguments = (firsts[:count], seconds[:count])
    cut = tokenizer(*arguments, padding=False, max_length=limit)["input_ids"]
    whole = tokenizer(*arguments, padding=False, truncation=False)["input_ids"]
    for short, long in zip(cut, whole, strict=True):
        assert len(short) == min(limit, len(long))
        if len(long) <= limit:
            np.testing.assert_array_equal(short, long)


@given(tokenizer, text, limit)
def test_an_early_stop_is_a_prefix(tokenizer: Tokenizer, text: str, limit: int) -> None:
    """Catches reading too little of a text that will be cut."""
    short = tokenizer(text, max_length=limit, return_offsets_mapping=True)
    long = tokenizer(text, return_offsets_mapping=True)
    kept = short["input_ids"].shape[1] - 1
    for name in ("input_ids", "offset_mapping"):
        np.testing.assert_array_equal(short[name][:, :kept], long[name][:, :kept])


@settings(max_examples=300)
@given(tokenizer, text)
def test_offsets_are_monotone_and_in_range(tokenizer: Tokenizer, text: str) -> None:
    """Catches places that run backwards after reordering, or beyond the text."""
    spans = tokenizer(text, return_offsets_mapping=True)["offset_mapping"][0][1:-1]
    assert np.all(spans[:, 0] < spans[:, 1])
    assert np.all((spans >= 0) & (spans <= len(text)))
    assert np.all(np.diff(spans[:, 0]) >= 0) and np.all(np.diff(spans[:, 1]) >= 0)


words = st.lists(st.sampled_from(["a", "b", "un", "unaff", "unable", "the", "the", "cab"]))


@given(words)
def test_decoding_gives_back_known_words(words: list[str]) -> None:
    """Catches pieces glued to the wrong side, or a lost space."""
    tokenizer = TOKENIZERS[0]
    sentence = " ".join(words)
    ids = tokenizer(sentence)["input_ids"][0]
    assert tokenizer.decode(ids, skip_special_tokens=True) == sentence
    assert tokenizer.convert_tokens_to_ids(tokenizer.convert_ids_to_tokens(ids)) == ids.tolist()
