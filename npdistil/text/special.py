"""Cutting added tokens, such as [SEP] or [MASK], out of a text before anything else happens."""

from collections.abc import Iterator, Mapping
from functools import cache

from ..named_tuple import NamedTuple
from .pattern import Pattern, compiled
from .tables import as_ranges, char_class, characters, unicode_tables

Piece = tuple[int, int, int | None]  # start, end, id or None for text


class AddedToken(NamedTuple):
    """A token that is found in the text as it is written, not through the vocabulary."""

    content: str
    id: int
    special: bool = True  # left out by decode(skip_special_tokens=True)
    normalized: bool = False  # searched in the normalised text, itself normalised
    single_word: bool = False  # not found beside a letter, digit, mark or underscore
    lstrip: bool = False  # takes the white space before it
    rstrip: bool = False  # takes the white space behind it


class TokenCutter:
    """Finds tokens anywhere in a text, even inside words: the leftmost, of those the longest.

    User text can therefore contain a real [SEP]; this is what the library does by default.
    Source: AddedVocabulary (tokenizers).

    >>> cutter = TokenCutter({"[SEP]": AddedToken(content="[SEP]", id=102)})
    >>> list(cutter.cut("a[SEP]b"))
    [(0, 1, None), (1, 6, 102), (6, 7, None)]
    >>> list(cutter.cut("a[SEP]b", special_as_text=True))
    [(0, 7, None)]
    """

    def __init__(self, tokens: Mapping[str, AddedToken]) -> None:
        """Prepare the search; the keys are what is looked for."""
        self._tokens = dict(tokens)
        self._lengths: dict[str, list[int]] = {}  # by first character, longest first
        for content in sorted(self._tokens, key=len, reverse=True):
            lengths = self._lengths.setdefault(content[0], [])
            if len(content) not in lengths:
                lengths.append(len(content))
        first = char_class(as_ranges(self._lengths))
        self._candidate = compiled(f"[{first}]") if first else None

    def cut(self, text: str, *, special_as_text: bool = False) -> Iterator[Piece]:
        """Yield (start, end, id) pieces that cover the text; id is None for what lies between.

        Pieces between are never empty. What is passed over, being special or no single word, is
        not searched for shorter tokens. White space that one token took may still begin the
        next one, which then overlaps it, as in the library.
        """
        done = 0
        spaces_end = 0  # where the white space ends that was last seen behind a token
        for start, end, token in self._found(text):
            if special_as_text and token.special:
                continue
            if token.single_word and _inside_word(text, start, end):
                continue
            if token.lstrip:
                while start > done and _is_white(text[start - 1]):
                    start -= 1
                # Another token may have taken them already.
                start = max(start, done)
            if token.rstrip:
                if end >= spaces_end:
                    spaces_end = _spaces().match(text, end).end()
                end = spaces_end
            if start > done:
                yield done, start, None
            yield start, end, token.id
            done = end
        if done != len(text):
            yield done, len(text), None

    def _found(self, text: str) -> Iterator[tuple[int, int, AddedToken]]:
        done = 0
        for match in self._candidate.finditer(text) if self._candidate else ():
            start = match.start()
            for length in self._lengths[text[start]] if start >= done else ():
                end = start + length
                token = self._tokens.get(text[start:end]) if end <= len(text) else None
                if token is not None:
                    yield start, end, token
                    done = end
                    break


def _inside_word(text: str, start: int, end: int) -> bool:
    word = _word()
    before = start > 0 and word.match(text[start - 1])
    return bool(before or (end < len(text) and word.match(text[end])))


def _is_white(char: str) -> bool:
    return char in _white()


@cache
def _white() -> frozenset[str]:
    return frozenset(characters(unicode_tables().white_space))


@cache
def _spaces() -> Pattern:
    return compiled(f"[{char_class(unicode_tables().white_space)}]*")


@cache
def _word() -> Pattern:
    return compiled(f"[{char_class(unicode_tables().word)}]")
