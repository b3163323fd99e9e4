"""Results on the screen or for another program: a table, tab-separated lines, or JSON lines."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from .messages import printable

BLOCK = 256  # rows of a table whose widths are found together
NARROWEST = 6  # characters of a column that is cut
# What terminals show in two columns: Hangul, CJK, full-width forms, most emoji (UAX #11, W and F).
_WIDE = (
    "[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60"
    "\uffe0-\uffe6\U0001f300-\U0001f64f\U0001f900-\U0001faff\U00020000-\U0003fffd]"
)

Write = Callable[[str], object]
Rows = Callable[[dict[str, Any], Any], Iterable[Sequence[object]]]


class Printer(Protocol):
    """One of three forms. Every input has a number, which counts all inputs from 1."""

    def result(self, number: int, fields: dict[str, Any], result: Any) -> None:
        """The answer to an input."""

    def error(self, number: int, message: str) -> None:
        """An input that was bad: what is in the place of its answer."""

    def flush(self) -> None:
        """Write what is held back."""


class JsonLines:
    """One line for each input: its result, or {"error": message}.

    Where a result has lost tokens of its input, each of its objects says how many.
    """

    def __init__(self, write: Write) -> None:
        self._write = write

    def result(self, number: int, fields: dict[str, Any], result: Any) -> None:
        """One line."""
        if lost := getattr(result, "num_truncated_tokens", 0):
            result = _counted(result, lost)
        self._write(json.dumps(result, ensure_ascii=False, default=_plain) + "\n")

    def error(self, number: int, message: str) -> None:
        """One line."""
        self._write(json.dumps({"error": message}, ensure_ascii=False) + "\n")

    def flush(self) -> None:
        """Nothing is held back."""


class TabLines:
    """Lines of the input's number and the cells of a row; a tab in a cell is written as \\t."""

    def __init__(self, write: Write, head: Sequence[str], row: Rows) -> None:
        self._write, self._columns, self._row = write, len(head), row

    def result(self, number: int, fields: dict[str, Any], result: Any) -> None:
        """A line for each row, and one with empty cells where there is none."""
        for row in [*self._row(fields, result)] or [[""] * self._columns]:
            self._line(number, [_cell(value, ".6g") for value in row])

    def error(self, number: int, message: str) -> None:
        """A line with the message in the first cell."""
        self._line(number, [f"error: {printable(message)}", *[""] * (self._columns - 1)])

    def flush(self) -> None:
        """Nothing is held back."""

    def _line(self, number: int, cells: list[str]) -> None:
        self._write("\t".join([str(number), *cells]) + "\n")


class Table:
    """Aligned columns, no wider than the terminal; long cells lose their end.

    Rows are printed by the block, so that memory is constant; columns only get wider.
    """

    def __init__(self, write: Write, head: Sequence[str], row: Rows, columns: int) -> None:
        self._write, self._head, self._row = write, ("line", *head), row
        self._columns = columns
        self._widths: list[int] | None = None
        self._numbers = [True] * len(self._head)
        self._held: list[list[str] | str] = []

    def result(self, number: int, fields: dict[str, Any], result: Any) -> None:
        """A line for each row, and one with empty cells where there is none."""
        for row in [*self._row(fields, result)] or [[""] * (len(self._head) - 1)]:
            values = [number, *row]
            for column, value in enumerate(values):
                if not isinstance(value, int | float | np.number) and value not in ("", None):
                    self._numbers[column] = False
            self._hold([_cell(value, ".4f", self._columns + 1) for value in values])

    def error(self, number: int, message: str) -> None:
        """A line with the message across the columns."""
        self._hold(f"{number}  error: {printable(message)}")

    def flush(self) -> None:
        """Print the rows of a block; the head before the first."""
        if not self._held:
            return
        found = [row for row in self._held if isinstance(row, list)]
        if self._widths is None:
            found.append([*self._head])
        widths = [max(map(_width, column)) for column in zip(*found, strict=True)]
        if self._widths is None:
            self._held.insert(0, [*self._head])
            self._widths = [0] * len(self._head)
        widths = [*map(max, widths or self._widths, self._widths)]
        self._widths = _bounded(widths, self._columns)
        for row in self._held:
            self._write(self._line(row).rstrip() + "\n")
        self._held = []

    def _hold(self, row: list[str] | str) -> None:
        self._held.append(row)
        if len(self._held) >= BLOCK:
            self.flush()

    def _line(self, row: list[str] | str) -> str:
        if isinstance(row, str):
            return _cut(row, self._columns)
        assert self._widths is not None
        return "  ".join(map(_padded, row, self._widths, self._numbers))


def _cell(value: object, numbers: str, longest: int | None = None) -> str:
    if value is None:
        return ""
    if isinstance(value, float | np.floating):
        return f"{value:{numbers}}"
    return printable(str(value)[:longest])


def _width(text: str) -> int:
    return len(text) if text.isascii() else len(text) + len(re.findall(_WIDE, text))


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    while _width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _padded(text: str, width: int, right: bool) -> str:
    text = _cut(text, width)
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _bounded(widths: Sequence[int], columns: int) -> list[int]:
    """Take from the widest columns until all fit with two spaces between them.

    >>> _bounded([4, 90, 30], 60)
    [4, 26, 26]
    """
    bounded = [min(width, columns) for width in widths]
    while sum(bounded) + 2 * (len(bounded) - 1) > columns and max(bounded) > NARROWEST:
        bounded[bounded.index(max(bounded))] -= 1
    return bounded


def _counted(result: Any, lost: int) -> Any:
    """A list stays one, so that a long input has the form of a short one."""
    if isinstance(result, list):
        return [_counted(one, lost) for one in result]
    return {**result, "num_truncated_tokens": lost}


def _plain(value: object) -> object:
    """NumPy's numbers and arrays, which json does not know."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")
