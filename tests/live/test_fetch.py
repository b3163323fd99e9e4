"""`npdistil fetch` with the real huggingface_hub, from a hub on this machine."""

import fcntl
import os
import pty
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from npdistil.cli.fetch import EXAMPLE
from npdistil.tasks.folder_lock import NAME, check_lock
from tests.cli.running import runner
from tests.live.hub_server import COMMIT

HUB_ID = "microsoft/xtremedistil-l6-h256-uncased"
WEIGHTS = "pytorch_model.bin"
ROOT = Path(__file__).parents[2]
CLIENT_CHUNK = 1 << 14  # of 10 MB, which the client keeps back until they are whole
PROGRAM = f"""
import sys, huggingface_hub.constants
from npdistil.cli import main
huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE = {CLIENT_CHUNK}
sys.exit(main())"""


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", PROGRAM, "fetch", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def repository(tmp_path: Path) -> Path:
    return tmp_path / "cache" / f"models--{HUB_ID.replace('/', '--')}"


def test_fetch_into_the_cache_repairs_it(hub, tmp_path, run):
    """A damaged file that stays for ever because it has a name."""
    done = run("fetch", "xtremedistil-l6-h256")
    snapshot = repository(tmp_path) / "snapshots" / COMMIT
    assert (done.code, done.out) == (0, f"{snapshot}\n")
    blob = Path(os.path.realpath(snapshot / WEIGHTS))
    content = bytearray(blob.read_bytes())
    content[100] ^= 1
    blob.write_bytes(content)
    assert run("fetch", HUB_ID).code == 0
    assert (snapshot / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert len(hub.sent(WEIGHTS)) == 2 and len(hub.sent("vocab.txt")) == 1
    blob.unlink()  # and a link that leads nowhere
    assert run("fetch", HUB_ID).code == 0
    assert (snapshot / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_the_example_of_help_works(hub, tmp_path, run):
    """An example that was never run, or not since an option was renamed."""
    (tmp_path / "weights").mkdir()
    program, verb, *arguments = shlex.split(EXAMPLE)
    done = run(verb, *arguments)
    assert (program, verb) == ("npdistil", "fetch")
    assert (done.code, done.out) == (0, "weights/xtremedistil-l6-h256\n")
    assert check_lock(tmp_path / "weights" / "xtremedistil-l6-h256").right


def test_fetch_into_a_folder(hub, tmp_path, run):
    """Links into a cache, files that nothing reads, no lock, leftovers; a progress bar in a log."""
    done = run("fetch", HUB_ID, "-o", "tiny", "--revision", "main")
    assert (done.code, done.out, done.err) == (0, "tiny\n", "")
    folder = tmp_path / "tiny"
    assert {path.name for path in folder.iterdir()} == {"config.json", "vocab.txt", WEIGHTS, NAME}
    assert not any(path.is_symlink() or path.stat().st_nlink > 1 for path in folder.iterdir())
    assert check_lock(folder).right
    assert run("verify", "tiny").code == 0
    assert not (tmp_path / "cache").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    hub.requests.clear()
    assert "exists already" in run("fetch", HUB_ID, "-o", "tiny").error
    assert hub.requests == []


@pytest.mark.parametrize("output", [False, True])
def test_a_killed_fetch_goes_on(hub, tmp_path, output):
    """A long download that starts from nothing after every interruption; half a folder by name."""
    hub.pause = 0.02
    size = len(hub.files[WEIGHTS])
    arguments = [HUB_ID, "-o", tmp_path / "out"] if output else [HUB_ID]
    for stop in (signal.SIGKILL, signal.SIGINT):
        before = sum(hub.sent(WEIGHTS))
        process = subprocess.Popen(
            command(*arguments), env=environment(), stderr=subprocess.PIPE, text=True
        )
        while sum(hub.sent(WEIGHTS)) - before < size // 3 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(stop)
        error = process.communicate(timeout=30)[1]
        if stop is signal.SIGINT:
            assert process.returncode == 130
            assert "the same command goes on from there" in error and "Traceback" not in error
        assert not (tmp_path / "out").exists()
        assert not (repository(tmp_path) / "refs").exists()
    hub.pause = 0.0
    done = subprocess.run(command(*arguments), env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert (folder / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    # two runs brought a third each, but for what was on its way when they ended
    assert hub.sent(WEIGHTS)[-1] <= size // 3 + 4 * CLIENT_CHUNK
    assert [path.name for path in tmp_path.glob(".out*")] == []


def test_two_at_a_time_fetch_once(hub, tmp_path):
    """Two processes that write to one file, or that bring everything twice."""
    hub.pause = 0.02
    both = [
        subprocess.Popen(command(HUB_ID), env=environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    folders = {process.communicate(timeout=60)[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    (folder,) = folders
    assert (Path(folder) / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert hub.sent(WEIGHTS) == [len(hub.files[WEIGHTS])]


def test_a_folder_takes_from_the_cache(hub, tmp_path, run):
    """A second download of what lies on the disk; a folder whose files are the cache's own."""
    assert run("fetch", HUB_ID).code == 0
    hub.requests.clear()
    assert run("fetch", HUB_ID, "-o", "tiny").code == 0
    assert [request.path.split("/")[1] for request in hub.requests] == ["api"]
    with (tmp_path / "tiny" / WEIGHTS).open("ab") as stream:
        stream.write(b"x")
    (cached,) = tmp_path.glob(f"cache/models--*/snapshots/*/{WEIGHTS}")
    assert cached.read_bytes() == hub.files[WEIGHTS]


def test_a_terminal_sees_a_bar(hub):
    """Minutes without a sign of life."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = subprocess.Popen(
        command(HUB_ID), env=environment(), stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
        shown += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert b"pytorch_model.bin: 100%" in shown
