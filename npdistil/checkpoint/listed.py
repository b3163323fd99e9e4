"""Many names in one message."""

from collections.abc import Iterable

NAMES_SHOWN = 20


def listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are.

    >>> listed(str(n) for n in range(22))[-17:]
    '18, 19 and 2 more'
    """
    names = list(names)
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
