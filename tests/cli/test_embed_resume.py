"""`npdistil embed --resume`: the bytes of a run that nobody interrupted, or one clear error."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import npdistil
from npdistil import SentenceEncoder
from npdistil.cli import embed_job
from npdistil.cli.partial_file import partial_path
from tests.cli.running import runner
from tests.tasks.folders import write_model, write_settings
from tools.kill_embed import FORMATS, LEFT, Trial

ROOT = Path(npdistil.__file__).parent.parent
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="fork, signals and locks of POSIX")
LINES = [f"{'a b c the unable'[: n % 17]} {'c ' * (n % 7)}" for n in range(95)]


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.setattr(embed_job, "WINDOW", 10)
    return runner(monkeypatch, capsys)


@pytest.fixture
def place(tmp_path: Path, monkeypatch) -> Path:
    """The current folder: a model, and the lines."""
    write_settings(write_model(tmp_path / "model"))
    (tmp_path / "in.txt").write_text("\n".join(LINES))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def interrupted(run, monkeypatch, *arguments: object, blocks: int = 4, failure=KeyboardInterrupt):
    """Run until so many blocks are kept, then fail."""
    honest, calls = SentenceEncoder.encode, []

    def failing(self, texts, **options):
        calls.append(len(texts))
        if len(calls) == blocks + 2:  # the first is without texts
            raise failure
        return honest(self, texts, **options)

    with monkeypatch.context() as patch:
        patch.setattr(SentenceEncoder, "encode", failing)
        return run("embed", "-m", "model", *arguments)


@posix_only
@pytest.mark.parametrize("suffix", FORMATS)
def test_killed_at_any_moment(tmp_path, suffix):
    """Catches an output of half the rows, and a resumed run that ends with other bytes."""
    trial = Trial(tmp_path / "few", suffix, 60)
    calls = ("write", "replace", "unlink") if suffix == ".npy" else ("replace",)
    left = dict(trial.around_each_call(calls))
    assert {*left.values()} <= {*LEFT}, left
    assert len(left) >= (10 if suffix == ".npy" else 2)


@posix_only
def test_the_check_of_kills_can_fail(tmp_path, monkeypatch):
    """Catches a trial that sees nothing: a resumed run that forgets a block."""
    from npdistil.cli.partial_file import PartialFile

    trial = Trial(tmp_path / "few", ".npy", 120)
    honest = PartialFile.blocks

    def forgetful(self):
        return (block for n, block in enumerate(honest(self)) if n != 1)

    monkeypatch.setattr(PartialFile, "blocks", forgetful)
    found = {left for _, left in trial.around_each_call(("fsync",))}
    assert found - {*LEFT}, found


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_ctrl_c_keeps_what_was_done(run, place, monkeypatch, suffix, backend):
    """Catches work that is lost or done again, and no word on how to go on."""
    arguments = ["in.txt", "-o", f"out{suffix}", "--backend", backend]
    assert run("embed", "-m", "model", *arguments).code == 0
    whole = Path(f"out{suffix}").read_bytes()
    Path(f"out{suffix}").unlink()

    done = interrupted(run, monkeypatch, *arguments)
    assert (done.code, done.out) == (130, "")
    assert done.err == (
        f"npdistil: 40 rows are kept in {place}/out{suffix}.partial; --resume goes on from there.\n"
        "npdistil: interrupted\n"
    )
    assert {path.name for path in place.iterdir()} == {"model", "in.txt", f"out{suffix}.partial"}
    assert (
        "interrupted run left this; go on with --resume"
        in run("embed", "-m", "model", *arguments).error
    )

    texts = []
    honest = SentenceEncoder.encode
    monkeypatch.setattr(
        SentenceEncoder,
        "encode",
        lambda self, given, **options: (texts.append(given), honest(self, given, **options))[1],
    )
    done = run("embed", "-m", "model", *arguments, "--resume")
    assert done.code == 0 and done.err.startswith("goes on; 40 rows are there already\n95 texts, ")
    assert Path(f"out{suffix}").read_bytes() == whole
    computed = sorted(row for given in texts for row in given)
    assert computed == sorted(LINES[30:40] + LINES[40:]), "one block is compared"
    assert not partial_path(Path(f"out{suffix}")).exists()


def test_resume_without_anything_to_resume(run, place):
    """Catches a script that cannot always say --resume, and rows that come twice."""
    for _ in range(2):
        assert run("embed", "-m", "model", "in.txt", "-o", "out.npy", "--resume").code == 0
        assert np.load("out.npy").shape == (95, 12)


def test_standard_input_is_resumed(run, place, monkeypatch):
    """Catches lines that are embedded twice because a pipe begins anew."""
    content = "\n".join(LINES).encode()
    arguments = ["-", "-o", "out.npy"]
    monkeypatch.setattr(sys, "stdin", None)
    honest = run
    done = interrupted(lambda *a: honest(*a, stdin=content), monkeypatch, *arguments, blocks=2)
    assert done.code == 130 and "20 rows" in done.err
    assert run("embed", "-m", "model", *arguments, "--resume", stdin=content).code == 0
    wanted = SentenceEncoder.from_pretrained("model").encode(LINES)
    assert np.load("out.npy").tobytes() == wanted.tobytes()


OTHER = {
    "pooling": (["--pooling", "max"], "without --pooling, and this run is with --pooling max;"),
    "backend": (["--backend", "numpy"], "with --backend numba, and this run is with --backend nu"),
    "normalize": (["--normalize"], "without --normalize, and this run is with --normalize;"),
    "shard": (["--shard", "0/2"], "without --shard, and this run is with --shard 0/2;"),
    "lines": (["other.txt"], "with other lines than the first 40 of these inputs"),
    "fewer": (["fewer.txt"], "with other lines than the first 40 of these inputs"),
    "model": (["-m", "other"], "with another model, or on another processor"),
}


@pytest.mark.parametrize("name", OTHER)
def test_another_job_is_refused(run, place, monkeypatch, name):
    """Catches rows of two models, or of two inputs, in one output."""
    interrupted(run, monkeypatch, "in.txt", "-o", "out.npy")
    kept = Path("out.npy.partial").read_bytes()
    Path("other.txt").write_text("\n".join(["x", *LINES]))
    Path("fewer.txt").write_text("\n".join(LINES[:39]))
    shutil.copytree("model", "other")
    config = json.loads(Path("model/config.json").read_text())
    Path("other/config.json").write_text(json.dumps({**config, "layer_norm_eps": 1e-3}))
    arguments, message = OTHER[name]
    inputs = [] if name in ("lines", "fewer") else ["in.txt"]
    error = run("embed", *inputs, "-m", "model", "-o", "out.npy", "--resume", *arguments).error
    assert f"out.npy.partial: was begun {message}" in error and error.endswith("to begin anew.")
    assert Path("out.npy.partial").read_bytes() == kept and not Path("out.npy").exists()


@pytest.mark.parametrize(
    "before, now, message",
    [
        ("--normalize", "", "with --normalize, and this run is without --normalize;"),
        ("--long --stride 1", "--long", "with --stride 1, and this run is without --stride;"),
        ("--prompt-name query", "--prompt x", "without --prompt, and this run is with --prompt x;"),
        ("--prompt 'a b'", "--prompt a", "with --prompt 'a b', and this run is with --prompt a;"),
    ],
)
def test_options_are_told_as_they_are_typed(run, place, monkeypatch, before, now, message):
    """Catches values of Python, which nobody can type."""
    interrupted(run, monkeypatch, "in.txt", "-o", "out.npy", *shlex.split(before))
    again = ["-m", "model", "in.txt", "-o", "out.npy", "--resume", *shlex.split(now)]
    assert f"out.npy.partial: was begun {message} use the same" in run("embed", *again).error


def test_a_shard_of_other_files_is_refused(run, place, monkeypatch):
    """Catches lines that two shards have, or none, because a file grew between them."""
    size = Path("in.txt").stat().st_size
    arguments = ["in.txt", "-o", "out.npy", "--shard", "0/2"]
    interrupted(run, monkeypatch, *arguments)
    Path("in.txt").write_text("\n".join([*LINES, "c"]))
    error = run("embed", "-m", "model", *arguments, "--resume").error
    assert f"was begun with {size} bytes of all inputs, and this run is with {size + 2} by" in error


def test_lines_behind_those_that_are_done_may_change(run, place, monkeypatch):
    """Catches a repaired line, or threads and batches of another size, being refused."""
    Path("in.txt").write_bytes("\n".join([*LINES[:50], "", *LINES[50:]]).encode() + b"\n\xff\n")
    failed = run("embed", "-m", "model", "in.txt", "-o", "out.npy")
    assert "line 97 is not UTF-8" in failed.error and "90 rows are kept in" in failed.error
    Path("in.txt").write_text("\n".join([*LINES[:50], "", *LINES[50:], "the end"]))
    options = ["--resume", "--batch-size", "3", "--threads", "2"]
    assert run("embed", "-m", "model", "in.txt", "-o", "out.npy", *options).code == 0
    wanted = SentenceEncoder.from_pretrained("model").encode(
        [*LINES[:50], "", *LINES[50:], "the end"]
    )
    assert np.load("out.npy").tobytes() == wanted.tobytes()


def test_skipped_lines_stay_skipped(run, place, monkeypatch):
    """Catches a report that knows only of the last run, and an option that is forgotten."""
    Path("in.jsonl").write_text("".join('{"text": "a"}\n' if n % 9 else "{}\n" for n in range(95)))
    arguments = ["in.jsonl", "-o", "out.npy", "--skip-errors"]
    assert interrupted(run, monkeypatch, *arguments).code == 130
    refused = run("embed", "-m", "model", "in.jsonl", "-o", "out.npy", "--resume")
    assert "was begun with --skip-errors; give it again." in refused.error
    done = run("embed", "-m", "model", *arguments, "--resume")
    assert done.code == 1 and "npdistil: 11 of 95 inputs were skipped" in done.err
    assert 'in.jsonl: line 1: field "text" is missing' in done.err
    bad = np.isnan(np.load("out.npy")).all(axis=1)
    assert np.flatnonzero(bad).tolist() == [*range(0, 95, 9)]


@pytest.mark.parametrize("cut", ["nothing", "head", "half a block", "flipped bit", "garbage"])
def test_a_partial_file_that_was_damaged(run, place, monkeypatch, cut):
    """Catches half a block, or one of which a bit has turned, that is taken for whole."""
    arguments = ["in.txt", "-o", "out.npy"]
    run("embed", "-m", "model", *arguments)
    whole = Path("out.npy").read_bytes()
    interrupted(run, monkeypatch, *arguments)
    path = Path("out.npy.partial")
    content = bytearray(path.read_bytes())
    if cut == "flipped bit":
        content[len(content) // 2] ^= 4
    else:
        kept = {"nothing": 0, "head": 20, "half a block": len(content) - 300}
        content = content[: kept.get(cut, len(content))]
    path.write_bytes(content + (b'{"rows": 1, "bytes": [9' if cut == "garbage" else b""))
    done = run("embed", "-m", "model", *arguments, "--resume")
    assert done.code == 0 and Path("out.npy").read_bytes() == whole
    there = re.match(r"goes on; (\d+) rows are there already", done.err)
    wanted = {"half a block": (30,), "flipped bit": (10, 20), "garbage": (40,)}.get(cut, (0,))
    assert int(there[1] if there else 0) in wanted


@pytest.mark.parametrize(
    "content", ["my notes\n", "my notes", "\n", '["notes"]\n', '{"notes": 1}\n', "{}", "\0\0\0"]
)
def test_a_partial_file_of_something_else(run, place, content):
    """Catches somebody's own file under this name that is overwritten, or a traceback."""
    Path("out.npy.partial").write_text(content)
    arguments = ["-m", "model", "in.txt", "-o", "out.npy"]
    assert run("embed", *arguments).code == 2
    assert Path("out.npy.partial").read_text() == content
    assert run("embed", *arguments, "--resume").error.endswith(
        "out.npy.partial: was not left by an interrupted embed, or is damaged; remove it, or give "
        "another -o."
    )
    assert Path("out.npy.partial").read_text() == content


