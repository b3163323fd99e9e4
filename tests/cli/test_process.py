"""`python -m npdistil` as the shell runs it: streams that are closed, full or not UTF-8."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import npdistil
from npdistil import SentenceEncoder
from tests.tasks.folders import write_model, write_settings

ROOT = Path(npdistil.__file__).parent.parent
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="descriptors and limits of POSIX")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_settings(write_model(tmp_path_factory.mktemp("cli") / "model"))


def start(*arguments: object, python: tuple[str, ...] = ("-m", "npdistil"), **options):
    """Run to the end; buffered as for a user, whatever these tests run under."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.pop("env", {})}
    environment.pop("PYTHONUNBUFFERED", None)
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [sys.executable, *python, *map(str, arguments)],
        env=environment, stderr=subprocess.PIPE, timeout=120, **options,
    )  # fmt: skip


def test_version_and_errors():
    """Catches a `__main__` that forgets the exit code."""
    done = start("--version")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().split() == ["npdistil", npdistil.__version__]
    done = start("info", "absent")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)


def test_info_compiles_nothing(tmp_path, folder):
    """Catches 20 seconds of compiling before a table for which no kernel is called."""
    done = start("info", folder, env={"NPDISTIL_CACHE_DIR": str(tmp_path / "cache")})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"architecture" in done.stdout and not (tmp_path / "cache").exists()


def test_embed_from_a_pipe(tmp_path, folder):
    """Catches standard input read in the terminal's encoding, and a bar where no terminal is."""
    output = tmp_path / "out.jsonl"
    done = start(
        "embed", "-", "-m", folder, "-o", output, "--threads", 2,
        input="the é\r\n中".encode(), env={"PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.startswith(b"2 texts, 12 features, ") and done.stderr.count(b"\n") == 1
    records = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    assert [record["text"] for record in records] == ["the é", "中"]
    found = np.array([record["embedding"] for record in records], np.float32)
    wanted = SentenceEncoder.from_pretrained(folder).encode(["the é", "中"])
    assert found.tobytes() == wanted.tobytes()


@posix_only
@pytest.mark.parametrize("arguments", [["--help"], ["info"], ["tokenize", 3], ["tokenize", 9000]])
def test_a_closed_pipe_is_quiet(folder, arguments):
    """Catches `npdistil ... | head`: a traceback, or Python's complaint at exit and code 120."""
    command = {
        "--help": ["--help"],
        "info": ["info", folder],
        "tokenize": ["tokenize", "a " * (arguments[-1] if len(arguments) > 1 else 0), "-m", folder],
    }[arguments[0]]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = start(*command, stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_output_that_is_not_utf8(folder):
    """Catches UnicodeEncodeError where the terminal knows fewer characters than the text."""
    done = start("tokenize", "é 中", "-m", folder, env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u4e2d" in done.stdout and rb"'\xe9'" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_that_is_full(folder):
    """Catches a table that got lost and exit code 0, or a traceback."""
    with Path("/dev/full").open("wb") as full:
        done = start("tokenize", "a", "-m", folder, stdout=full)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert done.stderr.startswith(b"npdistil: error: ") and b"No space left" in done.stderr


@posix_only
def test_streams_that_are_closed(tmp_path, folder):
    """Catches AttributeError on None, and messages that end up on standard output."""
    program = (
        "import os, subprocess, sys\n"
        "for stream in map(int, sys.argv[1]): os.close(stream)\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'npdistil', *sys.argv[2:]])\n"
    )
    source, output = tmp_path / "in.txt", tmp_path / "out.npy"
    source.write_text("a\nb\n")
    arguments = ["embed", source, "-m", folder, "-o", output, "--backend", "numpy"]
    done = start("02", *arguments, python=("-c", program))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert np.load(output).shape == (2, 12)
    done = start("0", "embed", "-", *arguments[2:], python=("-c", program))
    assert done.returncode == 2 and b"standard input: is closed" in done.stderr
    done = start("2", "info", tmp_path / "absent", python=("-c", program))
    assert (done.returncode, done.stdout) == (2, b"")


@posix_only
@pytest.mark.parametrize("suffix", [".npy", ".jsonl"])
def test_a_disk_that_fills_up_while_writing(tmp_path, folder, suffix):
    """Catches half an output under the name of a whole one, and "cannot be written: None"."""
    output = tmp_path / f"out{suffix}"
    output.write_bytes(b"old")
    program = (
        "import resource, sys\n"
        "from npdistil.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "sys.exit(main())\n"
    )
    arguments = ["embed", "-", "-m", folder, "-o", output, "--backend", "numpy"]
    done = start(*arguments, python=("-c", program), input=b"a b\n" * 200)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert b"cannot be written: " in done.stderr and b"None" not in done.stderr
    assert output.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


@pytest.mark.parametrize("chosen", [{}, {"OPENBLAS_THREAD_TIMEOUT": "26"}])
def test_threads_of_blas_do_not_spin(tmp_path, chosen):
    """Catches a variable that is set when BLAS has read it already, or over a user's own."""
    program = (
        "import os, sys\n"
        "from npdistil.cli import program\n"
        "asked = []\n"
        "class Finder:\n"
        "    def find_spec(name, *_):\n"
        "        if name == 'numpy': asked.append(os.environ['OPENBLAS_THREAD_TIMEOUT'])\n"
        "sys.meta_path.insert(0, Finder)\n"
        "os._exit = lambda code: print(*asked)\n"
        "program()\n"
    )
    environment = {**chosen, "NPDISTIL_CACHE_DIR": str(tmp_path)}
    done = start("cache", python=("-c", program), env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.split()[-1].decode() == chosen.get("OPENBLAS_THREAD_TIMEOUT", "21")


def test_all_that_was_said_is_there_at_the_end(tmp_path, folder):
    """Catches an end of the process that leaves lines in a buffer."""
    source = tmp_path / "in.txt"
    source.write_text("a b\n" * 5000)
    done = start("tokenize", "-m", folder, "--file", source)
    assert done.returncode == 0 and done.stderr.startswith(b"5000 texts, ")
    assert done.stdout.count(b"\n") == 5000 and done.stdout.endswith(b"\n")
