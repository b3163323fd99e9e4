"""`NamedTuple` as `typing` has it, made in a sixth of the time: for what a start imports.

There are more than sixty such classes. `typing` compiles a constructor and makes ten functions for
each: that took 7 ms of a start; and Python's end, which looks through all that there is, took
longer by as much again. Here the classes share their functions.
"""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or sys.version_info >= (3, 14):  # from there on a class's body has no annotations
    from typing import NamedTuple as NamedTuple
else:
    from collections import _tuplegetter

    class _Maker(type):
        """Makes fields of the annotations in a class's body."""

        def __new__(maker, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if bases[0] is tuple or hasattr(bases[0], "_fields"):  # nothing is left to make
                return super().__new__(maker, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body[field] for field in fields if field in body}
            if (*defaults,) != fields[len(fields) - len(defaults) :]:
                raise TypeError(f"{name}: a field without a default follows one that has a default")
            body |= {field: _tuplegetter(n, "") for n, field in enumerate(fields)}
            body |= {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            return super().__new__(maker, name, bases, {**body, "__slots__": ()})

        @property
        def __signature__(cls) -> Any:
            """For `inspect`; and for Numba, as kernels make such tuples."""
            from inspect import Parameter, Signature

            kind, none = Parameter.POSITIONAL_OR_KEYWORD, Parameter.empty
            return Signature(
                Parameter(field, kind, default=cls._field_defaults.get(field, none))
                for field in cls._fields
            )

    class NamedTuple(tuple, metaclass=_Maker):
        """A tuple whose items have names: the annotations of a subclass.

        Its methods are those that `collections.namedtuple` documents.
        """

        __slots__ = ()

        def __new__(cls, *values: Any, **named: Any) -> Any:
            if named or len(values) != len(cls._fields):
                values += _others(cls, len(values), named)
            return tuple.__new__(cls, values)

        @classmethod
        def _make(cls, iterable: Iterable[Any]) -> Any:
            made = tuple.__new__(cls, iterable)
            if len(made) != len(cls._fields):
                raise TypeError(f"{cls.__name__}: received {len(made)} values")
            return made

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def _replace(self, /, **named: Any) -> Any:
            values = [*map(named.pop, self._fields, self)]
            if named:
                raise TypeError(f"{type(self).__name__}: no field is called {', '.join(named)}")
            return tuple.__new__(type(self), values)

        def __repr__(self) -> str:
            fields = (f"{field}={value!r}" for field, value in self._asdict().items())
            return f"{type(self).__name__}({', '.join(fields)})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

    def _others(cls: Any, given: int, named: dict[str, Any]) -> tuple[Any, ...]:
        """The values behind those that were given by their places."""
        fields, found = cls._fields[given:], {**cls._field_defaults, **named}
        known = given <= len(cls._fields) and named.keys() <= {*fields}
        if not known or not found.keys() >= {*fields}:
            raise TypeError(
                f"{cls.__name__}: expected {', '.join(cls._fields)}; "
                f"received {given} values, and by name {', '.join(named) or 'none'}"
            )
        return tuple([found[field] for field in fields])