@posix_only
def test_two_runs_with_one_output(run, place, monkeypatch):
    """Catches blocks of two processes in one file."""
    interrupted(run, monkeypatch, "in.txt", "-o", "out.npy")
    import fcntl

    with Path("out.npy.partial").open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        error = run("embed", "-m", "model", "in.txt", "-o", "out.npy", "--resume").error
        assert "another run is writing it; give each run its own output" in error
    assert run("embed", "-m", "model", "in.txt", "-o", "out.npy", "--resume").code == 0


@posix_only
def test_outputs_behind_links_and_with_long_names(run, place, monkeypatch):
    """Catches a partial file whose name is too long, and one that lies beside a link."""
    Path("real").mkdir()
    Path("link.npy").symlink_to(Path("real") / "out.npy")
    for name, folder in (("link.npy", "real"), ("x" * 251 + ".npy", ".")):
        interrupted(run, monkeypatch, "in.txt", "-o", name)
        (kept,) = Path(folder).glob("*.partial")
        assert run("embed", "-m", "model", "in.txt", "-o", name, "--resume").code == 0
        assert np.load(name).shape == (95, 12) and not kept.exists()
    refused = run("embed", "-m", "model", "in.txt", "-o", "x.npy", "--resume")
    Path("null.npy").symlink_to("/dev/null")
    refused = run("embed", "-m", "model", "in.txt", "-o", "null.npy", "--resume")
    assert "null.npy: is no file" in refused.error
    assert run("embed", "-m", "model", "in.txt", "-o", "null.npy").code == 0
    assert not Path("/dev/null.partial").exists()


