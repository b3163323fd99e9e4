"""The command line around its commands: exit codes, one line for an error, `tokenize`, `info`."""

from pathlib import Path

import pytest

import npdistil
from npdistil.cli import messages, tokenize
from npdistil.cli.main import VERBS
from npdistil.cli.messages import say
from tests.checkpoint import tiny
from tests.cli.running import runner
from tests.tasks.folders import NEW_MEAN, write_json, write_model, write_settings
from tests.text.tiny import IDS, VOCAB


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_settings(
        write_model(tmp_path / "model"),
        kinds=("Transformer", "Pooling", "Normalize"),
        settings={"max_seq_length": 9},
    )


def test_version(run):
    """Catches a version typed a second time."""
    done = run("--version")
    assert (done.code, done.out, done.err) == (0, f"npdistil {npdistil.__version__}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["embed", "--help"], ["tokenize", "-h"]])
def test_help(run, arguments):
    """Catches a command that help does not know."""
    done = run(*arguments)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("usage: npdistil")
    if arguments == ["--help"]:
        assert [name for name in VERBS if f"\n    {name}" not in done.out] == []


BAD_COMMAND_LINES = {
    "nothing": ([], "the following arguments are required: COMMAND"),
    "unknown_command": (["fly"], "invalid choice: 'fly'"),
    "unknown_option": (["info", "x", "--fast"], "unrecognized arguments: --fast"),
    "newline_in_an_option": (["info", "x", "--a\nb"], r"unrecognized arguments: --a\nb"),
    "no_folder": (["info"], "the following arguments are required: MODEL"),
    "no_model": (["tokenize", "text"], "the following arguments are required: -m/--model"),
    "no_output": (["embed", "x", "-m", "y"], "required: -o/--output"),
    "no_input": (["embed", "-m", "y", "-o", "z.npy"], "required: INPUT"),
    "threads_no_number": (
        ["embed", "x", "-m", "y", "-o", "z.npy", "--threads", "two"],
        "argument --threads: expected a positive integer, not two",
    ),
    "batch_no_number": (
        ["embed", "x", "-m", "y", "-o", "z.npy", "--batch-size", "1.5"],
        "argument --batch-size: expected a positive integer, not 1.5",
    ),
    "unknown_backend": (
        ["embed", "x", "-m", "y", "-o", "z.npy", "--backend", "torch"],
        "argument --backend: invalid choice: 'torch'",
    ),
    "unknown_pooling": (
        ["embed", "x", "-m", "y", "-o", "z.npy", "--pooling", "last"],
        "argument --pooling: invalid choice: 'last'",
    ),
}


@pytest.mark.parametrize("name", BAD_COMMAND_LINES)
def test_bad_command_lines(run, name):
    """Catches argparse's usage lines before the error, and a code other than 2."""
    arguments, message = BAD_COMMAND_LINES[name]
    error = run(*arguments).error
    assert error.startswith("npdistil") and message in error
    assert error.endswith("--help")


def test_a_file_name_cannot_make_a_second_line(run, tmp_path: Path):
    """Catches line ends and terminal commands that come from a name."""
    error = run("info", tmp_path / "a\nb\x1b[2J\u2028c").error
    assert r"a\nb\x1b[2J\u2028c: no such folder" in error
    assert "é中" in run("info", tmp_path / "é中").error


def test_messages_survive_a_closed_standard_error(monkeypatch, capsys):
    """Catches print(file=None), which prints to standard output, and a second failure."""
    monkeypatch.setattr(messages.sys, "stderr", None)
    say("lost")
    assert capsys.readouterr().out == ""

    class Broken:
        def write(self, text: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(messages.sys, "stderr", Broken())
    say("lost")
    assert messages.sys.stderr is None


@pytest.mark.parametrize("step", ["run", "add_arguments"])
def test_interruption(run, folder, monkeypatch, step):
    """Catches a traceback on Ctrl-C, at work or before, and an exit code that says all is well."""

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tokenize, step, interrupted)
    done = run("tokenize", "a", "-m", folder)
    assert (done.code, done.out, done.err) == (130, "", "npdistil: interrupted\n")


def test_tokenize(run, folder):
    """Catches offsets of the lowered text, a lost special token, and columns that do not align."""
    done = run("tokenize", "Unable É 中!", "-m", folder)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["piece", "id", "start", "end", "text"]
    rows = [line.split() for line in lines[1:]]
    assert rows == [
        ["[CLS]", str(IDS["[CLS]"]), "0", "0", "''"],
        ["un", str(IDS["un"]), "0", "2", "'Un'"],
        ["##able", str(IDS["##able"]), "2", "6", "'able'"],
        ["e", str(IDS["e"]), "7", "8", "'É'"],
        ["中", str(IDS["中"]), "9", "10", "'中'"],
        ["!", str(IDS["!"]), "10", "11", "'!'"],
        ["[SEP]", str(IDS["[SEP]"]), "0", "0", "''"],
    ]
    assert len({line.index(row[4]) for line, row in zip(lines[1:], rows, strict=True)}) == 1


def test_tokenize_cuts_nothing(run, folder):
    """Catches a table that ends at max_seq_length or at the model's positions."""
    done = run("tokenize", "a " * 100, "-m", folder)
    assert len(done.out.splitlines()) == 1 + 102
    assert len(run("tokenize", "", "-m", folder).out.splitlines()) == 3


@pytest.mark.parametrize("text", ["\ud800", "a\udcffb"])
def test_tokenize_refuses_what_is_no_text(run, folder, text):
    """Catches an argument that was not UTF-8, which Python decodes to lone surrogates."""
    assert "lone surrogate U+D" in run("tokenize", text, "-m", folder).error


def test_info(run, folder):
    """Catches a line that is wrong or missing."""
    done = run("info", folder)
    assert (done.code, done.err) == (0, "")
    table = {line[:14].strip(): line[14:].strip() for line in done.out.splitlines()}
    assert table == {
        "architecture": "bert, 2 layers x 12, 3 heads of 4, intermediate 20, gelu",
        "vocabulary": "20 pieces in a table of 37",
        "lower-cases": "yes",
        "parameters": "3,508",
        "embeddings": "984",  # (37 + 41 + 2 + 2) * 12
        "layers": "2,368",  # 2 * (4 * (144 + 12) + 2 * 24 + 2 * 240 + 20 + 12)
        "pooler": "156",  # 144 + 12
        "stored as": "safetensors, F32, 0.0 MB",
        "values": "not checked: only the header was read; `npdistil verify` reads all",
        "not used": "nothing",
        "pooling": "mean, normalised",
        "longest text": "9 tokens as a sentence, 41 positions",
    }


def test_info_of_a_bare_folder(run, tmp_path: Path):
    """Catches a warning where the table says the same, or a table that hides the guess."""
    done = run("info", write_model(tmp_path))
    assert (done.code, done.err) == (0, "")
    assert "mean (a guess: no modules.json)" in done.out
    assert "41 tokens as a sentence, 41 positions" in done.out
    write_settings(tmp_path, new=True, pooling={**NEW_MEAN, "pooling_mode": ["cls", "max"]})
    assert "  cls + max\n" in run("info", tmp_path).out


def test_info_of_distilbert(run, tmp_path: Path, rng):
    """Catches a pooler or token types that this family does not have, and unused tensors."""
    tensors = tiny.random_tensors(tiny.distilbert_shapes(), rng)
    tensors["embeddings.position_ids"] = tensors["embeddings.LayerNorm.bias"].astype("int64")
    tiny.write_folder(tmp_path, tiny.DISTILBERT, tensors)
    (tmp_path / "vocab.txt").write_text("".join(f"{token}\n" for token in VOCAB))
    out = run("info", tmp_path).out
    assert "distilbert, 2 layers x 12" in out and "pooler" not in out
    assert "embeddings.position_ids" in out


def test_info_finds_what_is_damaged(run, folder):
    """Catches a table drawn from config.json alone."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert "model.safetensors" in run("info", folder).error
    path.unlink()
    assert "no model.safetensors" in run("info", folder).error
    write_json(folder / "modules.json", [])
    assert "modules.json: modules [] are not built" in run("info", folder).error


@pytest.mark.parametrize("command", [["info"], ["tokenize", "a", "-m"]])
@pytest.mark.parametrize("name", ["absent", "", "x" * 300, "n\0l"])
def test_unusable_folders(run, tmp_path: Path, command, name):
    """Catches OSError and ValueError of pathlib as tracebacks."""
    goal = tmp_path / name if name else tmp_path
    assert run(*command, goal).error


def test_warnings_are_one_line_each(run, folder):
    """Catches Python's form of a warning: a file name, a line number and a source line."""
    write_json(folder / "tokenizer_config.json", {"do_lower_case": True})
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in [*VOCAB, "a"]))
    done = run("tokenize", "a", "-m", folder)
    assert done.code == 0 and done.err.count("\n") == 1
    assert done.err.startswith("npdistil: warning: ") and "repeat a token" in done.err
    assert "\na      " in done.out


def test_help_is_as_wide_as_the_terminal(run, monkeypatch):
    """Catches lines of a fixed length, and a width that is no number."""
    widths = []
    for columns in ("80", "120", "0", "wide"):
        monkeypatch.setenv("COLUMNS", columns)
        lines = run("tokenize", "--help").out.splitlines()
        widths.append(max(len(line) for line in lines if not line.startswith("example: ")))
    assert widths[0] <= 78 < widths[1] <= 118
    assert widths[2] == widths[3] == widths[0], "where nothing is known"
