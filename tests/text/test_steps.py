"""Each step of the tokenizer by itself, on the characters that decide."""

import pytest

from npdistil.text.accents import strip_accents
from npdistil.text.aligned import AlignedText
from npdistil.text.cjk import space_cjk
from npdistil.text.clean import clean
from npdistil.text.lower import lower
from npdistil.text.normalize import Normalizer
from npdistil.text.special import AddedToken, TokenCutter
from npdistil.text.split import split_words
from npdistil.text.wordpiece import MAX_REMEMBERED_WORDS, WordPiece

of = AlignedText.of


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in split_words(text)]


@pytest.mark.parametrize(
    "gone", "\0\x01\x0b\x0c\x1c\x7f\x85\xad\u180e\u200b\u200d\ufeff\ufffd\ue000"
)
def test_clean_deletes_without_a_break(gone: str) -> None:
    """Catches controls that become spaces, and a class taken from a newer Unicode (U+180E)."""
    assert clean(of(f"a{gone}b")) == AlignedText("ab", [0, 2])


@pytest.mark.parametrize("kept", "\u0378\uffff\u08e2\U000110cd\u0300\U0010fffe"[:-1])
def test_clean_keeps_what_unicode_8_did_not_know(kept: str) -> None:
    """Catches the use of Python's categories: unassigned and newer format characters stay."""
    assert clean(of(f"a{kept}b")).text == f"a{kept}b"


@pytest.mark.parametrize("space", "\t\n\r\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000")
def test_clean_makes_plain_spaces(space: str) -> None:
    """Catches white space that is deleted as a control character."""
    aligned = clean(of(f"a{space}b"))
    assert (aligned.text, list(aligned.origin)) == ("a b", [0, 1, 2])


@pytest.mark.parametrize(
    "char, is_cjk",
    [
        *((char, True) for char in "\u4e00\u9fff\u3400\U0002b920\uf900\U0002f800"),
        *((char, False) for char in "\u3042\uac00\U0002b820\U0002b91f\U0002ceb0"),
    ],
)
def test_cjk_is_the_library_s_range(char: str, is_cjk: bool) -> None:
    """Catches kana or Hangul taken for ideographs, and a repaired extension E."""
    aligned = space_cjk(of(f"a{char}b"))
    assert aligned.text == (f"a {char} b" if is_cjk else f"a{char}b")
    assert list(aligned.origin) == ([0, 1, 1, 1, 2] if is_cjk else [0, 1, 2])


def test_accents_are_decomposed_and_deleted() -> None:
    """Catches offsets that forget deleted marks, and Hangul left whole."""
    assert strip_accents(of("éa\u0301b")) == AlignedText("eab", [0, 1, 3])
    hangul = strip_accents(of("x\ud55c\uac00"))
    assert hangul.text == "x\u1112\u1161\u11ab\u1100\u1161"
    assert hangul.origin == [0, 1, 1, 1, 2, 2]


def test_newer_marks_survive_in_canonical_order() -> None:
    """Catches the deletion of marks that Unicode 8 did not know, and a missing reordering."""
    above, below = "\u08d4", "\u08e3"  # 230, kept; 220, deleted
    assert strip_accents(of(f"a{above}{below}")).text == f"a{above}"
    nukta, virama = "\U00011446", "\U00011442"  # classes 7 and 9, both newer than Unicode 8
    assert strip_accents(of(f"a{virama}{nukta}")).text == f"a{nukta}{virama}"
    assert strip_accents(of("a\u08e1\u08d4")).text == "a\u08e1\u08d4"  # one class: order stays
    assert strip_accents(of(f"a{virama}b{nukta}")).text == f"a{virama}b{nukta}"


def test_untouched_text_is_not_copied() -> None:
    """Catches a needless list of places, which costs 50 times the text itself."""
    plain = of("plain text, \u0431\u0435\u0437 \u4e2d")
    assert strip_accents(plain) is plain
    assert isinstance(clean(plain).origin, range)


def test_lower_has_no_context_and_may_grow() -> None:
    """Catches str.lower (final sigma) and lost places when one letter becomes two."""
    assert lower(of("\u039f\u03a3")).text == "\u03bf\u03c3"
    assert lower(of("A\u0130B")) == AlignedText("ai\u0307b", [0, 1, 1, 2])
    assert lower(of("\u1e9e\u212a\u01c5")).text == "\xdfk\u01c6"


def test_strip_comes_before_lower() -> None:
    """Catches the wrong order, which leaves the dot of the Turkish capital I behind."""
    both = Normalizer(
        clean_text=True, tokenize_chinese_chars=True, strip_accents=None, do_lower_case=True
    )
    assert both(of("\u0130")).text == "i"
    lower_only = Normalizer(
        clean_text=True, tokenize_chinese_chars=True, strip_accents=False, do_lower_case=True
    )
    assert lower_only(of("\u0130\xc9")).text == "i\u0307\xe9"
    cased = Normalizer(
        clean_text=True, tokenize_chinese_chars=True, strip_accents=None, do_lower_case=False
    )
    assert cased(of("\xc9")).text == "\xc9"


