"""The frozen tables: their counts, their hash, and what happens when they are damaged."""

import hashlib
from pathlib import Path

import pytest

from npdistil.errors import TokenizerError
from npdistil.text import tables
from npdistil.text.tables import Ranges, unicode_tables


def size(ranges: Ranges) -> int:
    return sum(last - first + 1 for first, last in ranges)


def test_counts_are_those_of_the_pinned_library() -> None:
    """Catches a parser that loses the last range, or tables of another Unicode version."""
    found = unicode_tables()
    assert size(found.deleted) == 137_681
    assert size(found.to_space) == 21
    assert size(found.cjk) == 81_264
    assert size(found.white_space) == 25
    assert size(found.punctuation) == 726
    assert len(found.decompose) == 2_060
    assert len(found.lower) == 1_488
    assert max(map(len, found.decompose.values())) == 4
    assert [chr(code) for code, image in found.lower.items() if len(image) > 1] == ["\u0130"]


def test_the_file_states_its_counts() -> None:
    """Catches a hand edit of the data that also updates the hash."""
    for line in tables.TABLES_FILE.read_text(encoding="ascii").splitlines()[1:]:
        name, count, *items = line.split(" ")
        if "=" in items[0]:
            assert int(count) == len(items), name
        else:
            pairs = [(item.split("-")[0], item.split("-")[-1]) for item in items]
            assert int(count) == sum(int(b, 16) - int(a, 16) + 1 for a, b in pairs), name


def test_the_hash_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches damaged tables that would silently change ids."""
    content = tables.TABLES_FILE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == tables.TABLES_SHA256
    assert len(content) < 100_000
    damaged = tmp_path / "tables"
    damaged.write_bytes(content.replace(b"C0=41+300", b"C0=42+300"))
    monkeypatch.setattr(tables, "TABLES_FILE", damaged)
    with pytest.raises(TokenizerError, match="damaged"):
        unicode_tables.__wrapped__()
