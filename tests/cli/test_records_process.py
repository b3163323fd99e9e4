"""A verb over records as the shell runs it: terminals, closed pipes, Ctrl-C, memory."""

import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

import npdistil

ROOT = Path(npdistil.__file__).parent.parent
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="terminals and signals of POSIX")
TEXT = "plain wörd 中文 tab\tand\x1b[31m " + "long" * 60


def start(*arguments: str, stdout=subprocess.PIPE, stderr=subprocess.PIPE, program=None, **more):
    """The tiny verb, buffered as for a user."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    environment.pop("PYTHONUNBUFFERED", None)
    run = ("-c", program) if program else ("-m", "tests.cli.tiny_verb")
    return subprocess.Popen(
        [sys.executable, *run, *arguments], env=environment, cwd=ROOT,
        stdin=subprocess.PIPE, stdout=stdout, stderr=stderr,
    )  # fmt: skip


def on_a_terminal(columns: int, content: bytes, *arguments: str, bar: bool = False) -> list[str]:
    """What the tiny verb shows of an input, on a terminal of so many columns; and its bar."""
    import fcntl  # neither is there on Windows
    import termios

    terminal, end = os.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    process = start(
        "-", *arguments, stdout=end, stderr=end if bar else subprocess.PIPE,
        COLUMNS=str(columns), PYTHONIOENCODING="utf-8",
    )  # fmt: skip
    os.close(end)
    shown = bytearray()

    def read() -> None:
        try:
            while block := os.read(terminal, 1 << 16):
                shown.extend(block)
        except OSError:
            pass  # Linux's way to say that the other end is closed

    reader = threading.Thread(target=read)
    reader.start()
    process.communicate(content, timeout=60)
    reader.join(60)
    os.close(terminal)
    return shown.decode().replace("\r\n", "\n").split("\n")[:-1]


def test_a_table_on_a_terminal():
    """Catches lines wider than the screen, columns that do not align, and terminal commands."""
    content = b'{"text": "a bb"}\n{"x": 1}\n' + json.dumps({"text": TEXT}).encode()
    head, first, second, error, *others = on_a_terminal(40, content, "--jsonl", "--skip-errors")
    assert head.split() == ["line", "word", "length", "share"]
    assert first.split() == ["1", "a", "4", "1.3333"]
    assert second.split() == ["1", "bb", "4", "1.3333"]
    assert error.startswith("2  error: standard input: line 2: ") and error.endswith("…")
    assert [line.split()[:2] for line in others[:3]] == [
        ["3", "plain"],
        ["3", "wörd"],
        ["3", "中文"],
    ]
    rows = [head, first, second, others[0], others[1]]
    assert len({len(row) for row in rows}) == 1, "numbers end at one column"
    assert len(others[2]) == len(head) - 2, "an ideograph takes two columns"
    assert max(map(len, [*rows, error, *others])) <= 40
    assert r"tab\tand\x1b[31m" in others[3] and others[4].split()[1].endswith("…")


def test_a_progress_bar_and_a_table_on_one_terminal():
    """Catches rows that begin behind a bar, and a bar that is printed among them for good."""
    content = b"one two\n" * 300
    plain = on_a_terminal(60, content)
    assert len(plain) == 601
    shown = on_a_terminal(60, content, bar=True)
    assert any("texts" in line for line in shown), "there was a bar"
    # what stands on a line is what was written behind the last clearing of it
    kept = [line.rpartition("\r\x1b[K")[2] for line in shown]
    assert [line for line in kept if "texts" not in line] == plain


def test_a_closed_pipe_is_quiet():
    """Catches `npdistil ... | head -1`: a traceback, or Python's complaint at exit."""
    process = start("-")
    writer = threading.Thread(target=feed, args=(process,))
    writer.start()
    assert process.stdout.readline() == b"1\tword\t4\t1.33333\n"
    process.stdout.close()
    with process.stderr:
        error = process.stderr.read()
    assert (process.wait(60), error) == (0, b"")
    writer.join(60)


def feed(process: subprocess.Popen) -> None:
    """Lines without end, until nobody reads them."""
    with suppress(BrokenPipeError), process.stdin:
        while True:
            process.stdin.write(b"word\n" * 1000)


def test_ctrl_c_prints_what_is_known():
    """Catches a traceback, exit code 0, and answers that were computed and not printed."""
    process = start("-")
    process.stdin.write(b"word\n" * 300)
    process.stdin.flush()
    wait_until_it_sleeps(process)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (130, b"npdistil: interrupted\n")
    assert out.count(b"\n") == 256, "one window was answered"


def wait_until_it_sleeps(process: subprocess.Popen) -> None:
    """Until it has read all and waits for more: nothing is left in its pipe, and it is idle."""
    import fcntl  # neither is there on Windows
    import termios

    for _ in range(600):
        left = struct.unpack("i", fcntl.ioctl(process.stdin, termios.FIONREAD, b"\0" * 4))[0]
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        if left == 0 and state == "S":
            return
        time.sleep(0.05)
    raise AssertionError("it never waited for more input")


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss in kilobytes")
def test_memory_is_constant(tmp_path):
    """Catches records or results that are kept: 200,000 lines of a kilobyte."""
    path = tmp_path / "in.txt"
    with path.open("wb") as stream:
        for _ in range(200):
            stream.write((b"x" * 1000 + b"\n") * 1000)
    program = (
        "import resource, runpy, sys\n"
        "try: runpy.run_module('tests.cli.tiny_verb', run_name='__main__')\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
    )
    found = []
    short = tmp_path / "short.txt"
    short.write_bytes(b"x\n")
    for source in (short, path):
        process = start(str(source), "--json", stdout=subprocess.DEVNULL, program=program)
        error = process.communicate(timeout=120)[1]
        found.append(int(error.splitlines()[-1]))
    assert found[1] - found[0] < 20_000, "kilobytes"
