"""Torch checkpoints made byte by byte, without torch: good ones, and those that it never writes."""

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

PROTO = b"\x80\x02"
STOP = b"."
MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."


def text(value: str | bytes) -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return b"X" + struct.pack("<L", len(value)) + value


def number(value: int) -> bytes:
    """As Python's pickler writes an integer."""
    if 0 <= value < 256:
        return b"K" + bytes([value])
    if 0 <= value < 65536:
        return b"M" + struct.pack("<H", value)
    if -(1 << 31) <= value < 1 << 31:
        return b"J" + struct.pack("<l", value)
    length = value.bit_length() // 8 + 1
    return b"\x8a" + bytes([length]) + value.to_bytes(length, "little", signed=True)


def value(item: Any) -> bytes:
    """A Python value as opcodes; bytes are opcodes already."""
    if isinstance(item, bytes):
        return item
    if item is None or isinstance(item, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[item]
    if isinstance(item, int):
        return number(item)
    if isinstance(item, float):
        return b"G" + struct.pack(">d", item)
    if isinstance(item, str):
        return text(item)
    if isinstance(item, tuple):
        return b"(" + b"".join(map(value, item)) + b"t"
    if isinstance(item, list):
        return b"](" + b"".join(map(value, item)) + b"e"
    pairs = b"".join(value(key) + value(entry) for key, entry in item.items())
    return b"}(" + pairs + b"u"


def named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


ODICT = named("collections", "OrderedDict") + b")R"
REBUILD = named("torch._utils", "_rebuild_tensor_v2")
PARAMETER = named("torch._utils", "_rebuild_parameter")
FLOATS = named("torch", "FloatStorage")


def storage(
    key: Any = "0", count: Any = 6, kind: Any = FLOATS, location: Any = "cpu", *more: Any
) -> bytes:
    return value(("storage", kind, key, location, count, *more)) + b"Q"


def tensor(
    values: Any = None,
    offset: Any = 0,
    shape: Any = (2, 3),
    strides: Any = (3, 1),
    grad: Any = False,
    hooks: Any = ODICT,
    *more: Any,
) -> bytes:
    values = storage() if values is None else values
    return REBUILD + value((values, offset, shape, strides, grad, hooks, *more)) + b"R"


def state(**items: Any) -> bytes:
    """An OrderedDict with `_metadata`, as a module's state_dict() is."""
    pairs = b"".join(text(name) + value(item) for name, item in items.items())
    return ODICT + b"(" + pairs + b"u" + value({"_metadata": {"": {"version": 1}}}) + b"b"


def pickled(body: bytes) -> bytes:
    return PROTO + body + STOP


SIX = np.arange(6, dtype="<f4").tobytes()


@dataclass
class Entry:
    """One entry of a zip file; what `local` and `central` name is written there instead."""

    name: bytes
    data: bytes
    flags: int = 0x0808
    method: int = 0
    local: Mapping[str, Any] = field(default_factory=dict)
    central: Mapping[str, Any] = field(default_factory=dict)
    descriptor: bytes | None = None


def entries(pickle: bytes, storages: Mapping[str, bytes], **words: bytes) -> list[Entry]:
    """What torch writes; `words` replace or add records of one word."""
    small = {".format_version": b"1", ".storage_alignment": b"64", "byteorder": b"little"}
    last = {"version": b"3\n", ".data/serialization_id": b"1077862729799854162"}
    records = {"data.pkl": pickle, **small}
    records |= {f"data/{key}": content for key, content in storages.items()} | last | words
    return [Entry(b"archive/" + name.encode(), content) for name, content in records.items()]


def archive(
    parts: Iterable[Entry],
    *,
    before: bytes = b"",
    comment: bytes = b"",
    zip64: bool = True,
    end: Mapping[str, int] | None = None,
    end64: Mapping[str, int] | None = None,
) -> bytes:
    """A zip file of the entries, in their order; `end` and `end64` replace fields of the end."""
    content, directory, count = before, b"", 0
    for part in parts:
        crc, size = zlib.crc32(part.data), len(part.data)
        fields = {"flags": part.flags, "method": part.method, "crc": crc, "packed": size}
        fields |= {"size": size, "name": part.name, "offset": len(content), "extra": b""}
        later = bool(part.flags & 8)
        zeros = {"crc": 0, "packed": 0, "size": 0} if later else {}
        here = fields | zeros | {"extra": _padding(len(content), part.name)} | part.local
        content += _local(here) + part.data
        if later:
            usual = struct.pack("<4s3L", b"PK\7\10", crc, size, size)
            content += usual if part.descriptor is None else part.descriptor
        directory += _central(fields | part.central)
        count += 1
    fields = {"disk": 0, "first": 0, "here": count, "count": count}
    fields |= {"size": len(directory), "start": len(content)}
    wide = fields | (end64 or {})
    short = fields | (end or {})
    tail = b""
    if zip64:
        place = wide.pop("place", len(content) + len(directory))
        length = wide.pop("length", 44)
        tail = struct.pack("<4sQ2H2L4Q", b"PK\6\6", length, 30, 45, *wide.values())
        tail += struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
    tail += struct.pack("<4s4H2LH", b"PK\5\6", *short.values(), len(comment)) + comment
    return content + directory + tail


def _padding(at: int, name: bytes) -> bytes:
    """So that the data begins at a multiple of 64, as torch has it."""
    short = -(at + 30 + len(name) + 4) % 64
    return b"FB" + struct.pack("<H", short) + b"Z" * short


def _local(f: Mapping[str, Any]) -> bytes:
    head = struct.pack(
        "<4s5H3L2H", b"PK\3\4", 0, f["flags"], f["method"], 0, 0, f["crc"], f["packed"], f["size"],
        len(f["name"]), len(f["extra"]),
    )  # fmt: skip
    return head + f["name"] + f["extra"]


def _central(f: Mapping[str, Any]) -> bytes:
    comment = f.get("comment", b"")
    head = struct.pack(
        "<4s6H3L5H2L", f.get("sign", b"PK\1\2"), 0, 0, f["flags"], f["method"], 0, 0, f["crc"],
        f["packed"], f["size"], len(f["name"]), len(f["extra"]), len(comment), f.get("disk", 0),
        0, 0, f["offset"],
    )  # fmt: skip
    return head + f["name"] + f["extra"] + comment


def zip_file(
    body: bytes | None = None, storages: Mapping[str, bytes] | None = None, **words: bytes
) -> bytes:
    """A checkpoint in the zip format around the opcodes of its object."""
    body = state(a=tensor()) if body is None else body
    return archive(entries(pickled(body), {"0": SIX} if storages is None else storages, **words))


SYSTEM = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}


def legacy_file(
    body: bytes | None = None,
    storages: Mapping[str, tuple[int, bytes]] | None = None,
    *,
    magic: bytes = MAGIC,
    system: Any = SYSTEM,
    keys: Any = None,
    behind: bytes = b"",
) -> bytes:
    """A checkpoint in the old format; each storage is its count and its bytes."""
    body = state(a=tensor(storage("0", 6, FLOATS, "cpu", None))) if body is None else body
    storages = {"0": (6, SIX)} if storages is None else storages
    keys = list(storages) if keys is None else keys
    content = magic + pickled(value(system)) + pickled(body) + pickled(value(keys))
    for count, data in storages.values():
        content += struct.pack("<q", count) + data
    return content + behind
