"""Many texts, some thousand at a time: memory that does not grow with their number."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..arguments import as_texts
from ..errors import InputError
from .stream import lines


def as_iterable(texts: object, name: str) -> Iterable[Any]:
    """Whatever yields items, but nothing that was meant as one text or as a table.

    A `Path` yields the lines of its file.

    Raises:
        InputError: anything else.
    """
    if isinstance(texts, str):
        return [texts]
    if isinstance(texts, Path):
        if not texts.exists():  # now, and not when the first block is asked for
            raise InputError(f"{texts}: no such file.")
        return lines(texts)
    try:
        iter(cast(Iterable[Any], texts))
    except TypeError:
        usable = False
    else:
        usable = not isinstance(texts, bytes | bytearray | Mapping)
    if not usable:
        raise InputError(
            f"{name}: expected a str or an iterable of str, received {type(texts).__name__}."
        )
    return cast(Iterable[Any], texts)


def windows(texts: Iterable[Any], size: int, name: str) -> Iterator[list[str]]:
    """Texts in lists of `size`, checked as they come.

    Raises:
        InputError: an item that is no text; the message has its number among all.
    """
    items, first = iter(texts), 0
    while window := list(islice(items, size)):
        yield as_texts(window, name, first)
        first += len(window)


def distinct(texts: list[str]) -> tuple[list[str], NDArray[np.intp] | None]:
    """Each text once, and which of them each text was; None where all differ anyway.

    >>> distinct(["a", "b", "a"])
    (['a', 'b'], array([0, 1, 0]))
    """
    numbers: dict[str, int] = {}
    places = [numbers.setdefault(text, len(numbers)) for text in texts]
    if len(numbers) == len(texts):
        return texts, None
    return list(numbers), np.array(places, np.intp)


class GrowingRows:
    """Rows of an array whose number is perhaps not known beforehand; never held twice."""

    def __init__(self, columns: int, expected: int) -> None:
        self._rows = np.empty((expected, columns), np.float32)
        self._used = 0

    def append(self, rows: NDArray[np.float32]) -> None:
        """Put some rows behind the others."""
        needed = self._used + len(rows)
        if needed > len(self._rows):
            self._resize(needed + needed // 4)
        self._rows[self._used : needed] = rows
        self._used = needed

    def finish(self) -> NDArray[np.float32]:
        """All rows; nothing can be appended afterwards."""
        if self._used < len(self._rows):
            self._resize(self._used)
        return self._rows

    def _resize(self, rows: int) -> None:
        # In place, by the allocator, which moves pages instead of bytes. Nobody else has seen it.
        self._rows.resize((rows, self._rows.shape[1]), refcheck=False)