@posix_only
def test_real_processes_that_are_stopped(place):
    """Catches a traceback, a first block that is written when all are done, and other bytes."""
    lines = [f"{line} {'a b c the'[: n % 9]}" for n, line in enumerate(LINES * 250)]
    Path("in.txt").write_text("\n".join(lines))
    code, error, first = stopped(signal.SIGINT)
    told, last = error.splitlines()
    assert (code, last) == (130, "npdistil: interrupted") and " rows are kept in " in told
    code, error, second = stopped(signal.SIGKILL, "--resume")
    assert code == -signal.SIGKILL and error.startswith("goes on; ") and second > first
    code, error, _ = stopped(None, "--resume")
    assert code == 0 and not Path("out.npy.partial").exists()
    wanted = SentenceEncoder.from_pretrained("model").encode(lines)
    assert np.load("out.npy").tobytes() == wanted.tobytes()


def stopped(number: int | None, *arguments: str) -> tuple[int, str, int]:
    """Send a signal when some more blocks are kept: exit code, messages, bytes that are kept."""
    partial = Path("out.npy.partial")
    before = partial.stat().st_size if partial.exists() else 0
    process = subprocess.Popen(
        [sys.executable, "-m", "npdistil", "embed", "in.txt", "-m", "model", "-o", "out.npy",
         *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if number is not None:
        for _ in range(6000):
            if partial.exists() and partial.stat().st_size > before + 100_000:
                break
            time.sleep(0.005)
        process.send_signal(number)
    _, error = process.communicate(timeout=100)
    return process.returncode, error, partial.stat().st_size if partial.exists() else 0
