"""Words that are found by their bytes: the same as through the trie, and only where they may be."""

import random
import string
from itertools import product

import numpy as np
import pytest

from npdistil.kernels.text.entries import place_words
from npdistil.kernels.text.forms import MOST_BYTES
from npdistil.kernels.text.known_words import SPREAD
from npdistil.text.compiled.characters import CharacterSettings, character_map
from npdistil.text.compiled.known_words import PLAIN, known_words
from npdistil.text.special import AddedToken
from tests.text.compiled.both import SPECIAL, Both, settings_of

LENGTHS = range(1, 20)
WORDS = [(string.ascii_lowercase + string.digits)[-length - 3 : -3] for length in LENGTHS]
PIECES = ["a", "b", "##a", "##b", "##" + WORDS[4]]


def plain_characters(lower: bool):
    return character_map(
        CharacterSettings(
            clean_text=True, tokenize_chinese_chars=True, strip_accents=lower, do_lower_case=lower
        )
    )


def known(both: Both) -> int:
    return np.count_nonzero(both.compiled._tables.known.slot_S[::2])


@pytest.mark.parametrize("lower", [True, False])
def test_words_of_all_lengths_and_what_may_touch_them(lower):
    """Catches a word whose end is missed, or a wrong byte in its first, second or no number."""
    pair = Both([*SPECIAL, *WORDS, *PIECES], settings_of((lower, None, True)))
    assert known(pair) == 2 + sum(len(word) <= MOST_BYTES for word in WORDS)
    touching = ["", " ", ".", "a", "Z", "0", "\u00e9", "\u0301", "\0", "\u200d", "\u4e2d", "@", "`"]
    touching += ["[", "{", "/", ":", "\x7f", "\x80", "[SEP]", "\ud55c"]
    texts = [
        before + word + after for word in WORDS for before, after in product(touching, repeat=2)
    ]
    pair.check([*texts, *map(str.upper, texts), *map(str.title, texts)])


def test_every_byte_beside_a_word():
    """Catches a range of letters or digits that is one too wide or too narrow."""
    alphabet = [chr(code) for code in range(1, 0x80)]
    for lower in (True, False):
        tokens = [*SPECIAL, *(char for char in alphabet if not char.isspace()), "ab", "##a", "##b"]
        pair = Both([*dict.fromkeys(tokens)], settings_of((lower, None, True)))
        pair.check([f"ab{char}ab {char}ab ab{char} {char}" for char in alphabet])


def test_what_follows_a_text_is_not_its_own():
    """Catches a word that goes on into the next text of the batch."""
    pair = Both([*SPECIAL, *WORDS, *PIECES])
    for word in WORDS:
        for cut in range(len(word) + 1):
            pair.check([word[:cut], word[cut:], word])
            pair.check([word[:cut] + " \u00e9", word[cut:], "\u00e9 " + word[:cut], word])


@pytest.mark.parametrize("content", ["a", "zz", "0x", "Q"])
def test_added_tokens_that_begin_like_words(content):
    """Catches an added token that is overlooked inside or in front of a word."""
    tokens = [*SPECIAL, *WORDS, *PIECES, content]
    added = [AddedToken(content="[SEP]", id=3), AddedToken(content=content, id=len(tokens) - 1)]
    pair = Both([*dict.fromkeys(tokens)], added=added)
    assert known(pair) == 0
    pair.check([f"{content}{word} {word}{content} {word} b{content}b" for word in WORDS])


@pytest.mark.parametrize("most", [1, 3, 8, 9, 12])
def test_longest_words(most):
    """Catches a word that is found though it has too many characters."""
    pair = Both(
        [*SPECIAL, *WORDS, *PIECES], settings_of((True, None, True), max_input_chars_per_word=most)
    )
    assert known(pair) == 2 + min(most, MOST_BYTES)
    pair.check([f"{word} .{word}." for word in WORDS])


def test_only_plain_tables_have_words():
    """Catches settings under which a letter is more than its lower case: fold would be wrong."""
    for lower in (True, False):
        chars = plain_characters(lower)
        found = known_words({"ab": 5}, chars, [], 100)
        assert np.count_nonzero(found.slot_S) == 2 and bool(found.fold) == lower
    for code in map(ord, PLAIN):
        for name in ("kind_U", "image_U", "rank_U"):
            array = getattr(chars, name).copy()
            array[code] ^= 1
            changed = chars._replace(**{name: array})
            assert not known_words({"ab": 5}, changed, [], 100).slot_S.any()


def test_a_table_ends_behind_its_last_word():
    """Catches words that are cut off with the free places, and a search that finds no end."""
    letters = [a + b + c for a in PLAIN for b in PLAIN for c in PLAIN if (a + b + c).islower()]
    last = [
        word
        for word in letters
        if int.from_bytes(word.encode(), "little") * int(SPREAD) % (1 << 64) >> 60 == 15
    ][:3]
    for words, places in ((last, 19), (last[:1], 17)):  # all from the last of 16 places on
        slot_S = known_words(dict.fromkeys(words, 7), plain_characters(True), [], 100).slot_S
        found = [int(low).to_bytes(8, "little").rstrip(b"\0").decode() for low in slot_S[30::2]]
        assert (len(slot_S), found) == (2 * places, [*words, ""])


def test_words_whose_places_collide():
    """Catches a search that ends too early, or runs out of the table."""
    rng = random.Random(7)
    words = sorted({"".join(rng.choices("ab", k=rng.randrange(1, 12))) for _ in range(300)})
    low_V, high_V = np.array(words, "S16").view("<u8").reshape(-1, 2).T.copy()
    id_V = np.arange(len(words), dtype=np.int32)
    slot_S = np.zeros(2 * (2 + len(words) + 1), np.uint64)
    place_words(low_V, high_V, id_V, 63, slot_S)  # two places for all of them
    assert sorted(slot_S[::2][slot_S[::2] > 0].tolist()) == sorted(low_V.tolist())
    pair = Both([*SPECIAL, *words, "##a", "##b"])
    ids_V = id_V + len(SPECIAL)
    place_words(low_V, high_V, ids_V.astype(np.int32), 63, slot_S := np.zeros_like(slot_S))
    slot_S.flags.writeable = False
    crowded = pair.compiled._tables.known._replace(slot_S=slot_S, shift=63)
    pair.compiled._tables = pair.compiled._tables._replace(known=crowded)
    pair.check([" ".join(words), *words, *(word + "b" for word in words)])
