"""Taking typed values out of JSON objects that nobody vouches for.

Reading is by name and type: a bool is no int, a number no string. Nothing read here is ever
imported, called or used as a path. Every fault has one wording: what was expected, what was
received.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Self

from .errors import NpdistilError
from .files import MAX_JSON_BYTES, is_there, read_json_object


def shown(value: object) -> str:
    """A value as it may stand in a message: short, whatever the file holds."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def integer_fault(value: object, low: int, high: int | None = None) -> str | None:
    """What is wrong with an integer of [low, high], or of at least `low`; None if nothing is."""
    # type() and not isinstance: True is an int, and 1.0 in an integer's place is a mistake.
    if type(value) is int and low <= value and (high is None or value <= high):
        return None
    bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
    return f"expected an integer {bounds}, received {shown(value)}"


def float_fault(value: object, low: float, high: float) -> str | None:
    """What is wrong with a float of [low, high]; None if nothing is. NaN is outside."""
    if type(value) is float and low <= value <= high:
        return None
    return f"expected a float from {low} to {high}, received {shown(value)}"


def active_keys(values: Mapping[str, Any], neutral: Mapping[str, tuple[object, ...]]) -> list[str]:
    """One fault for each key that asks for what is not built.

    Args:
        values: a JSON object.
        neutral: keys that would change a result, and the only values that do not. An absent key
            counts as None.
    """
    return [
        f"{key} {shown(values.get(key))} is not built"
        for key, accepted in neutral.items()
        # type() too: 0 == False, and `"is_decoder": 0` is nothing Transformers writes.
        if not any(
            type(values.get(key)) is type(value) and values.get(key) == value for value in accepted
        )
    ]


class Fields:
    """One JSON object, with the words that lead to it for the messages.

    Attributes:
        value: the object.
        where: file and place, the start of every message.
        error: the class to raise.
    """

    def __init__(self, value: object, where: str, error: type[NpdistilError]) -> None:
        """Raises `error` if the value is no object."""
        if not isinstance(value, dict):
            raise error(f"{where}: expected an object, received {_received(value)}.")
        self.value: dict[str, Any] = value
        self.where = where
        self.error = error

    @classmethod
    def from_file(
        cls, path: Path, error: type[NpdistilError], max_bytes: int = MAX_JSON_BYTES
    ) -> Self:
        """The object that a file holds.

        Raises:
            error: the file is missing or not a readable JSON object; see `read_json_object`.
        """
        return cls(read_json_object(path, error, max_bytes), str(path), error)

    @classmethod
    def from_optional_file(cls, path: Path, error: type[NpdistilError]) -> Self:
        """As `from_file`; an empty object where there is no such file.

        Raises:
            error: the file is there and not a readable JSON object.
        """
        return cls.from_file(path, error) if is_there(path, error) else cls({}, str(path), error)

    def __contains__(self, name: str) -> bool:
        return name in self.value

    def fail(self, name: str, problem: str) -> NpdistilError:
        """The error to raise about one field."""
        return self.error(f"{self.where}: {name}: {problem}")

    def known(self, names: Collection[str]) -> Self:
        """Refuse any other name.

        Raises:
            error: a field that is not in `names`.
        """
        for name in self.value:
            if name not in names:
                built = ", ".join(sorted(names))
                raise self.fail(name[:80], f"unknown field; only {built} can be read here.")
        return self

    def inside(self, value: object, name: str) -> Self:
        """An object inside this one, named for the messages.

        Raises:
            error: `value` is no object.
        """
        return type(self)(value, f"{self.where}: {name}", self.error)

    def object(self, name: str) -> Self:
        """The object of that name.

        Raises:
            error: absent, or something else.
        """
        return self.inside(self.value.get(name), name)

    def text(self, name: str, default: str | None = None) -> str:
        """A string; `default` if absent.

        Raises:
            error: something else, or absent without a default.
        """
        value = self.value.get(name, default)
        if not isinstance(value, str):
            raise self.fail(name, f"expected a string, received {_received(value)}.")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """true or false; `default` if absent.

        Raises:
            error: something else, or absent without a default.
        """
        value = self.value.get(name, default)
        if not isinstance(value, bool):
            raise self.fail(name, f"expected true or false, received {_received(value)}.")
        return value

    def optional_flag(self, name: str) -> bool | None:
        """true, false, or None where null or absent.

        Raises:
            error: something else.
        """
        return None if self.value.get(name) is None else self.flag(name)

    def integer(
        self, name: str, low: int, high: int | None = None, default: int | None = None
    ) -> int:
        """An integer in [low, high], or of at least `low`; `default` if absent.

        Raises:
            error: not an integer, outside the range, or absent without a default.
        """
        value: Any = self.value.get(name, default)
        fault = integer_fault(value, low, high)
        if fault:
            raise self.fail(name, f"{fault}.")
        return int(value)

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of a few words.

        Raises:
            error: anything else.
        """
        value = self.text(name, default)
        if value not in allowed:
            raise self.fail(
                name, f"expected one of {', '.join(sorted(allowed))}, received {shown(value)}."
            )
        return value


def _received(value: object) -> str:
    return "nothing" if value is None else shown(value)
