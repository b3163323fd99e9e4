"""What each code point does under some settings, before any vocabulary.

The steps of `text/` from cleaning to lower case, applied to every character once instead of to
every text. Only the order of surviving marks depends on more than one character; their ranks are
kept for it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...kernels.text.forms import ALONE, EXPANDED, FLUSH, IGNORED, LETTER, SPACE
from ..tables import (
    HANGUL_FIRST,
    HANGUL_LAST,
    Ranges,
    UnicodeTables,
    characters,
    unicode_tables,
)

CODE_POINTS = 0x110000
# Kind, image and rank: what a character becomes, or one part of it.
Part = tuple[int, int, int]


class CharacterSettings(NamedTuple):
    """The switches of `text.normalize.Normalizer`; strip_accents is resolved."""

    clean_text: bool
    tokenize_chinese_chars: bool
    strip_accents: bool
    do_lower_case: bool


class CharacterMap(NamedTuple):
    """The first three have an element for each code point.

    An image is a code point; for EXPANDED it is a place in the pool, where the number of parts
    stands as an image, followed by the parts.
    """

    kind_U: NDArray[np.uint8]
    image_U: NDArray[np.uint32]
    rank_U: NDArray[np.uint8]
    pool_kind: NDArray[np.uint8]
    pool_image: NDArray[np.uint32]
    pool_rank: NDArray[np.uint8]


@cache
def character_map(settings: CharacterSettings) -> CharacterMap:
    """Derive the map from the frozen tables."""
    tables = unicode_tables()
    classes_U = np.full(CODE_POINTS, LETTER, np.uint8)
    _fill(classes_U, tables.white_space, SPACE)
    _fill(classes_U, tables.punctuation, ALONE)
    kind_U, image_U = classes_U.copy(), np.arange(CODE_POINTS, dtype=np.uint32)
    rank_U = np.zeros(CODE_POINTS, np.uint8)
    # Offset 0 is nobody's: the kernel takes it for "no parts".
    pool: list[Part] = [(LETTER, 0, 0)]
    for char in _changeable(tables, settings):
        parts = [*_parts(char, tables, settings, classes_U)]
        code = ord(char)
        if len(parts) == 1:
            kind_U[code], image_U[code], rank_U[code] = parts[0]
        else:
            kind_U[code], image_U[code] = EXPANDED, len(pool)
            pool += [(LETTER, len(parts), 0), *parts]
    pool_kind, pool_image, pool_rank = np.array(pool, np.uint32).T
    if settings.strip_accents:
        syllables = slice(HANGUL_FIRST, HANGUL_LAST + 1)
        kind_U[syllables] = EXPANDED
        image_U[syllables], images = _hangul(len(pool))
        pool_image = np.concatenate([pool_image, images])
        pool_kind = np.concatenate([pool_kind, np.full_like(images, LETTER)])
        pool_rank = np.concatenate([pool_rank, np.zeros_like(images)])
    if settings.tokenize_chinese_chars:
        _set_apart(tables.cjk, kind_U)
    if settings.clean_text:
        _fill(kind_U, tables.to_space, SPACE)
        _fill(kind_U, tables.deleted, IGNORED)
    return CharacterMap(
        kind_U=kind_U,
        image_U=image_U,
        rank_U=rank_U,
        pool_kind=pool_kind.astype(np.uint8),
        pool_image=pool_image,
        pool_rank=pool_rank.astype(np.uint8),
    )


def _fill(array_U: NDArray[np.uint8], ranges: Ranges, value: int) -> None:
    for first, last in ranges:
        array_U[first : last + 1] = value


def _changeable(tables: UnicodeTables, settings: CharacterSettings) -> set[str]:
    """Every character that accents or case concern, Hangul syllables left out."""
    chars: set[str] = set()
    if settings.strip_accents:
        chars |= {*characters(tables.stripped), *tables.rank, *tables.decompose}
    if settings.do_lower_case:
        chars |= set(map(chr, tables.lower))
    return chars


def _parts(
    char: str, tables: UnicodeTables, settings: CharacterSettings, classes_U: NDArray[np.uint8]
) -> Iterator[Part]:
    """What is left of a character: IGNORED, or letters, with FLUSH where a run of marks ends.

    A mark of class 0 ends the run even if it is deleted; a surviving letter does so by itself.
    """
    ranks: Mapping[str, int] = tables.rank if settings.strip_accents else {}
    stripped = _stripped() if settings.strip_accents else frozenset()
    left = 0
    image = tables.decompose.get(char, char) if settings.strip_accents else char
    for part in image:
        rank = ranks.get(part, 0)
        if part not in stripped:
            lower = tables.lower.get(ord(part), part) if settings.do_lower_case else part
            for letter in lower:
                left += 1
                yield int(classes_U[ord(letter)]), ord(letter), rank
        elif rank == 0:
            left += 1
            yield FLUSH, 0, 0
    if left == 0:
        yield IGNORED, 0, 0


@cache
def _stripped() -> frozenset[str]:
    return frozenset(characters(unicode_tables().stripped))


def _hangul(place: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Where in a pool each syllable stands, and the pool's images from `place` on.

    Source: The Unicode Standard, section 3.12: 19 leads x 21 vowels x 28 tails, tail 0 meaning
    none. No jamo is stripped, lowered or ranked.
    """
    index_S = np.arange(HANGUL_LAST - HANGUL_FIRST + 1, dtype=np.uint32)
    tail_S = index_S % 28
    lead_S, vowel_S = 0x1100 + index_S // 588, 0x1161 + index_S % 588 // 28
    image_S4 = np.stack([np.where(tail_S > 0, 3, 2), lead_S, vowel_S, 0x11A7 + tail_S], axis=1)
    return place + 4 * index_S, image_S4.astype(np.uint32).ravel()


def _set_apart(ranges: Ranges, kind_U: NDArray[np.uint8]) -> None:
    """A space on both sides makes a word of what is one letter; no other ideograph is there."""
    for first, last in ranges:
        part = kind_U[first : last + 1]
        part[part == LETTER] = ALONE
