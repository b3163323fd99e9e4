"""Cutting added tokens, such as [SEP] or [MASK], out of a text before anything else happens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import regex

from .tables import as_ranges, char_class


@dataclass(frozen=True, kw_only=True)
class AddedToken:
    """A token that is found in the text as it is written, not through the vocabulary."""

    content: str
    id: int
    special: bool = True  # left out by decode(skip_special_tokens=True)
    normalized: bool = False  # searched in the normalised text, itself normalised


class TokenCutter:
    """Finds tokens anywhere in a text, even inside words: the leftmost, of those the longest.

    User text can therefore contain a real [SEP]; this is what the library does by default.
    Source: AddedVocabulary (tokenizers).

    >>> list(TokenCutter({"[SEP]": 102}).cut("a[SEP]b"))
    [(0, 1, None), (1, 6, 102), (6, 7, None)]
    """

    def __init__(self, ids: Mapping[str, int]) -> None:
        self._ids = dict(ids)
        self._lengths: dict[str, list[int]] = {}  # by first character, longest first
        for content in sorted(self._ids, key=len, reverse=True):
            lengths = self._lengths.setdefault(content[0], [])
            if len(content) not in lengths:
                lengths.append(len(content))
        first = char_class(as_ranges(self._lengths))
        self._candidate = regex.compile(f"[{first}]") if first else None

    def cut(self, text: str) -> Iterator[tuple[int, int, int | None]]:
        """Yield (start, end, id) pieces that cover the text; id is None for what lies between.

        Pieces between are never empty.
        """
        done = 0
        for start, end, token_id in self._found(text):
            if start > done:
                yield done, start, None
            yield start, end, token_id
            done = end
        if done < len(text):
            yield done, len(text), None

    def _found(self, text: str) -> Iterator[tuple[int, int, int]]:
        done = 0
        for match in self._candidate.finditer(text) if self._candidate else ():
            start = match.start()
            for length in self._lengths[text[start]] if start >= done else ():
                end = start + length
                token_id = self._ids.get(text[start:end]) if end <= len(text) else None
                if token_id is not None:
                    yield start, end, token_id
                    done = end
                    break
