"""Step 3: decompose canonically (NFD) and delete the nonspacing marks."""

from dataclasses import dataclass
from functools import cache

from .aligned import AlignedText
from .pattern import Pattern, compiled
from .tables import (
    HANGUL_FIRST,
    HANGUL_LAST,
    as_ranges,
    char_class,
    characters,
    unicode_tables,
)

# A part of a decomposition: (rank of its combining class, character, is it not the first part).
Part = tuple[int, str, bool]


def strip_accents(aligned: AlignedText) -> AlignedText:
    """NFD, then delete every Mn character as Unicode 8 has it; newer marks survive, in order.

    Only stretches of characters that can change are touched. Sorting a run of marks is the only
    step that looks beyond one character, so time stays within n log n on hostile text, where
    `unicodedata.normalize` takes n squared.

    Offsets follow the library to the letter: the parts of a reordered run that are not the first
    of their decomposition take the place of the character before them *in the new order*.
    Source: `strip_accents` of BertNormalizer (tokenizers); The Unicode Standard, section 3.11.

    >>> stripped = strip_accents(AlignedText.of("é한"))
    >>> [hex(ord(char)) for char in stripped.text], stripped.origin
    (['0x65', '0x1112', '0x1161', '0x11ab'], [0, 1, 1, 1])
    """
    steps = _steps()
    text, origin = aligned.text, aligned.origin
    chars: list[str] = []
    places: list[int] = []
    done = 0
    for match in steps.changeable.finditer(text):
        start, end = match.span()
        chars.append(text[done:start])
        places.extend(origin[done:start])
        source = start
        for char, is_later in steps.decomposed(text[start:end]):
            if not is_later:
                source += 1
            if char not in steps.stripped:
                chars.append(char)
                places.append(origin[source - 1])
        done = end
    if not done:
        return aligned
    chars.append(text[done:])
    places.extend(origin[done:])
    return AlignedText("".join(chars), places)


@dataclass(frozen=True)
class _Steps:
    """The tables in the form that the loop wants."""

    changeable: Pattern
    stripped: frozenset[str]
    parts: dict[str, tuple[Part, ...]]

    def decomposed(self, text: str) -> list[tuple[str, bool]]:
        """Canonical decomposition with canonical ordering: (character, is it a later part)."""
        result: list[tuple[str, bool]] = []
        run: list[Part] = []
        for char in text:
            for part in self.parts.get(char) or _hangul_parts(char):
                if part[0] == 0 and run:
                    result += _in_order(run)
                    run = []
                if part[0] == 0:
                    result.append(part[1:])
                else:
                    run.append(part)
        return result + _in_order(run)


def _in_order(run: list[Part]) -> list[tuple[str, bool]]:
    run.sort(key=_rank)  # stable, as the standard demands
    return [part[1:] for part in run]


def _rank(part: Part) -> int:
    return part[0]


def _hangul_parts(char: str) -> tuple[Part, ...]:
    # The Unicode Standard, section 3.12: 19 leads x 21 vowels x 28 tails, tail 0 meaning none.
    index = ord(char) - HANGUL_FIRST
    lead, vowel, tail = index // 588, index % 588 // 28, index % 28
    jamo = chr(0x1100 + lead) + chr(0x1161 + vowel) + (chr(0x11A7 + tail) if tail else "")
    return tuple((0, part, place > 0) for place, part in enumerate(jamo))


@cache
def _steps() -> _Steps:
    tables = unicode_tables()
    stripped = frozenset(characters(tables.stripped))
    alone = {char: char for char in stripped | tables.rank.keys()}
    hangul = ((HANGUL_FIRST, HANGUL_LAST),)
    parts = {
        char: tuple((tables.rank.get(part, 0), part, at > 0) for at, part in enumerate(image))
        for char, image in {**alone, **tables.decompose}.items()
    }
    changeable = compiled(f"[{char_class(as_ranges(parts), hangul)}]+")
    return _Steps(changeable, stripped, parts)
