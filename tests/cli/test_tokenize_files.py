"""`npdistil tokenize --file`: lines to ids."""

import json
from pathlib import Path

import numpy as np
import pytest

from npdistil.text.tokenizer import Tokenizer
from tests.cli.running import runner
from tests.text.tiny import VOCAB, write_folder

LINES = ["a b c", "", "Unable \u4e2d!", "a [SEP] b [PAD]", "\u2028a\x85b", "a " * 30]


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    told = {"model_max_length": 12}
    return write_folder(tmp_path / "model", vocab_txt=VOCAB, tokenizer_config_json=told)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "in.txt"
    path.write_bytes("\n".join(LINES).encode())
    return path


def test_npy_is_what_the_tokenizer_returns(run, folder, file, tmp_path):
    """Catches another layout, another dtype, and lines that are split at U+2028."""
    out = tmp_path / "out.npy"
    done = run("tokenize", "--file", file, "-m", folder, "-o", out)
    assert (done.code, done.out) == (0, "")
    found, wanted = np.load(out), Tokenizer.from_pretrained(folder)(LINES).input_ids
    assert found.dtype == np.int32 and found.shape == (6, 12)
    np.testing.assert_array_equal(found, wanted)
    assert done.err.startswith("6 texts, 35 tokens, ") and " MB/s) -> " in done.err


@pytest.mark.parametrize("to_file", [True, False])
def test_json_lines(run, folder, file, tmp_path, to_file):
    """Catches ids with padding, texts that are escaped twice, and a summary among the lines."""
    out = tmp_path / "out.jsonl"
    done = run("tokenize", "-f", file, "-m", folder, *(["-o", out] if to_file else []))
    assert done.code == 0
    lines = (out.read_text("utf-8") if to_file else done.out).split("\n")[:-1]
    wanted = Tokenizer.from_pretrained(folder)(LINES, padding=False).input_ids
    for line, text, ids in zip(lines, LINES, wanted, strict=True):
        assert json.loads(line) == {"text": text, "input_ids": ids.tolist()}
    assert ("standard output" in done.err) is not to_file


def test_several_inputs_and_stdin(run, folder, file):
    """Catches inputs in another order, and standard input that is not read."""
    done = run("tokenize", "-f", "-", file, "-", "-m", folder, stdin=b"c\n")
    assert "only once" in done.error
    done = run("tokenize", "-f", "-", file, "-m", folder, stdin=b"c\nb\n")
    assert [json.loads(line)["text"] for line in done.out.split("\n")[:-1]] == ["c", "b", *LINES]


def test_lengths_and_special_tokens(run, folder, tmp_path):
    """Catches options that are accepted and ignored."""
    path = tmp_path / "in.txt"
    path.write_text("a [SEP] " * 10)

    def ids(*arguments: str) -> list[int]:
        done = run("tokenize", "-f", path, "-m", folder, *arguments)
        return json.loads(done.out)["input_ids"]

    assert len(ids()) == 12 and len(ids("--max-length", "5")) == 5
    assert len(ids("--no-truncation")) == 22
    assert ids().count(3) == 6 and ids("--special-tokens-in-text", "text").count(3) == 1
    done = run("tokenize", "[SEP]", "-m", folder, "--special-tokens-in-text", "text")
    assert len(done.out.splitlines()) == 1 + 5


@pytest.mark.parametrize("name", ["out.npy", "out.jsonl"])
def test_no_lines(run, folder, tmp_path, name):
    """Catches max() of nothing."""
    (tmp_path / "empty").touch()
    out = tmp_path / name
    assert run("tokenize", "-f", tmp_path / "empty", "-m", folder, "-o", out).code == 0
    if name == "out.npy":
        assert np.load(out).shape == (0, 0)
    else:
        assert out.read_bytes() == b""


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "either TEXT or --file"),
        (["a", "-f", "FILE"], "either TEXT or --file"),
        (["a", "-o", "x.npy"], "--output: goes with --file"),
        (["a", "--max-length", "3"], "--max-length: goes with --file"),
        (["-f", "FILE", "--max-length", "3", "--no-truncation"], "not allowed with argument"),
        (["-f", "FILE", "-o", "x.txt"], "must end in .npy or .jsonl"),
        (["-f", "FILE", "-o", "absent/x.npy"], "does not exist"),
        (["-f", "absent.txt", "-o", "OUT"], "no such file"),
        (["-f", "FILE", "-o", "OUT", "--max-length", "1"], "error: --max-length: 1 tokens cannot"),
    ],
)
def test_refusals(run, folder, file, tmp_path, arguments, message):
    """Catches a traceback, and a file that is left although nothing can be in it."""
    out = tmp_path / "out.npy"
    names = {"FILE": str(file), "OUT": str(out)}
    before = sorted(tmp_path.iterdir())
    done = run("tokenize", *(names.get(item, item) for item in arguments), "-m", folder)
    assert message in done.error
    assert sorted(tmp_path.iterdir()) == before


def test_a_full_disk(run, folder, file, tmp_path, monkeypatch):
    """Catches half a file under the name of a whole one, and the old one lost."""
    out = tmp_path / "out.jsonl"
    out.write_text("old")

    def failing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("npdistil.cli.output_file.os.fsync", failing)
    done = run("tokenize", "-f", file, "-m", folder, "-o", out)
    assert done.error.endswith("out.jsonl: cannot be written: No space left on device.")
    assert out.read_text() == "old" and len(list(tmp_path.iterdir())) == 3
