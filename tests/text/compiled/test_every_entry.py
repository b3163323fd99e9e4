"""Every character that a table names, with a vocabulary in which each has its own ids.

All of Unicode is compared with the library itself, in tests/live/test_tokenizer_unicode.py.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

import pytest

from npdistil.text.tables import HANGUL_FIRST, HANGUL_LAST, characters, unicode_tables
from tests.text.compiled.both import SPECIAL, Both, settings_of

WORDS_IN_A_TEXT = 256
LONG_RANGE = 2048  # of ideographs and private use; their ends suffice, and each page's


def named() -> Iterator[str]:
    """All keys and images, ranges with their neighbours, and both ends of every page."""
    for table in unicode_tables():
        if isinstance(table, dict):
            yield from (key if isinstance(key, str) else chr(key) for key in table)
            yield from "".join(value for value in table.values() if isinstance(value, str))
            continue
        for first, last in table:
            if last - first < LONG_RANGE:
                yield from characters(((first, last),))
            yield from map(chr, (first - 1, first, last, min(last + 1, 0x10FFFF)) if first else ())
    yield from characters(((HANGUL_FIRST, HANGUL_LAST),))
    for page in range(0, 0x110000, 0x100):
        yield from (chr(page), chr(page + 0xFF))


@cache
def named_characters() -> list[str]:
    return [char for char in dict.fromkeys(named()) if not "\ud800" <= char <= "\udfff"]


@pytest.mark.parametrize("switches", [*product((True, False), repeat=3)])
def test_every_entry(switches: tuple[bool, bool, bool]) -> None:
    """Catches one wrong entry in a table, page or pool, for "a" + c + "b"."""
    chars = named_characters()
    assert len(chars) > 30_000
    tokens = [*dict.fromkeys([*SPECIAL, "a", *chars, "##b", *("##" + char for char in chars)])]
    words = [f"a{char}b" for char in chars]
    Both(tokens, settings_of(switches)).check(
        [
            " ".join(words[start : start + WORDS_IN_A_TEXT])
            for start in range(0, len(words), WORDS_IN_A_TEXT)
        ]
    )
