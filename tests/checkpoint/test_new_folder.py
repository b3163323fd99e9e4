"""A folder appears whole or not at all, whatever happens to the run that writes it."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import npdistil
from npdistil.checkpoint.new_folder import new_folder
from npdistil.errors import InputError, ModelFileError

ROOT = Path(npdistil.__file__).parent.parent


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own that runs `program` with new_folder at hand."""
    head = "import sys, os, time\nfrom pathlib import Path\n"
    head += "from npdistil.checkpoint.new_folder import new_folder\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


WRITE_AND_WAIT = """
with new_folder(Path(sys.argv[1])) as aside:
    (aside / "a").write_text("half")
    print(aside, flush=True)
    time.sleep(60)
"""


def test_it_is_there_at_the_end_and_not_before(tmp_path):
    """Catches a folder that others can see half written."""
    target = tmp_path / "model"
    with new_folder(target) as aside:
        (aside / "sub").mkdir()
        (aside / "sub" / "a").write_text("x")
        assert not target.exists()
        assert aside.parent == tmp_path
        assert aside.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (target / "sub" / "a").read_text() == "x"


def test_permissions_are_those_of_any_new_folder(tmp_path):
    """Catches a model that only its maker can read, or one that the umask would have closed."""
    for umask, mode in ((0o022, 0o755), (0o077, 0o700)):
        before = os.umask(umask)
        try:
            with new_folder(tmp_path / oct(umask)):
                pass
        finally:
            os.umask(before)
        assert (tmp_path / oct(umask)).stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(
    "error", [ModelFileError("bad"), KeyboardInterrupt(), ConnectionError("lost")]
)
def test_nothing_stays_after_an_error(tmp_path, error):
    """Catches files left behind, and a block's own error told as a full disk."""
    with pytest.raises(type(error)) as raised, new_folder(tmp_path / "model") as aside:
        (aside / "a").write_text("x")
        raise error
    assert raised.value is error
    assert [*tmp_path.iterdir()] == []


def make_file(path: Path) -> None:
    path.write_text("mine")


def make_folder(path: Path) -> None:
    path.mkdir()


def make_link(path: Path) -> None:
    path.symlink_to("nowhere")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [make_file, make_folder, make_link, make_pipe])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_what_exists_stays(tmp_path, make, when):
    """Catches an empty folder or a file replaced by the rename, and a link written through."""
    target = tmp_path / "model"
    if when == "before":
        make(target)
    with (
        pytest.raises(InputError, match="exists already"),
        new_folder(target) as aside,
    ):
        assert when == "meanwhile"
        (aside / "a").write_text("x")
        make(target)
    (only,) = tmp_path.iterdir()
    status = only.lstat()
    only.rename(tmp_path / "kept")
    make(target)
    assert status.st_mode == target.lstat().st_mode


@pytest.mark.parametrize(
    "name", ["", ".", "..", "/", "absent/model", "a\0b", "x" * 256, "file/model", "loop/model"]
)
def test_places_that_cannot_be(tmp_path, monkeypatch, name):
    """Catches OSError or ValueError at the user, and parents made on the way."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError), new_folder(Path(name)):
        raise AssertionError("the block must not run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop"]


def test_a_parent_that_cannot_be_written_to(tmp_path, monkeypatch):
    """Catches PermissionError at the user (simulated: the superuser may write anywhere)."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refuse)
    with (
        pytest.raises(InputError, match="cannot be written: Permission denied"),
        new_folder(tmp_path / "model"),
    ):
        raise AssertionError("the block must not run")


def test_a_full_disk_in_the_block(tmp_path):
    """Catches OSError at the user: a real limit, met by a real write."""
    program = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
with new_folder(Path(sys.argv[1])) as aside:
    (aside / "a").write_bytes(bytes(20_000))
