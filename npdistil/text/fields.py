"""Taking typed values out of JSON objects that nobody vouches for."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import regex

from ..errors import TokenizerError
from ..files import parse_json, read_file

MAX_SETTINGS_BYTES = 1 << 20
# Transformers writes int(1e30) for "no limit"; the strict reader takes no integer of 31 digits.
_NO_LIMIT = regex.compile(rb"(?<![\w.+-])1000000000000000019884624838656(?![\w.])")


class Fields:
    """One JSON object, with the words that lead to it for the messages.

    Reading is by name and type: a bool is no int, a number no string. Nothing read here is ever
    imported, called or used as a path.
    """

    def __init__(self, value: object, where: str) -> None:
        """Raises TokenizerError if the value is no object."""
        if not isinstance(value, dict):
            raise TokenizerError(f"{where}: expected an object, received {_shown(value)}.")
        self.value: dict[str, Any] = value
        self.where = where

    def __contains__(self, name: str) -> bool:
        return name in self.value

    def fail(self, name: str, problem: str) -> TokenizerError:
        """The error to raise about one field."""
        return TokenizerError(f"{self.where}: {name}: {problem}")

    def known(self, names: Collection[str]) -> "Fields":
        """Refuse any other name.

        Raises:
            TokenizerError: a field that is not in `names`.
        """
        for name in self.value:
            if name not in names:
                raise self.fail(name[:80], "unknown field; only BERT's components are built.")
        return self

    def object(self, name: str) -> "Fields":
        """An object inside.

        Raises:
            TokenizerError: absent, or something else.
        """
        return Fields(self.value.get(name), f"{self.where}: {name}")

    def text(self, name: str, default: str | None = None) -> str:
        """A string; `default` if absent.

        Raises:
            TokenizerError: something else, or absent without a default.
        """
        value = self.value.get(name, default)
        if not isinstance(value, str):
            raise self.fail(name, f"expected a string, received {_shown(value)}.")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """true or false; `default` if absent.

        Raises:
            TokenizerError: something else, or absent without a default.
        """
        value = self.value.get(name, default)
        if not isinstance(value, bool):
            raise self.fail(name, f"expected true or false, received {_shown(value)}.")
        return value

    def optional_flag(self, name: str) -> bool | None:
        """true, false, or None where null or absent.

        Raises:
            TokenizerError: something else.
        """
        return None if self.value.get(name) is None else self.flag(name)

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """An integer in [low, high]; `default` if absent.

        Raises:
            TokenizerError: not an integer, outside the range, or absent without a default.
        """
        value = self.value.get(name, default)
        if type(value) is not int or not low <= value <= high:
            raise self.fail(
                name, f"expected an integer from {low} to {high}, received {_shown(value)}."
            )
        return value

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of a few words.

        Raises:
            TokenizerError: anything else.
        """
        value = self.text(name, default)
        if value not in allowed:
            raise self.fail(
                name, f"expected one of {', '.join(sorted(allowed))}, received {value[:80]!r}."
            )
        return value


def read_fields(path: Path) -> Fields:
    """A JSON object, or an empty one where there is no such file.

    Raises:
        TokenizerError: the file is there and not a readable JSON object.
    """
    if not is_there(path):
        return Fields({}, str(path))
    content = _NO_LIMIT.sub(b"1e30", read_file(path, MAX_SETTINGS_BYTES, TokenizerError))
    return Fields(parse_json(content, str(path), TokenizerError), str(path))


def is_there(path: Path) -> bool:
    """Whether anything has this name, a link that leads nowhere too: that is an error, not a gap.

    Raises:
        TokenizerError: the name is too long, or a folder on the way cannot be searched.
    """
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError) as failure:
        raise TokenizerError(f"{str(path)[:200]!r} cannot be looked up: {failure}.") from None


def _shown(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.80}"
