"""How much work a call is, by a measure that no busy machine disturbs."""

import gc
import sys
from collections.abc import Callable, Collection


def calls_of(function: Callable[[], object], events: Collection[str] = ("call", "c_call")) -> int:
    """Function calls made: Python's ("call") and C's ("c_call").

    The garbage collector, whose turn depends on what ran before, stays off: others register
    callbacks with it, and those would be counted.
    """
    count = 0

    def on_event(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in events

    gc.disable()
    sys.setprofile(on_event)
    try:
        function()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count
