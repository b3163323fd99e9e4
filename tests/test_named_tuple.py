"""Our `NamedTuple` does what `typing.NamedTuple` does, case by case."""

import copy
import inspect
import pickle
import typing

import pytest

from npdistil.named_tuple import NamedTuple


class Ours(NamedTuple):
    """A place."""

    x: int
    y: float = 2.5
    name: str = "here"

    @property
    def double(self) -> float:
        return self.x * 2

    @classmethod
    def origin(cls) -> "Ours":
        return cls(0, 0)


class Theirs(typing.NamedTuple):
    """A place."""

    x: int
    y: float = 2.5
    name: str = "here"


Below = type("Below", (Ours,), {"__slots__": ()})

CASES = {
    "places": lambda kind: kind(1, 2, "a"),
    "names": lambda kind: kind(name="a", x=1, y=2),
    "both": lambda kind: kind(1, name="a"),
    "defaults": lambda kind: kind(1),
    "_make": lambda kind: kind._make(iter([1, 2, 3])),
    "_replace": lambda kind: kind(1)._replace(name="b", x=7),
    "_asdict": lambda kind: kind(1)._asdict(),
    "_fields": lambda kind: kind._fields,
    "_field_defaults": lambda kind: kind._field_defaults,
    "match": lambda kind: kind.__match_args__,
    "equal": lambda kind: (kind(1) == (1, 2.5, "here"), kind(1) != kind(2), kind(1) < kind(2)),
    "hash": lambda kind: hash(kind(1)),
    "unpacked": lambda kind: [*kind(1)],
    "shown": lambda kind: repr(kind(1)).partition("(")[2],
    "signature": lambda kind: [
        (each.name, each.default) for each in inspect.signature(kind).parameters.values()
    ],
    "hints": lambda kind: typing.get_type_hints(kind),
    "annotations": lambda kind: kind.__annotations__,
    "doc": lambda kind: kind.__doc__,
    "module": lambda kind: kind.__module__,
    "memory": lambda kind: hasattr(kind(1), "__dict__"),
    "copied": lambda kind: (copy.copy(kind(1)), copy.deepcopy(kind(1)), type(copy.copy(kind(1)))),
}


@pytest.mark.parametrize("case", CASES)
def test_as_typing_has_it(case: str) -> None:
    """Catches a method, a default or a comparison that is not as readers of the name expect."""
    ours, theirs = CASES[case](Ours), CASES[case](Theirs)
    if case == "copied":
        (*ours, kind), (*theirs, _) = ours, theirs
        assert kind is Ours
    assert ours == theirs


WRONG = {
    "nothing": lambda kind: kind(),
    "one too many": lambda kind: kind(1, 2, 3, 4),
    "twice": lambda kind: kind(1, x=2),
    "unknown": lambda kind: kind(1, z=2),
    "the first by default": lambda kind: kind(y=1),
    "made of too few": lambda kind: kind._make([1]),
    "made of too many": lambda kind: kind._make([1, 2, 3, 4]),
}


@pytest.mark.parametrize("case", WRONG)
def test_as_typing_refuses_it(case: str) -> None:
    """Catches a record with a field too few, or a value that gets lost."""
    for kind in (Ours, Theirs):
        with pytest.raises(TypeError):
            WRONG[case](kind)


def test_what_is_said_about_a_wrong_record() -> None:
    """Catches a message that does not name what there is."""
    with pytest.raises(TypeError, match=r"Ours: expected x, y, name; received 1 values, .* z"):
        Ours(1, z=3)
    with pytest.raises(TypeError, match="Ours: no field is called z"):
        Ours(1)._replace(z=3)


def test_a_record_stays_as_it_is() -> None:
    """Catches fields that can be set, on the object or by a stray name."""
    for name in ("x", "other"):
        with pytest.raises(AttributeError):
            setattr(Ours(1), name, 5)


def test_methods_and_subclasses_keep_the_fields() -> None:
    """Catches methods that are taken for fields, and a subclass that has lost all."""
    assert Ours(3).double == 6 and Ours.origin() == (0, 0, "here")
    assert Below(4).x == 4 and Below._fields == Ours._fields and Below(4).double == 8
    assert type(Below(4)._replace(x=5)) is Below


def test_a_record_is_pickled() -> None:
    """Catches a record that comes back as a plain tuple, or not at all."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        found = pickle.loads(pickle.dumps(Ours(1, name="a"), protocol))
        assert type(found) is Ours and found == (1, 2.5, "a")


def test_fields_with_defaults_come_last() -> None:
    """Catches a class whose values would land in the wrong fields."""
    with pytest.raises(TypeError, match="a field without a default follows"):
        type(NamedTuple)("Bad", (NamedTuple,), {"__annotations__": {"a": int, "b": int}, "a": 1})
