"""Where somebody may look into a forward pass: named values go through a tap on their way.

The reference hands each value that has a name to its tap and works on with what comes back. The tap
that is there when nobody looks gives everything back as it is, so that there is one forward pass,
and not one for looking and one for computing.
"""

from collections.abc import Iterable

from ..dims import Floats


class Tap:
    """Gives back what it gets; whoever wants to see or replace values derives from it."""

    def within(self, part: str) -> "Tap":
        """The tap of a part: a name `x` that it hears of is `part.x` out here."""
        return self

    def rows(self, name: str, x_TE: Floats) -> Floats:
        """One row for each token."""
        return x_TE

    def maps(self, name: str, x: Iterable[Floats]) -> Iterable[Floats]:
        """One [H, L, M] for each sequence; not computed before somebody takes it."""
        return x


CLOSED = Tap()