"""
    process = start(program, tmp_path / "model")
    _, err = process.communicate(timeout=60)
    assert err.splitlines()[-1].startswith("npdistil.errors.InputError: ")
    assert "File too large" in err.splitlines()[-1]
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["fsync", "rename", "chmod", "mkdir", "scandir", "open"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_each_call_fails_once(tmp_path, monkeypatch, name, code):
    """Catches a failure that leaves OSError, files, or a target that is not whole.

    The n-th call of each kind fails, for n = 1, 2, ... until none does.
    """
    original = getattr(os, name)
    for n in range(1, 30):
        target, calls = tmp_path / f"{n}", 0

        def failing(*args: object, n: int = n, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls == n:
                raise OSError(code, "simulated")
            return original(*args, **kwargs)

        monkeypatch.setattr(os, name, failing)
        try:
            with new_folder(target) as aside:
                monkeypatch.setattr(os, name, original)
                (aside / "a").write_text("x")
                monkeypatch.setattr(os, name, failing)
        except InputError as error:
            assert "cannot be written: simulated" in str(error)
            assert not target.exists()
        else:
            assert (target / "a").read_text() == "x"
        monkeypatch.setattr(os, name, original)
        if calls < n:
            break
    else:
        raise AssertionError("every call failed")
    assert n > 1  # the call is made at all


def test_a_killed_run_leaves_what_the_next_one_removes(tmp_path):
    """Catches leftovers that pile up, and a lock that outlives its process."""
    target = tmp_path / "model"
    process = start(WRITE_AND_WAIT, target)
    aside = Path(process.stdout.readline().strip())
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [*tmp_path.iterdir()] == [aside] and (aside / "a").exists()
    other = tmp_path / "other"
    with new_folder(other):
        assert aside.exists()  # another target's
    with new_folder(target):
        assert not aside.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"model", "other"}


def test_a_live_run_is_left_alone(tmp_path):
    """Catches a run that removes what another one is writing."""
    target = tmp_path / "model"
    process = start(WRITE_AND_WAIT, target)
    try:
        theirs = Path(process.stdout.readline().strip())
        with new_folder(target) as aside:
            assert theirs.exists() and theirs != aside
            (aside / "a").write_text("whole")
        assert (theirs / "a").exists()
    finally:
        process.kill()
        process.communicate()
    assert (target / "a").read_text() == "whole"


def test_many_processes_to_one_target(tmp_path):
    """Catches two winners, a mixture, and a new folder swept away before its lock was taken."""
    program = """
from npdistil.errors import InputError
start, target = float(sys.argv[2]), Path(sys.argv[1])
time.sleep(max(0, start - time.time()))
for n in range(40):
    try:
        with new_folder(target.with_name(f"{target.name}{n}")) as aside:
            for name in "ab":
                (aside / name).write_text(str(os.getpid()))
    except InputError as error:
        assert "exists already" in str(error), error
"""
    begin = time.time() + 1
    processes = [start(program, tmp_path / "model", begin) for _ in range(4)]
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"model{n}" for n in range(40)
    )
    for folder in tmp_path.iterdir():
        first, second = (path.read_text() for path in sorted(folder.iterdir()))
        assert first == second


def test_what_only_looks_like_a_leftover_stays(tmp_path):
    """Catches a sweep that takes a user's files for its own, or follows a link out."""
    target = tmp_path / "model"
    with new_folder(target) as aside:
        name = aside.name
    prefix = name[: -len("0123456789abcdef.part")]
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "keep").touch()
    (tmp_path / f"{prefix}0123456789abcdef.part").symlink_to("elsewhere")
    (tmp_path / f"{prefix}0123456789abcde0.part").write_text("a file")
    (tmp_path / f"{prefix}mine.part").mkdir()
    before = sorted(tmp_path.rglob("*"))
    target.rmdir()
    with new_folder(target):
        pass
    assert sorted(tmp_path.rglob("*")) == before


def test_what_dead_runs_hand_on(tmp_path):
    """Catches the shorter of two files taken, a link followed, or a file of a live run taken."""
    target = tmp_path / "model"
    program = WRITE_AND_WAIT.replace('"a").write_text("half")', 'sys.argv[2]).write_text("half")')
    live = start(program, target, "live.begun")
    dead = [start(program, target, name) for name in ("one.begun", "other")]
    try:
        theirs, *found = [Path(each.stdout.readline().strip()) for each in (live, *dead)]
        for each in dead:
            each.kill()
            each.communicate()
        (found[1] / "one.begun").write_text("longer than half")
        (found[1] / "link.begun").symlink_to(found[0] / "one.begun")
        with new_folder(target, "*.begun") as aside:
            assert [path.name for path in aside.iterdir()] == ["one.begun"]
            assert (aside / "one.begun").read_text() == "longer than half"
            assert (theirs / "live.begun").exists()
            assert not any(path.exists() for path in found)
    finally:
        for each in (live, *dead):
            each.kill()
            each.communicate()


@pytest.mark.parametrize("name, kept", [("a.begun", True), ("a", False)])
def test_ctrl_c_keeps_what_is_handed_on(tmp_path, name, kept):
    """Catches work that is lost, a folder kept for nothing, and one that no run removes."""
    target = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt), new_folder(target, "*.begun") as aside:
        (aside / name).write_text("half")
        raise KeyboardInterrupt
    assert aside.exists() == kept
    with new_folder(target):
        assert not aside.exists()
