"""Generated safetensors files and accidents to them, beside the safetensors package."""

import json
import math
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors

from npdistil.checkpoint.safetensors_file import StoredTensors, read_stored
from npdistil.checkpoint.tensor_source import DTYPES
from npdistil.errors import ModelFileError
from tests.checkpoint.tiny import raw

VALID, MUTANTS = 5000, 20_000
NUMBERS = [0, 1, -1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64]
WORDS = [b"F16", b"BF16", b"F64", b"BOOL", b"null", b"[]", b"{}", b'"w"', b"1.0", b"true", b"-0"]
HALVES = ("F16", "BF16")
FINITE = {  # patterns of the exponent that are no infinity and no NaN are fewer than all
    "F16": np.array([h for h in range(1 << 16) if h >> 10 & 0x1F != 0x1F], "<u2"),
    "BF16": np.array([h for h in range(1 << 16) if h >> 7 & 0xFF != 0xFF], "<u2"),
}


def values(dtype: str, count: int, rng: np.random.Generator) -> bytes:
    """Any bytes that are values of a type."""
    if dtype in HALVES:
        return rng.choice(FINITE[dtype], count).tobytes()
    if dtype == "BOOL":
        return rng.integers(0, 2, count, np.uint8).tobytes()
    if dtype in ("F32", "F64"):
        scale = 10.0 ** rng.integers(-38, 38, count)
        return (rng.standard_normal(count) * scale).astype(DTYPES[dtype]).tobytes()
    return rng.bytes(count * DTYPES[dtype].itemsize)


def valid_file(rng: np.random.Generator) -> tuple[bytes, dict[str, bytes]]:
    """A file of up to five tensors of 0 to 8 axes, some of them empty; and the bytes of each."""
    header: dict[str, object] = {}
    pieces: dict[str, bytes] = {}
    if rng.random() < 0.3:
        header["__metadata__"] = {"format": "pt", "": "é"}
    end = 0
    for n in range(rng.integers(0, 6)):
        dtype = str(rng.choice(list(DTYPES)))
        axes = int(rng.integers(0, 9))
        shape = [
            int(rng.choice([0, 1, 2, 3, 5], p=[0.04, 0.4, 0.36, 0.1, 0.1])) for _ in range(axes)
        ]
        name = f"{rng.choice(['w', 'layer.', 'é中', 'a b'])}{n}"
        pieces[name] = values(dtype, math.prod(shape), rng)
        start, end = end, end + len(pieces[name])
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, ensure_ascii=bool(rng.random() < 0.5))
    return raw(text + " " * int(rng.integers(0, 9)), b"".join(pieces.values())), pieces


def stored_bytes(stored: StoredTensors, name: str) -> bytes:
    """An array as it was on disk; widening halves loses nothing, so it can be turned round."""
    array, dtype = stored.arrays[name], stored.dtypes[name]
    if dtype == "BF16":
        array = (array.view(np.uint32) >> 16).astype(np.uint16)
    return array.astype(DTYPES[dtype]).tobytes()


def write(path: Path, content: bytes | bytearray) -> None:
    """A new file each time: an old one that is cut to nothing first is flushed to the disk."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def assert_equals_the_package(stored: StoredTensors, content: bytes) -> None:
    """Names, types, shapes and bytes as `safetensors.deserialize` has them."""
    package = dict(safetensors.deserialize(content))
    assert stored.arrays.keys() == package.keys()
    for name, piece in package.items():
        found = (stored.dtypes[name], list(stored.arrays[name].shape))
        assert found == (piece["dtype"], piece["shape"])
        assert stored_bytes(stored, name) == bytes(piece["data"])


def test_valid_files_load_byte_for_byte(
    tmp_path: Path, compared: Callable[[str, int], None]
) -> None:
    """Catches a type, a shape or an order of tensors that an honest file may have."""
    rng = np.random.default_rng(5)
    path = tmp_path / "model.safetensors"
    types, axes = set(), set()
    for _ in range(VALID):
        content, pieces = valid_file(rng)
        write(path, content)
        stored = read_stored(path)
        assert {name: stored_bytes(stored, name) for name in stored.arrays} == pieces
        assert_equals_the_package(stored, content)
        types |= set(stored.dtypes.values())
        axes |= {(array.ndim, array.size == 0) for array in stored.arrays.values()}
    compared("valid safetensors files", VALID)
    assert types == set(DTYPES)
    assert axes == {(n, empty) for n in range(9) for empty in (False, True)} - {(0, True)}


def header_of(content: bytes | bytearray) -> tuple[int, int]:
    """Where the header's text lies, or would lie."""
    return 8, min(8 + int.from_bytes(content[:8], "little"), len(content))


