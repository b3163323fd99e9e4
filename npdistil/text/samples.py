"""What a caller hands over as texts: one, many, or texts that are split into words already."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arguments import as_texts
from ..errors import InputError
from .encoded import EncodedTexts, Int64s, TextsToIds, join_words

Texts = str | Sequence[str] | Sequence[Sequence[str]] | np.ndarray[Any, Any]


class Samples:
    """Texts; with `counts_B` they are words, and so many of them are one sample."""

    __slots__ = ("counts_B", "texts")

    # No dataclass: making one takes half a millisecond of every start.
    def __init__(self, texts: list[str], counts_B: Int64s | None) -> None:
        self.texts = texts
        self.counts_B = counts_B

    def __len__(self) -> int:
        return len(self.texts if self.counts_B is None else self.counts_B)

    def encoded(
        self, encode: TextsToIds, *, enough: int | None, offsets: bool, special_as_text: bool
    ) -> EncodedTexts:
        """The tokens of each sample."""
        found = encode(self.texts, enough=enough, offsets=offsets, special_as_text=special_as_text)
        return found if self.counts_B is None else join_words(found, self.counts_B)


def as_samples(texts: object, name: str, is_split_into_words: bool) -> Samples:
    """A text, or a batch of texts; if they are split, a list of words, or a batch of such lists.

    As in Transformers, the first item tells the two apart, and an empty list of words is one
    sample without words.

    Raises:
        InputError: anything else, or text that is not Unicode.
    """
    if not is_split_into_words:
        return Samples(as_texts(texts, name), None)
    if not isinstance(texts, list | tuple | np.ndarray):
        raise InputError(
            f"{name}: expected a list of words, or a batch of such lists, because of "
            f"is_split_into_words=True; received {type(texts).__name__}."
        )
    if len(texts) == 0 or isinstance(texts[0], str):
        words = as_texts(texts, name)
        return Samples(words, np.array([len(words)]))
    lists = []
    for index, item in enumerate(texts):
        if isinstance(item, str):
            raise InputError(
                f"{name}[{index}]: expected a list of words as {name}[0] is, received a str."
            )
        lists.append(as_texts(item, f"{name}[{index}]"))
    return Samples(
        [word for words in lists for word in words],
        np.array([len(words) for words in lists], np.int64),
    )
