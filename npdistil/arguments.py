"""The gate: arguments of the public calls are checked here, and trusted behind it."""

import operator
import os
from collections.abc import Sequence
from itertools import filterfalse
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InputError

CHECKED_AT_ONCE = 32  # texts; long ones take memory while they are checked


def as_texts(texts: object, name: str, first: int = 0) -> list[str]:
    """A string is a batch of one; a list, tuple or one-dimensional array is a batch.

    `first` is the number of the first item, where these are some of many.

    Raises:
        InputError: anything else, an item that is no string, or one with a lone surrogate.
    """
    if isinstance(texts, str):
        items: list[Any] = [texts]
    elif isinstance(texts, list | tuple):
        items = list(texts)
    elif isinstance(texts, np.ndarray) and texts.ndim == 1:
        items = texts.tolist()
    else:
        shape = f" of shape {texts.shape}" if isinstance(texts, np.ndarray) else ""
        raise InputError(
            f"{name}: expected a str, or a list, tuple or 1-d array of str, received "
            f"{type(texts).__name__}{shape}."
        )
    if not _are_texts(items):
        _name_the_wrong_one(items, name, first)
    return items


def _are_texts(items: Sequence[Any]) -> bool:
    """Whether all are Unicode text: what encodes to UTF-16 is, and nothing is faster to check."""
    try:
        others = [*filterfalse(str.isascii, items)]
        for start in range(0, len(others), CHECKED_AT_ONCE):
            "".join(others[start : start + CHECKED_AT_ONCE]).encode("utf-16-le")
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def as_text(text: object, name: str) -> str:
    """One string.

    Raises:
        InputError: anything else, or a lone surrogate.
    """
    if not isinstance(text, str):
        raise InputError(f"{name}: expected a str, received {type(text).__name__}.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as failure:
        raise InputError(
            f"{name}: lone surrogate U+{ord(text[failure.start]):04X} at character "
            f"{failure.start}, which is not Unicode text. Decode the bytes as UTF-8, or with "
            'errors="replace".'
        ) from None
    return text


def _name_the_wrong_one(items: Sequence[Any], name: str, first: int) -> None:
    for index, item in enumerate(items, first):
        if not isinstance(item, str):
            pairs = " A tokenizer takes pairs as two lists of the same length."
            raise InputError(
                f"{name}[{index}]: expected a str, received {type(item).__name__}."
                f"{pairs if isinstance(item, list | tuple) else ''}"
            )
        as_text(item, f"{name}[{index}]")


def as_folder(folder: object, name: str = "folder") -> Path:
    """The path of a model folder; whether it is there is for the reader of its files to say.

    Raises:
        InputError: no path, an empty one, or one that cannot be looked up.
    """
    if not isinstance(folder, str | os.PathLike):
        raise InputError(f"{name}: expected a path, received {type(folder).__name__}.")
    if not os.fspath(folder):  # an unset variable; Path("") would be the current folder
        raise InputError(f"{name}: expected a path, received an empty string.")
    path = Path(folder)
    try:
        path.exists()
    except OSError as failure:  # the name is too long, or a folder on the way is closed
        shown = str(path)[:200]
        raise InputError(f"{name}: {shown!r} cannot be opened: {failure.strerror}.") from None
    return path


def as_integer(value: object, name: str) -> int:
    """An int or a NumPy integer, but no bool.

    Raises:
        InputError: anything else.
    """
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        return operator.index(value)  # type: ignore[arg-type]  # TypeError is caught
    except TypeError:
        raise InputError(f"{name}: expected an int, received {value!r:.80}.") from None


def as_positive(value: object, name: str) -> int:
    """An integer above 0.

    Raises:
        InputError: anything else.
    """
    number = as_integer(value, name)
    if number < 1:
        raise InputError(f"{name}: expected a positive integer, received {number}.")
    return number


def as_positive_or_none(value: object, name: str) -> int | None:
    """An integer above 0, or None.

    Raises:
        InputError: anything else.
    """
    return None if value is None else as_positive(value, name)


def as_ids(ids: object, rows: int) -> list[int]:
    """A sequence or one-dimensional array of ids below `rows`.

    Raises:
        InputError: anything else.
    """
    if isinstance(ids, np.ndarray) and ids.ndim == 1:
        ids = ids.tolist()
    if not isinstance(ids, Sequence) or isinstance(ids, str | bytes):
        raise InputError(
            f"ids: expected a sequence or 1-d array of int, received {type(ids).__name__}."
        )
    checked = [
        value if type(value) is int else as_integer(value, f"ids[{index}]")
        for index, value in enumerate(ids)
    ]
    if checked and not 0 <= min(checked) <= max(checked) < rows:
        index, value = next((n, v) for n, v in enumerate(checked) if not 0 <= v < rows)
        raise InputError(f"ids[{index}]: {value} is outside the vocabulary of {rows} rows.")
    return checked


def as_flag(value: object, name: str) -> bool:
    """True or False.

    Raises:
        InputError: anything else; a truthy string is most likely a misplaced argument.
    """
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name}: expected True or False, received {value!r:.80}.")
    return bool(value)


def one_of(value: object, allowed: Sequence[object], name: str) -> object:
    """One of a few values, compared with their types: 1 is not True.

    Raises:
        InputError: anything else.
    """
    for choice in allowed:
        if type(value) is type(choice) and value == choice:
            return choice
    raise InputError(f"{name}: expected one of {list(allowed)}, received {value!r:.80}.")
