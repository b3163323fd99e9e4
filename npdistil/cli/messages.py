"""What goes to standard error: one line a message, and never a failure of its own."""

import sys


def say(message: str) -> None:
    """Print one line on standard error.

    What is not printable is escaped: a file name may hold line ends and terminal commands.
    """
    line = "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in message
    )
    if sys.stderr is None:  # print would take standard output instead
        return
    try:
        print(line, file=sys.stderr)
    except BrokenPipeError:
        sys.stderr = None  # nobody listens; leave nothing for the exit to flush
