"""A line of the table that tools/eval.py prints: one figure of two libraries."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from tests.tolerances import SCORE

Found = TypeVar("Found")


class Score(NamedTuple):
    """What one library reached on a set, and in how many seconds."""

    value: float
    seconds: float


class Row(NamedTuple):
    """One line of the table."""

    what: str
    items: int
    ours: Score
    theirs: Score

    @property
    def good(self) -> bool:
        """Whether both agree; NaN never does."""
        return abs(self.ours.value - self.theirs.value) <= SCORE


def line(row: Row) -> str:
    """A row as text."""
    difference = row.ours.value - row.theirs.value
    verdict = "within" if row.good else "BEYOND"
    ours, theirs = (f"{s.value:9.6f} {s.seconds:6.1f}" for s in (row.ours, row.theirs))
    return f"{row.what:30} {row.items:6,} {ours} {theirs} {difference:+10.1e}  {verdict} {SCORE:g}"


def timed(call: Callable[[], Found]) -> tuple[Found, float]:
    """What a call returns, and its seconds."""
    start = time.perf_counter()
    found = call()
    return found, time.perf_counter() - start
