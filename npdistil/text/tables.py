"""The frozen Unicode tables: what each code point is to the pinned `tokenizers` library.

The library mixes Unicode versions, so neither Python's `unicodedata` nor property classes such as
\\p{P} give its answers. `tools/make_unicode_tables.py` derives the file beside this module.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from ..errors import TokenizerError
from ..files import read_file
from ..named_tuple import NamedTuple

TABLES_FILE = Path(__file__).with_name("unicode_tables.txt")
TABLES_SHA256 = "e92de08edf6bc2b184ec16fa85d8b77c01bee18b697b0a187cd7acd348716b2e"
MAX_TABLES_BYTES = 1 << 20
HANGUL_FIRST, HANGUL_LAST = 0xAC00, 0xD7A3

Ranges = tuple[tuple[int, int], ...]


class UnicodeTables(NamedTuple):
    """Ranges are (first, last), both included."""

    deleted: Ranges  # dropped by clean_text
    to_space: Ranges  # turned into a space by clean_text
    cjk: Ranges  # gets a space on both sides
    stripped: Ranges  # nonspacing marks, deleted after decomposition
    white_space: Ranges  # separates words
    punctuation: Ranges  # a word by itself
    word: Ranges  # beside one of these an added token with `single_word` is not found
    rank: Mapping[str, int]  # order of the canonical combining class; absent means class 0
    decompose: Mapping[str, str]  # canonical decomposition (NFD), Hangul syllables left out
    lower: Mapping[int, str]  # lower case by code point, as str.translate wants it


@cache
def unicode_tables() -> UnicodeTables:
    """Read and verify the tables at first use.

    Raises:
        TokenizerError: the file is missing, or its hash is not the one this module was made for.
    """
    content = read_file(TABLES_FILE, MAX_TABLES_BYTES, TokenizerError)
    digest = hashlib.sha256(content).hexdigest()
    if digest != TABLES_SHA256:
        raise TokenizerError(
            f"{TABLES_FILE}: sha256 {digest}, expected {TABLES_SHA256}. The installation is "
            "damaged: reinstall npdistil, or run tools/make_unicode_tables.py and set the new hash."
        )
    lines = [line.split(" ") for line in content.decode("ascii").splitlines()[1:]]
    entries = {name: items for name, _count, *items in lines}
    ranks = {name[4:]: _ranges(items) for name, items in entries.items() if name[:4] == "rank"}
    return UnicodeTables(
        deleted=_ranges(entries["deleted"]),
        to_space=_ranges(entries["to_space"]),
        cjk=_ranges(entries["cjk"]),
        stripped=_ranges(entries["stripped"]),
        white_space=_ranges(entries["white_space"]),
        punctuation=_ranges(entries["punctuation"]),
        word=_ranges(entries["word"]),
        rank={char: int(rank) for rank, group in ranks.items() for char in characters(group)},
        decompose={chr(code): text for code, text in _mapping(entries["decompose"])},
        lower=dict(_mapping(entries["lower"])),
    )


def characters(ranges: Ranges) -> Iterator[str]:
    """Every character of the ranges.

    >>> list(characters(((0x41, 0x43), (0x5A, 0x5A))))
    ['A', 'B', 'C', 'Z']
    """
    return (chr(code) for first, last in ranges for code in range(first, last + 1))


def as_ranges(chars: Iterable[str]) -> Ranges:
    """The shortest list of ranges for some characters.

    >>> as_ranges("ZCBA")
    ((65, 67), (90, 90))
    """
    runs: list[list[int]] = []
    for code in sorted(map(ord, chars)):
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return tuple((first, last) for first, last in runs)


def char_class(*groups: Ranges) -> str:
    """The inside of a regular-expression class, so that `f"[{char_class(tables.cjk)}]"` works.

    >>> char_class(((0x41, 0x43), (0x5A, 0x5A)))
    '\\\\U00000041-\\\\U00000043\\\\U0000005a'
    """
    return "".join(
        f"\\U{first:08x}" + (f"-\\U{last:08x}" if last > first else "")
        for ranges in groups
        for first, last in ranges
    )


def _ranges(items: list[str]) -> Ranges:
    pairs = (item.partition("-") for item in items)
    return tuple((int(first, 16), int(last or first, 16)) for first, _, last in pairs)


def _mapping(items: list[str]) -> Iterator[tuple[int, str]]:
    for item in items:
        code, _, image = item.partition("=")
        yield int(code, 16), "".join(chr(int(part, 16)) for part in image.split("+"))