def accident(content: bytearray, other: bytes, chance: random.Random) -> None:
    """One change: a bit, a cut, a splice of another file, an integer or a word of the header."""
    kind = chance.choice(["flip", "flip header", "cut", "remove", "repeat", "splice", "integer",
                          "integer", "word", "length"])  # fmt: skip
    size = len(content)
    start = chance.randrange(size) if size else 0
    stop = start + chance.randrange(13)
    first, last = header_of(content)
    if kind == "flip" and size:
        content[start] ^= 1 << chance.randrange(8)
    elif kind == "flip header" and last > first:
        content[chance.randrange(first, last)] ^= 1 << chance.randrange(8)
    elif kind == "cut":
        del content[start:]
    elif kind == "remove":
        del content[start:stop]
    elif kind == "repeat":
        content[start:start] = content[start:stop]
    elif kind == "splice":
        content[start:stop] = other[start : stop + chance.randrange(9)]
    elif kind == "word":
        content[start:stop] = chance.choice(WORDS)
    elif kind == "length":
        content[:8] = (chance.choice(NUMBERS) % 2**64).to_bytes(8, "little")
    elif kind == "integer":
        digits = [n for n in range(first, last) if content[n : n + 1].isdigit()]
        if digits:
            here = chance.choice(digits)
            number = str(chance.choice([*NUMBERS, chance.randrange(30)])).encode()
            content[here : here + 1] = number
            _tell_length(content, first, last + len(number) - 1)


def _tell_length(content: bytearray, first: int, last: int) -> None:
    """The header's length again: only so does the reader come as far as the changed number."""
    content[:8] = (last - first).to_bytes(8, "little")


def test_a_mutant_is_refused_or_equals_what_the_package_reads(
    tmp_path: Path, compared: Callable[[str, int], None]
) -> None:
    """Catches every other exception, and own header checks that pair a name with foreign bytes."""
    rng, chance = np.random.default_rng(6), random.Random(6)
    seeds = [valid_file(rng)[0] for _ in range(200)]
    path = tmp_path / "model.safetensors"
    accepted = changed = 0
    for n in range(MUTANTS):
        seed = seeds[n % len(seeds)]
        content = bytearray(seed)
        for _ in range(chance.choice([1, 1, 2, 3])):
            accident(content, chance.choice(seeds), chance)
        write(path, content)
        try:
            stored = read_stored(path)
        except ModelFileError as refused:
            assert str(refused).startswith(str(path)) and "\n" not in str(refused)
            continue
        assert_equals_the_package(stored, bytes(content))
        accepted += 1
        changed += content != seed
    compared("mutants of safetensors files, accepted", accepted)
    compared("mutants of safetensors files, refused", MUTANTS - accepted)
    assert changed > MUTANTS // 50, (accepted, changed)
    assert accepted < MUTANTS // 2, (accepted, changed)


@pytest.mark.parametrize("seed", range(4))
def test_truncation_at_every_byte_is_refused(tmp_path: Path, seed: int) -> None:
    """Catches a download that stopped anywhere."""
    rng = np.random.default_rng(seed)
    content = max((valid_file(rng)[0] for _ in range(20)), key=len)
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert read_stored(path).arrays
    assert len(content) > 600
    for length in range(600):
        write(path, content[:length])
        with pytest.raises(ModelFileError):
            read_stored(path)
