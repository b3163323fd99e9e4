"""What a piece of Python asks of the system, by its own audit hook."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

Event = tuple[str, tuple[object, ...]]
_recordings: list[list[Event]] = []
_installed: list[bool] = []


@contextmanager
def watched() -> Iterator[list[Event]]:
    """Every event while the context lasts: opens, imports, processes, sockets, code, listings.

    A hook cannot be taken away again, so there is one, which is deaf between two recordings.
    """
    if not _installed:
        sys.addaudithook(_hear)
        _installed.append(True)
    events: list[Event] = []
    _recordings.append(events)
    try:
        yield events
    finally:
        _recordings.remove(events)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    for events in _recordings:
        events.append((event, arguments))


def opened(events: list[Event]) -> set[str]:
    """Paths that were opened; a descriptor that gets a stream is no second file."""
    return {
        str(arguments[0])
        for event, arguments in events
        if event == "open" and not isinstance(arguments[0], int)
    }
