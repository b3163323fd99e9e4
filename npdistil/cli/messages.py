"""What goes to standard error: one line a message, and never a failure of its own."""

import sys


def printable(text: str) -> str:
    """The text with what is not printable escaped: it may hold line ends and terminal commands."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def say(message: str) -> None:
    """Print one line on standard error, as `printable` has it."""
    line = printable(message)
    if sys.stderr is None:  # print would take standard output instead
        return
    try:
        print(line, file=sys.stderr)
    except BrokenPipeError:
        sys.stderr = None  # nobody listens; leave nothing for the exit to flush
