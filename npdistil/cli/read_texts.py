"""Text files and standard input to texts, one a line."""

import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from ..files import read_file

MAX_TEXT_BYTES = 1 << 32


def read_texts(inputs: Sequence[str]) -> list[str]:
    """The lines of all inputs, in order; "-" is standard input, once.

    A line ends at a newline, with or without a carriage return before it, and nowhere else, so
    that row n of the output is line n of the input. An empty line is an empty text.

    Raises:
        InputError: a file cannot be read or is not UTF-8; names the line.
    """
    if list(inputs).count("-") > 1:
        raise InputError("INPUT: '-' (standard input) can be read only once.")
    texts: list[str] = []
    for name in inputs:
        source = "standard input" if name == "-" else name
        texts += _lines(_content(name), source)
    return texts


def _content(name: str) -> bytes | bytearray:
    if name == "-":
        if sys.stdin is None:
            raise InputError("standard input: is closed; name a file or pipe texts into it.")
        try:
            return sys.stdin.buffer.read()
        except OSError as failure:
            raise InputError(f"standard input: cannot be read: {failure.strerror}.") from None
    return read_file(Path(name), MAX_TEXT_BYTES, InputError)


def _lines(content: bytes | bytearray, source: str) -> list[str]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        read = failure.object  # without the byte order mark, which failure.start does not count
        line = read[: failure.start].count(b"\n") + 1
        raise InputError(
            f"{source}: line {line} is not UTF-8 (byte 0x{read[failure.start]:02x}); "
            "convert the file first, for example with iconv."
        ) from None
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()  # what follows the last newline is no line
    return [line.removesuffix("\r") for line in lines]
