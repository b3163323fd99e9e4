"""The pickle inside a torch checkpoint, read as data: 31 opcodes over inert records.

This is not the pickle module, and nothing of it is used: a pickle is a program, and the module
runs it. Here a stack machine of its own knows the opcodes that state dicts are written with. No
name is imported, nothing is called; what it makes are dicts, lists, tuples, strings, numbers and
the records of `torch_records`. Nothing that a file made up is hashed, compared or printed, but
strings and numbers. The opcodes are those of Python's Lib/pickletools.py.
"""

import struct
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from ..errors import ModelFileError
from .byte_stream import ByteStream
from .torch_records import GLOBALS, Storage, call, storage

# 96 layers, the most that a configuration may ask for, take 40,000 opcodes. With these bounds no
# stream makes more than 64 MB of objects, and none takes longer than a second.
MAX_PICKLE_BYTES = 8 << 20
MAX_OPCODES = 200_000
MAX_MEMO = 1 << 20
MAX_MARKS = 64
MAX_STRING = 4096  # bytes
MAX_LINE = 128  # bytes of a module's or a class's name
MAX_INTEGER = 9  # bytes
MAX_ITEMS = 50_000  # of a map or a list
MAX_TUPLE = 64

_PROTOCOL_2 = b"\x80\x02"
_STOP = b"."


class Pickled(NamedTuple):
    """What a pickle holds."""

    value: Any
    storages: dict[str, Storage]  # every one that was mentioned, by key


def read_pickle(stream: ByteStream, storage_fields: int = 5) -> Pickled:
    """Read one pickle; the stream then stands behind it.

    Args:
        stream: at the pickle's first byte.
        storage_fields: how many fields the id of a storage has: 5, or 6 in the old format.

    Raises:
        ModelFileError: an opcode, a name, a call or a structure that no state dict needs, or more
            of them than the bounds above allow.
    """
    machine = _Machine(stream, storage_fields)
    return Pickled(machine.run(), machine.storages)


