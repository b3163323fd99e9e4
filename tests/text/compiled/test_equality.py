"""The compiled tokenizer gives the readable one's answers: ids, words, offsets."""

import json
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npdistil.text.compiled.encoder import MAX_CHARS
from npdistil.text.special import AddedToken
from tests.text.compiled.both import ALL_SWITCHES, SPECIAL, Both, settings_of

GOLDEN = Path(__file__).parents[2] / "golden" / "tokenization.json"
# Marks that survive and change places, marks that are deleted, and parts that are torn apart.
MARKS = "\u08d4\u08e3\u1bf2\u1dfb\u302e\u302f\ua953\u0344\u0f71\u0f73\u0f75\u0f81\u0345\u3099"
MARKS += "\U0001d165\U0001d16d\U0001d15e\U00011442\U00011446\U0001e000\U0001e944\u0301\u0323"
LETTERS = "abcxyzABCXYZ019\xe9\xc4\u1e09\u1f82\u0130\u1e9e\u01c5\u03a3\u03c2\u0439\u05d0\u0628"
LETTERS += "\ud55c\uae00\uac00\u1112\u1161\u11ab\u4e2d\uf900\ufa0e\u3042\u30ac\U0001f600\u0378"
REST = " .,'#[]()-_$\t\n\0\x85\xa0\xad\u200b\u200d\u2028\u2260\u3000\ufeff\ufffd\ue000\U0010ffff"
PIECES = [*MARKS, *LETTERS, *REST, "[MASK]", "[SEP]", "[MAS", "##", "abc"]
TOKENS = [
    *SPECIAL,
    *dict.fromkeys(
        token
        for char in [*MARKS, *LETTERS, *REST, *"e=\u0f72\u0f80\u1165\u8c48\u0307"]
        for part in (char, char.lower())
        for token in (part, "##" + part)
        if token not in SPECIAL
    ),
    *("abc", "##abc", "ab", "##bca", "##xyzab", "e\u08d4", "##\u08e3\u1dfb", "##\u302e\U0001d165"),
]


@cache
def both(index: int) -> Both:
    return Both(TOKENS, settings_of(ALL_SWITCHES[index]))


@cache
def golden_texts() -> list[str]:
    cases = json.loads(GOLDEN.read_text(encoding="ascii"))["cases"]
    texts = [text for case in cases for text in (case["text"], case["pair"]) if text is not None]
    return [
        placed
        for text in dict.fromkeys(texts)
        for placed in (text, f"a{text}b", f"{text} ab", f"ab {text}", f"{text}[SEP]{text}")
    ]


@pytest.mark.parametrize("index", range(12))
def test_odd_texts(index: int) -> None:
    """Catches a step left out or in another order, in every place of a text."""
    texts = golden_texts()
    assert len(texts) > 1500
    both(index).check(texts)
    both(index).check(texts, offsets=False)
    both(index).check(texts, special_as_text=True)
    for enough in (0, 1, 2, 7):
        both(index).check(texts, enough=enough)
        both(index).check(texts, enough=enough, offsets=False)


@given(st.lists(st.lists(st.sampled_from(PIECES)).map("".join), max_size=4), st.integers(0, 11))
def test_strings_of_what_meets_badly(texts: list[str], index: int) -> None:
    """Catches marks in a wrong order, runs that end too early or late, tokens inside words."""
    both(index).check(texts)
    both(index).check(texts, offsets=False)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 11), st.integers(0, 9))
def test_any_string(text: str, index: int, enough: int) -> None:
    """Catches the shortest string that differs, whole and cut, if any does."""
    both(index).check([text])
    both(index).check([text], enough=enough)


def test_the_order_of_marks_shows_in_the_ids() -> None:
    """Catches tests that compare nothing but [UNK]: here each order has ids of its own."""
    compiled = both(0).compiled
    request = {"enough": None, "offsets": False, "special_as_text": False}
    low, high = "\u08e3\u1dfb", "a\u302e\U0001d165"
    for text, count in ((low, 1), (high, 2), ("ab\u08d4\u302e", 3)):
        ids_T = compiled([text], **request).ids_T
        assert TOKENS.index("[UNK]") not in ids_T and len(ids_T) >= count
    one, other = (compiled([f"a{x}"], **request).ids_T for x in ("\u08d4\u302e", "\u302e\u08d4"))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("longest", [1, 2, 5, 100, 1024, 1025])
def test_words_around_the_longest(longest: int) -> None:
    """Catches a word measured in bytes or before normalisation, and a full buffer overrun."""
    pair = Both(TOKENS, settings_of((True, None, True), max_input_chars_per_word=longest))
    lengths = {longest - 1, longest, longest + 1, 2 * longest}
    parts = ("a", "abc", "\xe9", "\u0130", "\ud55c", "a\u0301", "\u08d4", "\u302e\u08d4")
    around = [*product(("", "ab ", "\u08d4"), ("", ".", "\u0301", "\u08e3", " ab", "[SEP]"))]
    if longest > 1000:
        # The readable one takes long for these. Beyond the room for a word it is asked itself.
        around = around[::5] if longest <= MAX_CHARS else around[:1]
    texts = [
        f"{before}{part * (length // len(part))}{behind}"
        for length, part, (before, behind) in product(lengths, parts, around)
    ]
    pair.check(texts)
    pair.check(texts, offsets=False)


NESTED = ("a", "ab", "aba", "\xe9", "e\u0301")
ODD_ADDED = [
    [AddedToken(content=token, id=3, special=False) for token in NESTED],
    [AddedToken(content="[SEP][SEP]", id=3), AddedToken(content="[SEP]", id=4)],
    [AddedToken(content="\u08d4b", id=3), AddedToken(content=" ", id=4, special=False)],
    [AddedToken(content="B a", id=3, normalized=True, special=False)],
    [AddedToken(content="ab", id=3, single_word=True), AddedToken(content="c", id=4, lstrip=True)],
    [],
]


@pytest.mark.parametrize("added", ODD_ADDED)
def test_other_added_tokens(added: list[AddedToken]) -> None:
    """Catches a search that takes the shorter token, starts inside one, or misses a rule."""
    pair = Both(TOKENS, added=added)
    texts = ["ababa", "abab\u0301a", "[SEP][SEP][SEP]", "a\u08d4b\u08d4", "b a B A", "xab ab c"]
    texts.append("e\u0301")
    texts += [f"{one}{other}" for one in texts for other in texts]
    for enough in (None, 1, 3):
        pair.check(texts, enough=enough)
        pair.check(texts, enough=enough, special_as_text=True)


@pytest.mark.parametrize("prefix", ["##", "", "@", "ab", "\u4e2d\u4e2d\u4e2d"])
def test_other_prefixes(prefix: str) -> None:
    """Catches a root for inner pieces that is not where the prefix leads."""
    tokens = [token.replace("##", prefix, 1) for token in TOKENS]
    settings = settings_of(ALL_SWITCHES[0], continuing_subword_prefix=prefix)
    pair = Both([*dict.fromkeys(tokens)], settings)
    pair.check(["abc", "abcab", "ababab", "x\u4e2da", "@a a@", "cab\u4e2d"])


@pytest.mark.parametrize("switches", [(True, None, True), (False, True, False)])
def test_without_cleaning(switches: tuple[bool, bool | None, bool]) -> None:
    """Catches controls that vanish although clean_text is off."""
    Both(TOKENS, settings_of(switches, clean_text=False)).check(golden_texts())
