"""Types of options: a wrong number is refused by name, before anything is read or loaded."""

import argparse

# Metavars of paths.
FILES = ("FILE", "INPUT", "TEXTS")
FOLDERS = ("DIR", "FOLDER", "MODEL", "SOURCE", "TARGET")  # a model's name at the hub is typed


def positive(text: str) -> int:
    """For argparse's `type`: an integer from 1.

    Raises:
        ArgumentTypeError: it is none.
    """
    return _integer(text, 1, "a positive integer")


def not_negative(text: str) -> int:
    """For argparse's `type`: an integer from 0.

    Raises:
        ArgumentTypeError: it is none.
    """
    return _integer(text, 0, "an integer from 0")


def words(text: str) -> list[str]:
    """For argparse's `type`: what stands between commas, without the blanks around it.

    >>> words("a, b c,")
    ['a', 'b c']
    """
    return [part.strip() for part in text.split(",") if part.strip()]


def _integer(text: str, least: int, expected: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(f"expected {expected}, not {text[:40]}")
    return number
