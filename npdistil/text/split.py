"""Step 5: cut normalised text into words, at white space and around each punctuation mark."""

from collections.abc import Iterator
from functools import cache

from .pattern import Pattern, compiled
from .tables import Ranges, char_class, unicode_tables


def split_words(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Half-open spans of the words in `text[start:end]`.

    All ASCII symbols count as punctuation, $ + < = > ^ ` | ~ included; other currency and
    mathematical signs do not. Source: BertPreTokenizer (tokenizers), categories as of Unicode 8.

    >>> list(split_words("don't  go"))
    [(0, 3), (3, 4), (4, 5), (7, 9)]
    """
    ascii_words, words = _patterns()
    pattern = ascii_words if text.isascii() else words
    return (match.span() for match in pattern.finditer(text, start, end))


@cache
def _patterns() -> tuple[Pattern, Pattern]:
    tables = unicode_tables()
    return (
        _pattern(_ascii_part(tables.white_space), _ascii_part(tables.punctuation)),
        _pattern(tables.white_space, tables.punctuation),
    )


def _pattern(white_space: Ranges, punctuation: Ranges) -> Pattern:
    white, marks = char_class(white_space), char_class(punctuation)
    return compiled(f"[^{white}{marks}]+|[{marks}]")


def _ascii_part(ranges: Ranges) -> Ranges:
    # The same answer for ASCII text, several times as fast as the class of 726 marks.
    return tuple((first, min(last, 0x7F)) for first, last in ranges if first < 0x80)
