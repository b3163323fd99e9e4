"""What a large tokenizer is made into is kept, and trouble with it never changes an answer."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npdistil import Tokenizer
from npdistil.errors import TokenizerError
from npdistil.kernels.objects import store
from npdistil.text import kept, kept_parts, settings
from npdistil.text.compiled import kept_tables, tables
from npdistil.text.compiled.tables import text_tables
from tests.text.tiny import VOCAB, tokenizer_json

TEXTS = ["unaffable the c!", "É 中b [SEP] zzz", ""]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder that counts as large, and an empty cache."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(kept_parts, "FEWEST_TOKENS", 1)
    made = tmp_path / "model"
    made.mkdir()
    (made / "tokenizer.json").write_text(json.dumps(tokenizer_json()))
    (made / "vocab.txt").write_text("\n".join(VOCAB) + "\n")
    return made


def ids(folder: Path) -> list[list[int]]:
    batch = Tokenizer.from_pretrained(folder)(TEXTS, padding=False)
    return [row.tolist() for row in batch["input_ids"]]


def kept_files() -> list[Path]:
    (directory,) = store.directories()
    return sorted(directory.glob("*.tables"))


def refuse(*_: object) -> Any:
    raise AssertionError("made again")


def test_the_second_start_makes_nothing_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that is written and never read, or gives other ids."""
    expected = ids(folder)
    assert [path.name.partition("-")[0] for path in kept_files()] == ["tokenizer", "vocabulary"]
    monkeypatch.setattr(settings, "parse_tokenizer_json", refuse)
    monkeypatch.setattr(tables, "text_tables", refuse)
    assert ids(folder) == expected


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "foreign", "missing"])
def test_a_damaged_file_is_made_again(folder: Path, damage: str) -> None:
    """Tables of another tokenizer, or half of one, in a kernel that checks nothing."""
    expected = ids(folder)
    good = {path: path.read_bytes() for path in kept_files()}
    tables, vocabulary = good
    for path, content in good.items():
        if damage == "flip":
            path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        elif damage == "cut":
            path.write_bytes(content[:-1])
        elif damage == "empty":
            path.write_bytes(b"")
        elif damage == "foreign":
            path.write_bytes(good[vocabulary if path == tables else tables])
        else:
            path.unlink()
    assert ids(folder) == expected
    assert {path: path.read_bytes() for path in kept_files()} == good


def test_an_edited_vocabulary_is_read_anew(folder: Path) -> None:
    """Ids of the vocabulary that was there before."""
    before = ids(folder)
    swapped = [{"a": "b", "b": "a", "c": "the", "the": "c"}.get(token, token) for token in VOCAB]
    changed = tokenizer_json()
    changed["model"]["vocab"] = {token: row for row, token in enumerate(swapped)}
    (folder / "tokenizer.json").write_text(json.dumps(changed))
    with pytest.raises(TokenizerError, match="disagree"):
        ids(folder)
    (folder / "vocab.txt").write_text("\n".join(swapped) + "\n")
    after = ids(folder)
    assert after != before
    assert after[0][4] == swapped.index("the") != before[0][4]


def test_other_settings_have_other_tables(folder: Path) -> None:
    """Lower case where the folder says that case matters."""
    lower = ids(folder)
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert ids(folder)[1] != lower[1]


def test_an_edit_of_the_code_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of an older layout, after an upgrade."""
    key = kept.key_of(b"x")
    monkeypatch.setattr(kept, "_sources", lambda: b"edited")
    assert kept.key_of(b"x") != key
    monkeypatch.undo()
    assert kept.key_of(b"x") == key
    assert kept.key_of(b"x", b"y") != kept.key_of(b"xy")


def test_kept_tables_are_the_tables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array of another length, type or place, or one that kernels could write to."""
    told, vocabulary, added = settings.load_settings(folder)
    contents = {token.content: token.id for token in added}
    expected = text_tables(told, vocabulary, contents)
    kept_tables.kept_tables("key", told, vocabulary, contents)
    monkeypatch.setattr(tables, "text_tables", refuse)
    found = kept_tables.kept_tables("key", told, vocabulary, contents)
    arrays = list(kept_tables._arrays(found))
    for a, b in zip(arrays, kept_tables._arrays(expected), strict=True):
        assert a.dtype == b.dtype and not a.flags.writeable and a.ctypes.data % 64 == 0
        np.testing.assert_array_equal(a, b)
    assert kept_tables._flattened(found) == kept_tables._flattened(expected)
    assert type(found) is type(expected) and type(found.words) is type(expected.words)
    assert len(arrays) >= 10


def test_without_a_directory_everything_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full or read-only disk that stops a program."""
    expected = ids(folder)
    for path in kept_files():
        path.unlink()
    monkeypatch.setattr(store, "write", lambda *_: False)
    assert ids(folder) == expected
    assert kept_files() == []


def test_processes_that_keep_the_same_at_once(folder: Path) -> None:
    """Catches half a file that another process reads, and files that nobody takes away."""
    program = f"""
import time
from pathlib import Path
from npdistil.text import kept
while not Path({str(folder / "go")!r}).exists():
    time.sleep(0.001)
for turn in range(20):
    kept.keep("tokenizer", "key", {{"about": turn}}, bytes([turn]) * 100_000)
    about, body = kept.find("tokenizer", "key")
    assert bytes(body) == bytes([about["about"]]) * 100_000
"""
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(4)]
    (folder / "go").touch()
    assert [process.wait(60) for process in processes] == [0] * 4
    (file,) = next(store.directories()).iterdir()
    assert file.suffix == ".tables"
