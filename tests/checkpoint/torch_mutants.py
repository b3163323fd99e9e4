"""Good checkpoints with something changed: bytes of the file, or of a pickle and its CRC."""

from collections.abc import Iterator

import numpy as np

from tests.checkpoint.torch_made import (
    ODICT,
    PARAMETER,
    SIX,
    archive,
    entries,
    legacy_file,
    named,
    pickled,
    state,
    storage,
    tensor,
    value,
)

HALVES = named("torch", "HalfStorage")
LONGS = named("torch", "LongStorage")
STORAGES = {
    "0": SIX,
    "1": np.linspace(-2, 2, 8).astype("<f2").tobytes(),
    "2": np.arange(5, dtype="<i8").tobytes(),
}
# What an attacker tries in the place of a number.
_INTEGERS = (0, 1, 2, 255, 256, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, (1 << 63) - 1, 1 << 63)
_OPCODES = b"(.0KMJGNRSTUVXabcdeghijloprstu})]Q\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x93"


def body(*view: None) -> bytes:
    """Opcodes of an object with views, a tie, a Parameter and a number."""
    first = storage("0", 6, named("torch", "FloatStorage"), "cpu", *view)
    halves = storage("1", 8, HALVES, "cpu", *view)
    longs = storage("2", 5, LONGS, "cpu", *view)
    return state(
        **{
            "whole": tensor(first),
            "turned": tensor(first, 0, (3, 2), (1, 3)) + b"q\x07",
            "tied": b"h\x07",
            "parameter": PARAMETER + value((tensor(halves, 0, (8,), (1,)), True, ODICT)) + b"R",
            "part": tensor(halves, 3, (2, 2), (2, 1)),
            "position_ids": tensor(longs, 0, (1, 5), (5, 1)),
            "steps": 12,
        }
    )


def zipped(pickle: bytes) -> bytes:
    return archive(entries(pickle, STORAGES))


def old_file() -> bytes:
    counts = {"0": 6, "1": 8, "2": 5}
    return legacy_file(body(None), {key: (counts[key], STORAGES[key]) for key in counts})


def changed(content: bytes, rng: np.random.Generator) -> bytes:
    """One or two small changes at random places."""
    mutant = bytearray(content)
    for _ in range(rng.integers(1, 3)):
        at = int(rng.integers(len(mutant)))
        match rng.integers(7):
            case 0:
                mutant[at] ^= 1 << int(rng.integers(8))
            case 1:
                mutant[at] = int(rng.integers(256))
            case 2:
                mutant[at] = _OPCODES[rng.integers(len(_OPCODES))]
            case 3:
                del mutant[at : at + int(rng.integers(1, 9))]
            case 4:
                start = int(rng.integers(len(mutant)))
                mutant[at:at] = mutant[start : start + int(rng.integers(1, 40))]
            case 5:
                size = int(rng.choice((1, 2, 4, 8)))
                number = _INTEGERS[rng.integers(len(_INTEGERS))] & ((1 << 8 * size) - 1)
                mutant[at : at + size] = number.to_bytes(size, "little")
            case _:
                mutant[at : at + 1] = b""
        if not mutant:
            return b""
    return bytes(mutant)


def mutants(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Kind and content: of the zip file, of the pickle inside of one, of an old file, by turns."""
    rng = np.random.default_rng(seed)
    pickle, old = pickled(body()), old_file()
    whole = zipped(pickle)
    for number in range(count):
        match number % 4:
            case 0:
                yield "zip", changed(whole, rng)
            case 1 | 2:
                yield "pickle", zipped(changed(pickle, rng))
            case _:
                yield "old", changed(old, rng)
