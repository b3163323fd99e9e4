"""Text files and standard input to texts, one a line."""

from collections.abc import Sequence

from .read_lines import read_lines


def read_texts(inputs: Sequence[str]) -> list[str]:
    """The lines of all inputs, in order; "-" is standard input, once.

    Row n of the output is line n of the input, as `read_lines` cuts it. An empty line is an empty
    text.

    Raises:
        InputError: a file cannot be read or is not UTF-8; names the line.
    """
    return [line.text() for line in read_lines(inputs)]
