"""Text files and standard input to texts, one a line."""

from collections.abc import Sequence

from ..arguments import as_text
from .read_lines import STDIN, read_lines


def read_texts(inputs: Sequence[str]) -> list[str]:
    """The lines of all inputs, in order; "-" is standard input, once.

    Row n of the output is line n of the input, as `read_lines` cuts it. An empty line is an empty
    text.

    Raises:
        InputError: a file cannot be read or is not UTF-8; names the line.
    """
    return [line.text() for line in read_lines(inputs)]


def given_texts(given: Sequence[str], name: str) -> list[str]:
    """Texts that are arguments themselves; "-" stands for the lines of standard input, once.

    Raises:
        InputError: one is not Unicode text, or standard input cannot be read; `name` is what the
            arguments are called.
    """
    texts: list[str] = []
    for text in given:
        texts += read_texts([STDIN]) if text == STDIN else [as_text(text, name)]
    return texts
