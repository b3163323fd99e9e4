"""`npdistil embed`: from lines to vectors in a file, whole or not at all."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from npdistil import InputError, SentenceEncoder
from npdistil.cli.vector_block import Block
from npdistil.cli.write_vectors import write_vectors
from tests.cli.running import runner
from tests.tasks.folders import write_model, write_settings

TEXTS = ["the unable", "", "a b c é", 'quote " and \\ back', "中!", "a\u2028b\x85c", "a"]


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_settings(write_model(tmp_path / "model"))


@pytest.fixture
def expected(folder: Path) -> np.ndarray:
    return SentenceEncoder.from_pretrained(folder).encode(TEXTS)


def lines(texts: list[str], end: str = "\n") -> bytes:
    return "".join(text + end for text in texts).encode()


def write(path: Path, texts: list[str], vectors: np.ndarray) -> None:
    write_vectors(path, [Block(vectors, texts)], vectors.shape, vectors.dtype)


def written(path: Path) -> np.ndarray:
    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False)
    records = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    return np.array([record["embedding"] for record in records], np.float64).astype(np.float32)


@pytest.mark.parametrize("suffix", [".npy", ".jsonl"])
def test_vectors_of_the_library_in_a_file(run, tmp_path, folder, expected, suffix):
    """Catches another order, another dtype, and numbers that lose their last bits as text."""
    source, output = tmp_path / "in.txt", tmp_path / f"out{suffix}"
    source.write_bytes(lines(TEXTS))
    done = run("embed", source, "-m", folder, "-o", output)
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("7 texts, 12 features, ") and done.err.endswith(f" s -> {output}\n")
    found = written(output)
    assert found.dtype == np.float32 and found.shape == (7, 12)
    assert found.tobytes() == expected.tobytes()
    if suffix == ".jsonl":
        records = [json.loads(line) for line in output.read_text("utf-8").split("\n")[:-1]]
        assert [record["text"] for record in records] == TEXTS
        assert {tuple(record) for record in records} == {("text", "embedding")}


def test_jsonl_numbers_are_exact_and_json(tmp_path):
    """Catches rounding to six digits, at every size of number; tiny and huge ones too."""
    bits = np.random.default_rng(0).integers(0, 2**32, 20_000, np.uint64).astype(np.uint32)
    values = bits.view(np.float32)
    edges = np.array([0.0, -0.0, 1e-45, 3.4028235e38, 0.1, 1e16, 123456790.0], np.float32)
    values = np.concatenate([edges, values[np.isfinite(values)]])[None, :]
    path = tmp_path / "out.jsonl"
    write(path, ["x"], values)
    assert written(path).tobytes() == values.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        lines(TEXTS),
        lines(TEXTS)[:-1],
        lines(TEXTS, "\r\n"),
        b"\xef\xbb\xbf" + lines(TEXTS),
        b"\xef\xbb\xbf" + lines(TEXTS, "\r\n")[:-2],
    ],
    ids=["lf", "no_final_lf", "crlf", "bom", "bom_crlf"],
)
@pytest.mark.parametrize("stdin", [False, True])
def test_line_ends(run, tmp_path, folder, expected, content, stdin):
    """Catches "\\r" or a BOM embedded as text, a lost empty line, and U+2028 taken for an end."""
    source, output = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_bytes(b"" if stdin else content)
    done = run("embed", "-" if stdin else source, "-m", folder, "-o", output, stdin=content)
    assert done.code == 0
    records = [json.loads(line) for line in output.read_text("utf-8").split("\n")[:-1]]
    assert [record["text"] for record in records] == TEXTS
    assert written(output).tobytes() == expected.tobytes()


def test_several_inputs_in_order(run, tmp_path, folder):
    """Catches sorted inputs, and the last line of one joined to the first of the next."""
    (tmp_path / "z").write_bytes(b"\xef\xbb\xbfa\nb")
    (tmp_path / "y").write_bytes(b"")
    (tmp_path / "x").write_bytes(b"\n\nc\n")
    output = tmp_path / "out.jsonl"
    inputs = [tmp_path / "z", tmp_path / "y", "-", tmp_path / "x", tmp_path / "z"]
    assert run("embed", *inputs, "-m", folder, "-o", output, stdin=b"the\n").code == 0
    records = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert [record["text"] for record in records] == ["a", "b", "the", "", "", "c", "a", "b"]


@pytest.mark.parametrize("suffix", [".npy", ".jsonl"])
def test_no_texts(run, tmp_path, folder, suffix):
    """Catches an error, or an array without its width."""
    output = tmp_path / f"out{suffix}"
    assert run("embed", "-", "-m", folder, "-o", output).code == 0
    assert written(output).shape == ((0, 12) if suffix == ".npy" else (0,))


@pytest.mark.parametrize(
    "options, keywords",
    [
        (["--threads", "3"], {}),
        (["--backend", "numpy"], {"backend": "numpy"}),
        (["--pooling", "max"], {"pooling": "max"}),
    ],
)
def test_options_reach_the_library(run, tmp_path, folder, options, keywords):
    """Catches an option that is parsed and forgotten."""
    output = tmp_path / "out.npy"
    assert run("embed", "-", "-m", folder, "-o", output, *options, stdin=lines(TEXTS)).code == 0
    wanted = SentenceEncoder.from_pretrained(folder, **keywords).encode(TEXTS)
    assert written(output).tobytes() == wanted.tobytes()


def test_batch_size_reaches_the_library(run, tmp_path, folder, monkeypatch):
    """Catches --batch-size being dropped: no result shows it, only memory does."""
    sizes: list[int] = []
    honest = SentenceEncoder.encode

    def recording(self, texts, batch_size, **options):
        sizes.append(batch_size)
        return honest(self, texts, batch_size=batch_size, **options)

    monkeypatch.setattr(SentenceEncoder, "encode", recording)
    arguments = ["embed", "-", "-m", folder, "-o", tmp_path / "out.npy"]
    for options in ([], ["--batch-size", "3"]):
        assert run(*arguments, *options, stdin=lines(TEXTS)).code == 0
    assert sizes == [32, 32, 3, 3]  # once without texts, to see what a row is like


def test_a_bare_folder_warns_in_one_line_unless_pooling_is_given(run, tmp_path):
    """Catches silence about a guess."""
    folder, output = write_model(tmp_path / "bare"), tmp_path / "out.npy"
    done = run("embed", "-", "-m", folder, "-o", output, stdin=b"a\n")
    warning, status = done.err.splitlines()
    assert done.code == 0 and status.startswith("1 texts, 12 features")
    assert warning.startswith("npdistil: warning: ") and "pooling is a guess" in warning
    done = run("embed", "-", "-m", folder, "-o", output, "--pooling", "cls", stdin=b"a\n")
    assert done.err.startswith("1 texts")


# Arguments besides the model, standard input, and what the message says.
OUT = ["-o", "{tmp}/out.npy"]
BAD: dict[str, tuple[list[str], bytes, str]] = {
    "missing_file": (["{tmp}/absent.txt", *OUT], b"", "absent.txt: no such file"),
    "folder_as_file": (["{tmp}", *OUT], b"", "not a regular file"),
    "bad_utf8": (["{tmp}/bad.txt", *OUT], b"", "bad.txt: line 3 is not UTF-8 (byte 0xff)"),
    "utf16": (["{tmp}/utf16.txt", *OUT], b"", "utf16.txt: line 1 is not UTF-8 (byte 0xff)"),
    "bad_stdin": (["-", *OUT], b"a\n\x80", "standard input: line 2 is not UTF-8 (byte 0x80)"),
    "cut_utf8": (["-", *OUT], b"a\n\xe4\xb8", "line 2 is not UTF-8 (byte 0xe4)"),
    "stdin_twice": (["-", "-", *OUT], b"a\n", "'-' (standard input) can be read only once"),
    "unknown_suffix": (
        ["-", "-o", "x.csv"],
        b"",
        "x.csv: the name must end in .npy, .jsonl, .parquet or .safetensors",
    ),
    "no_suffix": (
        ["-", "-o", "{tmp}/x"],
        b"",
        "must end in .npy, .jsonl, .parquet or .safetensors",
    ),
    "no_folder": (["-", "-o", "{tmp}/no/x.npy"], b"", "no does not exist; make it first"),
    "folder": (["-", "-o", "{tmp}/dir.npy"], b"", "dir.npy: is a folder; name a file"),
    "long_name": (["-", "-o", f"{'x' * 300}.npy"], b"", "cannot be written: File name too long"),
    "threads": (
        ["-", *OUT, "--threads", "0"],
        b"a\n",
        "--threads: expected a positive integer, not 0",
    ),
    "batch": (["-", *OUT, "--batch-size", "0"], b"a\n", "--batch-size: expected a positive"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(run, tmp_path, folder, name):
    """Catches a traceback, a second line, and an output file of a run that failed."""
    (tmp_path / "dir.npy").mkdir()
    (tmp_path / "bad.txt").write_bytes(b"\xef\xbb\xbfa\nb\nc\xff\n")
    (tmp_path / "utf16.txt").write_bytes("a\n".encode("utf-16"))
    (tmp_path / "out.npy").write_bytes(b"what was there before")
    before = sorted(path.name for path in tmp_path.iterdir())
    arguments, stdin, message = BAD[name]
    arguments = [argument.format(tmp=tmp_path) for argument in arguments]
    assert message in run("embed", *arguments, "-m", folder, stdin=stdin).error
    assert (tmp_path / "out.npy").read_bytes() == b"what was there before"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not any((tmp_path / "dir.npy").iterdir())


def test_what_is_wrong_is_said_before_the_work(run, tmp_path):
    """Catches an hour of embedding before a bad -o, and texts read before a bad --batch-size."""
    missing = tmp_path / "absent"
    assert "must end in" in run("embed", missing, "-m", missing, "-o", "x.csv").error
    arguments = ["embed", missing, "-m", missing, "-o", tmp_path / "x.npy"]
    assert "--batch-size" in run(*arguments, "--batch-size", "-1").error


def test_closed_standard_input(run, tmp_path, folder):
    """Catches AttributeError where the process has no standard input, and a failing read."""

    class Failing:
        buffer = property(lambda self: self)

        def read1(self, size: int) -> bytes:
            raise OSError(5, "Input/output error")

    for stdin, message in ((None, "is closed; name a file"), (Failing(), "Input/output error")):
        done = run("embed", "-", "-m", folder, "-o", tmp_path / "out.npy", stdin=stdin)
        assert f"standard input: {message}" in done.error.replace("cannot be read: ", "")


@pytest.mark.parametrize("failure", [InputError("no"), KeyboardInterrupt(), RuntimeError("bug")])
def test_a_failing_encode_leaves_the_old_file(run, tmp_path, folder, monkeypatch, failure):
    """Catches an output that is opened, and so emptied, before there is anything to write."""
    output = tmp_path / "out.npy"
    output.write_bytes(b"old")

    def failing(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(SentenceEncoder, "encode", failing)
    arguments = ("embed", "-", "-m", folder, "-o", output)
    if isinstance(failure, RuntimeError):
        with pytest.raises(RuntimeError, match="bug"):
            run(*arguments, stdin=b"a\n")
    else:
        assert run(*arguments, stdin=b"a\n").code == (2 if isinstance(failure, InputError) else 130)
    assert output.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"model", "out.npy"}


@pytest.mark.parametrize("suffix", [".npy", ".jsonl"])
def test_a_failing_write_leaves_the_old_file_and_the_rows(
    run, tmp_path, folder, monkeypatch, suffix
):
    """Catches half an output, a temporary file left behind, and an hour of work that is lost."""
    output, partial = tmp_path / f"out{suffix}", tmp_path / f"out{suffix}.partial"
    output.write_bytes(b"old")

    def failing(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    arguments = ["embed", "-", "-m", folder, "-o", output]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing)
        error = run(*arguments, stdin=b"a\n").error
    assert f"out{suffix}: cannot be written: Permission denied. 1 rows are kept in " in error
    assert output.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"model", output.name, partial.name}
    assert run(*arguments, "--resume", stdin=b"a\n").code == 0
    assert len(written(output)) == 1 and not partial.exists()


@pytest.mark.parametrize("name", ["x" * 251 + ".npy", "é" * 125 + ".npy"])
def test_the_longest_file_name(tmp_path, name):
    """Catches a temporary name that is longer than the one asked for: 255 bytes are allowed."""
    write(tmp_path / name, ["a"], np.ones((1, 2), np.float32))
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_the_file_has_the_usual_permissions(tmp_path):
    """Catches mkstemp's 0600, with which a colleague cannot read the result."""
    usual, ours = tmp_path / "usual", tmp_path / "out.npy"
    usual.write_bytes(b"")
    write(ours, ["a"], np.ones((1, 2), np.float32))
    assert ours.stat().st_mode == usual.stat().st_mode