def test_clean_text_can_be_off() -> None:
    """Catches a switch that is read and then forgotten."""
    raw = Normalizer(
        clean_text=False, tokenize_chinese_chars=False, strip_accents=False, do_lower_case=False
    )
    assert raw(of("a\0\t中")).text == "a\0\t中"


def test_every_ascii_symbol_is_a_word() -> None:
    """Catches \\p{P}, which leaves out $ + < = > ^ ` | ~."""
    symbols = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
    assert words("a" + "b".join(symbols) + "c") == list("a" + "b".join(symbols) + "c")


def test_other_signs_are_letters_to_the_splitter() -> None:
    """Catches punctuation from a newer Unicode, and currency taken for punctuation."""
    for sign in "\xa3\u20ac\xd7\u2e43\u2e52\u061d":
        assert words(f"a{sign}b") == [f"a{sign}b"], hex(ord(sign))
    for mark in "\xa1\u2014\u3001\u166d\U000111c9":
        assert words(f"a{mark}b") == ["a", mark, "b"], hex(ord(mark))


def test_white_space_separates_and_is_dropped() -> None:
    """Catches empty words, and white space that only clean_text would have unified."""
    assert words("  a\x85b\u2028 c\x0b") == ["a", "b", "c"]
    assert list(split_words("ab cd ef", 1, 7)) == [(1, 2), (3, 5), (6, 7)]


def test_greedy_longest_match_and_unk() -> None:
    """Catches shortest match, backtracking, and an [UNK] in place of the failing piece only."""
    ids = {"[UNK]": 0, "un": 1, "##aff": 2, "##able": 3, "u": 4, "##n": 5, "unaf": 6}
    match = WordPiece(ids, 0)
    assert match("unable") == ((1, 3), (2, 6))
    assert match("unaff") == ((0,), (5,))  # greedy takes "unaf", then "##f" is missing
    assert match("un") == ((1,), (2,))
    assert match("unx") == ((0,), (3,))


def test_words_beyond_the_limit_are_unknown() -> None:
    """Catches a limit of 200, or one that is off by one, or counted in bytes."""
    match = WordPiece({"[UNK]": 0, "\xe9": 1, "##\xe9": 2}, 0)
    assert match("\xe9" * 100) == ((1,) + (2,) * 99, tuple(range(1, 101)))
    assert match("\xe9" * 101) == ((0,), (101,))


def test_the_memory_of_words_is_bounded() -> None:
    """Catches a leak: a server would keep every word it ever saw."""
    match = WordPiece({"[UNK]": 0, "a": 1}, 0)
    for number in range(MAX_REMEMBERED_WORDS + 10):
        match(str(number))
    match("a" * 1000)
    assert 0 < len(match._remembered) <= MAX_REMEMBERED_WORDS
    assert "a" * 1000 not in match._remembered
    assert match("a") == ((1,), (1,))


def cutter(ids: dict[str, int], **rules: bool) -> TokenCutter:
    return TokenCutter(
        {name: AddedToken(content=name, id=token_id, **rules) for name, token_id in ids.items()}
    )


def test_cutter_takes_the_leftmost_then_the_longest() -> None:
    """Catches the first listed token winning, and a token cut short at the end of the text."""
    four = cutter({"[A]": 1, "[A][B]": 2, "[B]": 3, "B][": 4})
    assert list(four.cut("x[A][B][A]")) == [(0, 1, None), (1, 7, 2), (7, 10, 1)]
    assert list(four.cut("[A]")) == [(0, 3, 1)]
    assert list(four.cut("[B][B]")) == [(0, 3, 3), (3, 6, 3)]
    assert list(four.cut("[a] [")) == [(0, 5, None)]
    assert list(four.cut("")) == []
    assert list(cutter({}).cut("[A]")) == [(0, 3, None)]
    assert list(four.cut("[A][B][A]", special_as_text=True)) == [(0, 9, None)]


def test_rules_of_added_tokens() -> None:
    """Catches white space taken from the wrong side, and a word character on one side only."""
    assert list(cutter({"X": 1}, lstrip=True).cut("a \u3000X b")) == [
        (0, 1, None), (1, 4, 1), (4, 6, None),
    ]  # fmt: skip
    assert list(cutter({"X": 1}, rstrip=True).cut("aX\x85\n")) == [(0, 1, None), (1, 4, 1)]
    assert list(cutter({"X": 1}, lstrip=True, rstrip=True).cut(" X X ")) == [(0, 3, 1), (3, 5, 1)]
    single = cutter({"X": 1}, single_word=True)
    for text in ("aX", "X_", "\u0301X", "X\u200d", "\u4e2dX", "X7"):
        assert list(single.cut(text)) == [(0, len(text), None)], ascii(text)
    assert list(single.cut("-X\U0001f600")) == [(0, 1, None), (1, 2, 1), (2, 3, None)]
