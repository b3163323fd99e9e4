"""What kernels take, said once: compilation makes Numba's types of it, each call its checks.

Compiled code cannot look at its arguments. They come to it as one row of 64-bit words: an array is
its address and its shape, a number is itself, a record is its fields one after another. Strides are
not among them: every array is contiguous.
"""

import ctypes
import struct
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

# An array's address by its `__array_struct__`, the quickest way that NumPy documents: a capsule
# with a pointer to two ints, a char, two ints, two pointers, and then the address of the data.
_struct_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400  # NumPy's numbers of an array's flags
_word_at = ctypes.c_size_t.from_address
_DATA = 24 + 2 * ctypes.sizeof(ctypes.c_void_p)


class Kind(Protocol):
    """The type of an argument; each is itself and equal to no other."""

    def pack(self, value: Any) -> bytes:
        """The words of a value.

        Raises:
            TypeError: it is of another type; the message says what was expected and received.
        """
        ...


class ArrayKind:
    """A C-contiguous array; kernels write to it only if `writable`."""

    def __init__(self, dtype: np.dtype[Any], ndim: int, writable: bool) -> None:
        self.dtype = dtype
        self.ndim = ndim
        self.writable = writable
        self._words = struct.Struct(f"={1 + ndim}q").pack
        self._flags = CONTIGUOUS | ALIGNED | (WRITEABLE if writable else 0)

    def pack(self, value: Any) -> bytes:
        """See `Kind.pack`."""
        if not isinstance(value, np.ndarray):
            raise TypeError(f"expected {self}, received {type(value).__name__}")
        shape = value.shape
        if (
            value.dtype != self.dtype
            or len(shape) != self.ndim
            or value.flags.num & self._flags != self._flags
        ):
            order = "C-contiguous" if value.flags.c_contiguous else "strided"
            use = "" if value.flags.writeable else "read-only "
            raise TypeError(f"expected {self}, received a {order} {use}{value.dtype} {shape}")
        interface = value.__array_struct__
        return self._words(_word_at(_struct_of(interface, None) + _DATA).value, *shape)

    def __str__(self) -> str:
        use = "writable " if self.writable else ""
        return f"a C-contiguous {use}{self.dtype} array of {self.ndim} axes"


class NumberKind:
    """A number, by the code that `struct` has for its word."""

    def __init__(self, name: str, code: str) -> None:
        self.name = name
        self.code = code
        self._words = struct.Struct(code).pack

    def pack(self, value: Any) -> bytes:
        """See `Kind.pack`."""
        try:
            return self._words(value)
        except struct.error:
            raise TypeError(f"expected {self.name}, received {value!r}") from None


class RecordKind:
    """A named tuple, or a plain one, of values of these kinds."""

    def __init__(self, record: type[tuple[Any, ...]], fields: tuple[Kind, ...]) -> None:
        self.record = record
        self.fields = fields

    def pack(self, value: Any) -> bytes:
        """See `Kind.pack`."""
        if type(value) is not self.record or len(value) != len(self.fields):
            raise TypeError(f"expected {self.record.__name__}, received {type(value).__name__}")
        return pack_all(self.fields, value, getattr(self.record, "_fields", ()))


class Packed:
    """A value and its words, made once: for what is handed over again and again."""

    __slots__ = ("kind", "value", "words")

    def __init__(self, kind: Kind, value: Any) -> None:
        self.kind = kind
        self.value = value  # keeps the arrays where the words say they are
        self.words = kind.pack(value)


def pack_all(kinds: Sequence[Kind], values: Sequence[Any], names: Sequence[str] = ()) -> bytes:
    """The words of several values; any of them may be `Packed` already.

    Raises:
        TypeError: one is of another type than its kind says.
    """
    words = []
    try:
        for kind, value in zip(kinds, values, strict=True):
            if type(value) is Packed and value.kind is kind:
                words.append(value.words)
            else:
                words.append(kind.pack(value))
    except TypeError as error:
        place = names[len(words)] if names else f"argument {len(words) + 1}"
        raise TypeError(f"{place}: {error}") from None
    except ValueError:
        raise TypeError(f"expected {len(kinds)} values, received {len(values)}") from None
    return b"".join(words)


def _array(dtype: str, ndim: int, writable: bool) -> ArrayKind:
    return ArrayKind(np.dtype(dtype), ndim, writable)


IN1, IN2, IN3 = (_array("float32", ndim, False) for ndim in (1, 2, 3))
OUT1, OUT2, OUT3 = (_array("float32", ndim, True) for ndim in (1, 2, 3))
IDS = _array("int32", 1, False)
COUNTERS = _array("int64", 2, True)
INT = NumberKind("an integer of 64 bits", "=q")
FLOAT = NumberKind("a float32", "=d")  # a word has room for it, and no rounding is left to do
DOUBLE = NumberKind("a float64", "=d")
