"""Object code to an image: its sections one behind the other, and all addresses in it but one.

LLVM writes files that a linker is meant to finish. Ours are finished once, and what is left to do
at a start is what `map_image.py` does: to add the address where the image lies to some words, and
those of a few functions of the system to others. What is not as simple as that is refused here, and
loaded by LLVM as ever.

Source: System V ABI, chapter 4, "Object Files"; AMD64 supplement, section 4.4, "Relocation".
"""

import struct
from typing import NamedTuple, TypeVar

from .map_image import LIBRARY, PAGE

_ELF_OF_64_BITS, _OBJECT_FOR_X86_64 = b"\x7fELF\2\1\1", b"\1\0\x3e\0"
_PROGRAM, _SYMBOLS, _ADDENDS, _NO_ADDENDS = 1, 2, 4, 9  # kinds of sections
_WRITABLE, _LOADED, _EXECUTABLE, _PER_THREAD = 1, 2, 4, 1 << 10  # flags of sections
_UNWINDING = ".eh_frame"  # for exceptions, which kernels do not have
_GLOBAL = 1  # a symbol that others may see
_UNDEFINED = 0  # the section of a symbol that is not in the file
# R_X86_64_64, "symbol + addend": the one kind that LLVM uses for code that lies anywhere.
_ADDRESS = 1


class LinkError(Exception):
    """Object code that only LLVM can load."""


class Image(NamedTuple):
    """What is mapped as it is, but for some words.

    Attributes:
        content: code, and from a whole page on what code only reads.
        code_bytes: of the code, filled up to whole pages.
        entries: where functions begin, by symbol.
        own: where the address of the image is to be added.
        system: where that of a function of the system is to be added, by its name.
    """

    content: bytes
    code_bytes: int
    entries: dict[str, int]
    own: list[int]
    system: dict[str, list[int]]


class _Section(NamedTuple):
    name: int
    kind: int
    flags: int
    address: int
    start: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


class _Symbol(NamedTuple):
    name: int
    info: int
    visibility: int
    section: int
    value: int
    size: int


class _Relocation(NamedTuple):
    place: int
    kind: int
    symbol: int
    addend: int


_Row = TypeVar("_Row", _Section, _Symbol, _Relocation)
_FORMATS = {_Section: "<IIQQQQIIQQ", _Symbol: "<IBBHQQ", _Relocation: "<QIIq"}


def link(code: bytes) -> Image:
    """Link an object file of ours.

    Args:
        code: ELF for x86-64, as LLVM writes it; anything else is refused.

    Raises:
        LinkError: another kind of file, data that is written to, or a need of something that is
            neither here nor in LIBRARY.
    """
    if code[:7] != _ELF_OF_64_BITS or code[16:20] != _OBJECT_FOR_X86_64:
        raise LinkError("no object file of ELF for x86-64")
    (start,), (count, names) = (
        struct.unpack_from("<Q", code, 40),
        struct.unpack_from("<HH", code, 60),
    )
    sections = _rows(_Section, code[start : start + 64 * count])
    starts, content, code_bytes = _laid_out(code, sections, sections[names])
    (table,) = (section for section in sections if section.kind == _SYMBOLS)
    symbols = _rows(_Symbol, _content(code, table))
    texts = _content(code, sections[table.link])

    own: list[int] = []
    system: dict[str, list[int]] = {}
    for section in sections:
        if section.kind not in (_ADDENDS, _NO_ADDENDS) or section.info not in starts:
            continue
        if section.kind == _NO_ADDENDS:
            raise LinkError("relocations without addends")
        for relocation in _rows(_Relocation, _content(code, section)):
            symbol, addend = symbols[relocation.symbol], relocation.addend
            place, name = starts[section.info] + relocation.place, _name(texts, symbol.name)
            if relocation.kind != _ADDRESS:
                raise LinkError(f"a relocation of kind {relocation.kind}")
            if symbol.section in starts:
                addend += starts[symbol.section] + symbol.value
                own.append(place)
            elif symbol.section == _UNDEFINED and name in LIBRARY:
                system.setdefault(name, []).append(place)
            else:
                raise LinkError(f"a need of {name or 'something that is not loaded'}")
            struct.pack_into("<q", content, place, addend)
    entries = {
        _name(texts, symbol.name): starts[symbol.section] + symbol.value
        for symbol in symbols
        if symbol.info >> 4 == _GLOBAL and symbol.section in starts
    }
    return Image(bytes(content), code_bytes, entries, own, system)


def _laid_out(
    code: bytes, sections: list[_Section], names: _Section
) -> tuple[dict[int, int], bytearray, int]:
    """Where each section that is loaded begins, all of them, and how much of that is code."""
    texts = _content(code, names)
    loaded = {
        number: section
        for number, section in enumerate(sections)
        if section.flags & _LOADED and section.size and _name(texts, section.name) != _UNWINDING
    }
    for section in loaded.values():
        if section.kind != _PROGRAM or section.flags & (_WRITABLE | _PER_THREAD):
            raise LinkError(f"{_name(texts, section.name)}, which is not only read")
        if section.alignment > PAGE:
            raise LinkError(f"{_name(texts, section.name)}, aligned to {section.alignment} bytes")
    starts: dict[int, int] = {}
    content, code_bytes = bytearray(), 0
    for executable in (_EXECUTABLE, 0):
        for number, section in loaded.items():
            if section.flags & _EXECUTABLE == executable:
                content += bytes(-len(content) % section.alignment)
                starts[number] = len(content)
                content += _content(code, section)
        content += bytes(-len(content) % PAGE)
        code_bytes = code_bytes or len(content)
    return starts, content, code_bytes


def _rows(row: type[_Row], content: bytes) -> list[_Row]:
    return [row._make(fields) for fields in struct.iter_unpack(_FORMATS[row], content)]


def _content(code: bytes, section: _Section) -> bytes:
    return code[section.start : section.start + section.size]


def _name(texts: bytes, start: int) -> str:
    return texts[start : texts.index(b"\0", start)].decode()
