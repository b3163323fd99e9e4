"""Saving a tokenizer: whole or not at all, and targets that must be refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npdistil.errors import InputError
from npdistil.text.tokenizer import Tokenizer
from tests.text.tiny import VOCAB, write_folder

NAMES = ["tokenizer.json", "tokenizer_config.json"]


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.from_vocab(VOCAB, model_max_length=12, do_lower_case=False)


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_round_trip(tokenizer: Tokenizer, tmp_path: Path) -> None:
    """Catches a lost setting, a stray temporary file, and a folder that must exist before."""
    folder = tmp_path / "new" / "deeper"
    tokenizer.save_pretrained(folder)
    assert listing(folder) == NAMES and listing(folder.parent) == ["deeper"]
    again = Tokenizer.from_pretrained(folder)
    assert again.settings == tokenizer.settings
    text = "a [SEP] \u4e2d \xe9!"
    assert again(text)["input_ids"].tolist() == tokenizer(text)["input_ids"].tolist()
    before = [(folder / name).read_bytes() for name in NAMES]
    again.save_pretrained(str(folder))
    assert [(folder / name).read_bytes() for name in NAMES] == before
    assert (folder / NAMES[0]).stat().st_mode & 0o777 == 0o666 & ~umask(tmp_path)


def umask(folder: Path) -> int:
    (folder / "probe").touch()
    return 0o666 & ~(folder / "probe").stat().st_mode


def test_repeated_rows_and_odd_tokens(tmp_path: Path) -> None:
    """Catches ids that move up where a row of the vocabulary has no token."""
    odd = ["a", "x ", "\u2028", "new\nline", "", "\x00", '"', "\U0001f600"]
    with pytest.warns(UserWarning, match="repeat"):
        tokenizer = Tokenizer.from_vocab([*VOCAB, *odd])
    tokenizer.save_pretrained(tmp_path / "f")
    again = Tokenizer.from_pretrained(tmp_path / "f")
    assert again._vocabulary.tokens == tokenizer._vocabulary.tokens


def test_without_a_mask(tmp_path: Path) -> None:
    """Catches a [MASK] that other libraries append behind the embedding table."""
    Tokenizer.from_vocab([*VOCAB[:4], "a"]).save_pretrained(tmp_path)
    assert json.loads((tmp_path / NAMES[1]).read_text())["mask_token"] is None
    assert Tokenizer.from_pretrained(tmp_path).mask_token_id is None


def test_other_files_stay(tokenizer: Tokenizer, tmp_path: Path) -> None:
    """Catches a model folder that is emptied, and a vocab.txt that agrees being refused."""
    write_folder(tmp_path, vocab_txt=VOCAB, config_json={"vocab_size": 40}, tokenizer_json={})
    tokenizer.save_pretrained(tmp_path)
    assert listing(tmp_path) == ["config.json", *NAMES, "vocab.txt"]
    assert Tokenizer.from_pretrained(tmp_path).vocab_size == len(VOCAB)


def no_folder(folder: Path) -> Path:
    folder.write_text("a file")
    return folder


def below_a_file(folder: Path) -> Path:
    return no_folder(folder) / "deeper"


def folder_for_a_file(folder: Path) -> Path:
    (folder / NAMES[1]).mkdir(parents=True)
    return folder


def other_vocabulary(folder: Path) -> Path:
    return write_folder(folder, vocab_txt=VOCAB[::-1])


def damaged_vocabulary(folder: Path) -> Path:
    return write_folder(folder, vocab_txt=b"\xff")


@pytest.mark.parametrize(
    "prepare, message",
    [
        (no_folder, "is a file; name a folder"),
        (below_a_file, "cannot be written"),
        (folder_for_a_file, r"tokenizer_config\.json: is a folder"),
        (other_vocabulary, r"another vocabulary; remove it"),
        (damaged_vocabulary, r"another vocabulary; remove it"),
        (lambda folder: folder / ("x" * 300), "cannot be written"),
        (lambda folder: folder / "nul\0name", "cannot be written"),
        (lambda folder: 3, "expected a path, received int"),
    ],
)
def test_bad_targets(
    tokenizer: Tokenizer, tmp_path: Path, prepare: Callable[[Path], Any], message: str
) -> None:
    """Catches OSError from the depth, and half a tokenizer left behind."""
    target = prepare(tmp_path / "target")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=message):
        tokenizer.save_pretrained(target)
    after = sorted(tmp_path.rglob("*"))
    assert [path for path in after if path.is_file()] == [path for path in before if path.is_file()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("there", [True, False])
def test_a_failure_halfway(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, there: bool
) -> None:
    """Catches a new tokenizer.json beside the old settings when the disk fails in between."""
    if there:
        write_folder(tmp_path, tokenizer_json={"old": 1}, tokenizer_config_json={"old": 2})
    else:
        (tmp_path / "keep").touch()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    original = Path.replace

    def failing(path: Path, target: Path) -> Path:
        if path.name == name:
            raise OSError(28, "No space left on device")
        return original(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(InputError, match="No space left"):
        tokenizer.save_pretrained(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("existing", [True, False])
def test_a_disk_that_is_full(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: bool
) -> None:
    """Catches temporary files that stay, and a folder that appears without its second file."""
    folder = tmp_path / "target"
    if existing:
        folder.mkdir()

    def failing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("npdistil.text.save.os.fsync", failing)
    with pytest.raises(InputError, match="No space left"):
        tokenizer.save_pretrained(folder)
    assert listing(tmp_path) == (["target"] if existing else [])
    assert not existing or listing(folder) == []
