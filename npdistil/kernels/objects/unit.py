"""Functions that Python calls in compiled code, and the unit that they are loaded with."""

from collections.abc import Callable
from typing import Any

from ...named_tuple import NamedTuple
from ..signature import Kind, pack_all

Call = Callable[[bytes], None]  # machine code; takes the words of its arguments


class Unit(NamedTuple):
    """What is compiled, kept and loaded together, all or nothing.

    Code that is inlined is the same everywhere in a unit, whoever built it.
    """

    name: str
    home: str  # the module where it stands, from which a process of its own takes it
    functions: "tuple[Function, ...]"


class Function(NamedTuple):
    """One of them, before it is compiled."""

    module: str  # where the kernel is, as a module of the unit's home would import it: ".forward"
    name: str
    arguments: tuple[Kind, ...]

    @property
    def symbol(self) -> str:
        """Its name in the object."""
        return f"npdistil_{self.name}"


class Entry:
    """A compiled function; the first call of any loads the unit, or compiles it.

    Arguments are checked as `signature.py` says. The GIL is released during the call; any number of
    threads may call.
    """

    __slots__ = ("_address", "_arguments", "_name", "_unit")

    def __init__(self, unit: Unit, name: str) -> None:
        (function,) = (each for each in unit.functions if each.name == name)
        self._unit = unit
        self._name = name
        self._arguments = function.arguments
        self._address: Call | None = None

    def __call__(self, *arguments: Any) -> None:
        """Call it.

        Args:
            arguments: of the kinds that the kernel was declared with, or `Packed`.

        Raises:
            TypeError: wrong number, dtype, axes or layout, or a read-only output.
        """
        call = self._address or self.load()
        try:
            words = pack_all(self._arguments, arguments)
        except TypeError as error:
            raise TypeError(f"{self._name}: {error}") from None
        call(words)

    def load(self) -> Call:
        """Load the unit, or compile it, now and not at the first call."""
        from .load import load_unit

        self._address = load_unit(self._unit)[self._name]
        return self._address
