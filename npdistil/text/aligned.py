"""Text that remembers where it came from: offsets survive deletions, insertions and accents."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlignedText:
    """`text[i]` comes from the original character `origin[i]`; origin never decreases.

    One original character may have several images (a Hangul syllable becomes its jamo), and a
    deleted one has none. As long as nothing moved, `origin` is a range and costs nothing.
    """

    text: str
    origin: Sequence[int]

    @classmethod
    def of(cls, text: str, start: int = 0) -> "AlignedText":
        """Text as it stands, whose first character is number `start` of the original."""
        return cls(text, range(start, start + len(text)))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original characters, half open, behind `text[start:end]`, which is not empty.

        >>> AlignedText("resume", [0, 1, 3, 4, 5, 6]).span(1, 3)
        (1, 4)
        """
        return self.origin[start], self.origin[end - 1] + 1