class _Machine:
    def __init__(self, stream: ByteStream, storage_fields: int) -> None:
        self.stream = stream
        self.take = stream.take
        self.storage_fields = storage_fields
        self.storages: dict[str, Storage] = {}
        self.stack: list[Any] = []  # since the last mark
        self.below: list[list[Any]] = []  # the stacks that marks put aside
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        if self.take(2) != _PROTOCOL_2:
            self.refuse(
                "no pickle of protocol 2; save it again with torch.save as it is by default"
            )
        for _ in range(MAX_OPCODES):
            code = self.take(1)
            if code == _STOP:
                break
            step = _STEPS.get(code)
            if step is None:
                self.refuse(f"opcode {code!r}, which no state dict needs; nothing was executed")
            step(self)
        else:
            self.refuse(f"more than {MAX_OPCODES} opcodes")
        if self.below or len(self.stack) != 1:
            self.refuse("stops with an open mark, or not with one value")
        return self.stack[0]

    def refuse(self, problem: str) -> NoReturn:
        raise ModelFileError(f"{self.here()}: {problem}.")

    def here(self) -> str:
        return f"{self.stream.where}: byte {self.stream.position}"

    def pop(self) -> Any:
        if not self.stack:
            self.refuse("takes from an empty stack")
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        """The value on the stack that an opcode changes."""
        if not self.stack or type(self.stack[-1]) is not kind:
            self.refuse(f"changes something that is not a {kind.__name__}")
        return self.stack[-1]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    # Values

    def long1(self) -> None:
        length = self.number(1)
        if length > MAX_INTEGER:
            self.refuse(f"an integer of {length} bytes")
        self.stack.append(int.from_bytes(self.take(length), "little", signed=True))

    def float8(self) -> None:
        self.stack.append(struct.unpack(">d", self.take(8))[0])

    def text(self) -> None:
        length = self.number(4)
        if length > MAX_STRING:
            self.refuse(f"a string of {length} bytes")
        try:
            self.stack.append(self.take(length).decode("utf-8"))
        except UnicodeDecodeError:
            self.refuse("a string that is not UTF-8")

    def line(self) -> str:
        content = bytearray()
        while (byte := self.take(1)) != b"\n":
            content += byte
            if len(content) > MAX_LINE or not 0x20 < byte[0] < 0x7F:
                self.refuse("a name that is too long or not plain ASCII")
        return content.decode("ascii")

    def name(self) -> None:
        module, name = self.line(), self.line()
        known = GLOBALS.get((module, name))
        if known is None:
            self.refuse(
                f"asks for {module}.{name}, which no plain state dict does; nothing was imported. "
                f"Save model.state_dict() instead of whatever this holds"
            )
        self.stack.append(known)

    # Containers

    def mark(self) -> None:
        if len(self.below) >= MAX_MARKS:
            self.refuse(f"more than {MAX_MARKS} open marks")
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        if not self.below:
            self.refuse("there is no mark")
        items, self.stack = self.stack, self.below.pop()
        return items

    def tuple_of(self, items: list[Any]) -> None:
        if len(items) > MAX_TUPLE:
            self.refuse(f"a tuple of {len(items)} items")
        self.stack.append(tuple(items))

    def last(self, count: int) -> None:
        self.tuple_of([self.pop() for _ in range(count)][::-1])

    def extend(self, items: list[Any]) -> None:
        target = self.top(list)
        if len(target) + len(items) > MAX_ITEMS:
            self.refuse(f"a list of more than {MAX_ITEMS} items")
        target += items

    def update(self, items: list[Any]) -> None:
        target = self.top(dict)
        if len(items) % 2:
            self.refuse("a key without a value")
        if len(target) + len(items) // 2 > MAX_ITEMS:
            self.refuse(f"a map of more than {MAX_ITEMS} entries")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) is not str:
                self.refuse(f"a map whose key is {type(key).__name__}, not a string")
            if key in target:
                self.refuse(f"key {key[:80]!r} appears twice")
            target[key] = value

    def build(self) -> None:
        """Attributes for a map: `_metadata`, versions of modules, which are dropped."""
        if type(self.pop()) is not dict:
            self.refuse("attributes that are not a map")
        self.top(dict)

    # The memo

    def put(self, index: int) -> None:
        if index >= MAX_MEMO:
            self.refuse(f"memo index {index}")
        if not self.stack:
            self.refuse("nothing to remember")
        self.memo[index] = self.stack[-1]

    def get(self, index: int) -> None:
        if index not in self.memo:
            self.refuse(f"memo index {index}, where nothing was put")
        value = self.memo[index]
        # So every container stands in one place, and none inside itself.
        if type(value) in (dict, list):
            self.refuse("a container that stands in two places")
        self.stack.append(value)

    # Records

    def reduce(self) -> None:
        arguments, function = self.pop(), self.pop()
        self.stack.append(call(function, arguments, self.here()))

    def persistent(self) -> None:
        found = storage(self.pop(), self.storage_fields, self.here())
        if self.storages.setdefault(found.key, found) != found:
            self.refuse(f"storage {found.key} with two types or sizes")
        self.stack.append(found)


_STEPS: dict[bytes, Callable[[_Machine], None]] = {
    b"N": lambda m: m.stack.append(None),
    b"\x88": lambda m: m.stack.append(True),
    b"\x89": lambda m: m.stack.append(False),
    b"K": lambda m: m.stack.append(m.number(1)),
    b"M": lambda m: m.stack.append(m.number(2)),
    b"J": lambda m: m.stack.append(int.from_bytes(m.take(4), "little", signed=True)),
    b"\x8a": _Machine.long1,
    b"G": _Machine.float8,
    b"X": _Machine.text,
    b"c": _Machine.name,
    b"(": _Machine.mark,
    b")": lambda m: m.stack.append(()),
    b"t": lambda m: m.tuple_of(m.since_mark()),
    b"\x85": lambda m: m.last(1),
    b"\x86": lambda m: m.last(2),
    b"\x87": lambda m: m.last(3),
    b"]": lambda m: m.stack.append([]),
    b"a": lambda m: m.extend([m.pop()]),
    b"e": lambda m: m.extend(m.since_mark()),
    b"}": lambda m: m.stack.append({}),
    b"s": lambda m: m.update([m.pop(), m.pop()][::-1]),
    b"u": lambda m: m.update(m.since_mark()),
    b"b": _Machine.build,
    b"q": lambda m: m.put(m.number(1)),
    b"r": lambda m: m.put(m.number(4)),
    b"h": lambda m: m.get(m.number(1)),
    b"j": lambda m: m.get(m.number(4)),
    b"R": _Machine.reduce,
    b"Q": _Machine.persistent,
}
