"""Directories that cannot be written to, have no room, or are closed: the right answer from each.

Where this user may mount, they are file systems of their own; else what comes nearest to it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from npdistil.kernels.entries import ENGINE
from npdistil.kernels.objects import store, warm_up
from npdistil.kernels.text.entries import TEXT
from tests.kernels.objects.tiny import PROGRAM, ROOT, run

Mount = Callable[..., bool]
# What else has no room: files may have no more than a kilobyte.
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n" + PROGRAM


@pytest.fixture(scope="module")
def warm(tmp_path_factory) -> Path:
    """A directory with the kernel in it."""
    directory = tmp_path_factory.mktemp("warm")
    assert run(directory).compiled
    return directory


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Give a directory a file system in memory, with options; False: this user may not."""
    mounted = []

    def mount(place: Path, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", f"mode=755,{options}", "tmpfs", str(place)]
        done = shutil.which("mount") and subprocess.run(command, capture_output=True, check=False)
        if done and done.returncode == 0 and "remount" not in options:
            mounted.append(place)
        return bool(done) and done.returncode == 0

    yield mount
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def read_only(mount, tmp_path) -> Callable[[Path | None], Path]:
    """A directory with a copy of another, or with nothing; then nobody may write to it."""

    def read_only(content: Path | None) -> Path:
        place = tmp_path / "read-only"
        place.mkdir()
        mounted = mount(place, "size=1m")
        if content is not None:
            shutil.copytree(content, place, dirs_exist_ok=True)
            place.chmod(0o755)
        if mounted:
            assert mount(place, "remount,ro")
            with pytest.raises(OSError, match="Read-only"):
                (place / "new").touch()
        else:
            for each in (place, *(path for path in place.rglob("*") if path.is_dir())):
                each.chmod(0o555)
        return place

    return read_only


def test_a_read_only_directory_that_is_warm(warm, read_only):
    """Catches an image of a container that compiles at every start, or complains."""
    found = run(read_only(warm))
    assert not found.compiled and not found.warned and found.imported == []


def test_a_read_only_directory_that_is_empty(read_only):
    """Catches a start that dies because it cannot keep what it made."""
    found = run(read_only(None))
    assert found.compiled and found.warned


def test_a_read_only_home(read_only, tmp_path):
    """Catches a user whose home is of no use, and who compiles at every start."""
    (tmp_path / "temporary").mkdir()
    home = str(read_only(None))
    places = {"HOME": home, "XDG_CACHE_HOME": "", "TMPDIR": str(tmp_path / "temporary")}
    found = run(None, **places)
    assert found.compiled and not found.warned
    assert not run(None, **places).compiled


def test_no_home_and_no_temporary_files(tmp_path):
    """Catches a start that needs one of them: code is then compiled in memory."""
    program = "import tempfile; tempfile._candidate_tempdir_list = lambda: []\n" + PROGRAM
    found = run(None, program, HOME="/dev/null", XDG_CACHE_HOME="cache")
    assert found.compiled and found.warned
    assert not (ROOT / "cache").exists(), "kept where the program happened to run"


@pytest.mark.parametrize("pages", [0, 1, 2, 4])
def test_a_disk_with_room_for_a_part(mount, tmp_path, pages):
    """Catches half a file that is taken for a whole one, and a traceback about space.

    There is room for so many pages: for nothing, for one file, for two, for all but the image.
    """
    place = tmp_path / "small"
    place.mkdir()
    if mount(place, "size=8m"):
        (place / "kernels").mkdir(0o755)
        (place / "ballast").write_bytes(bytes((8 << 20) - (pages << 12)))
        program = PROGRAM
    else:
        program = LIMITED
    for start in range(2):
        found = run(place, program)
        assert found.compiled is (start == 0 or found.warned)
    assert [*place.rglob("*.tmp")] == []
    if program == LIMITED or not pages:
        assert found.warned and [*place.rglob("*.o")] == []


def test_a_mount_from_which_nothing_is_executed(mount, tmp_path):
    """Catches code that is mapped from a file: a `noexec` home would compile at every start."""
    place = tmp_path / "mounted"
    place.mkdir()
    mount(place, "size=1m,noexec,nosuid,nodev")
    assert run(place).compiled
    found = run(place)
    assert not found.compiled and not found.warned and found.imported == []


def test_a_directory_that_is_gone(tmp_path):
    """Catches a program whose working directory was removed under it."""
    gone = str(tmp_path / "gone")
    leave = f"import os; os.mkdir({gone!r}); os.chdir({gone!r}); os.rmdir({gone!r})\n"
    program = PROGRAM.replace("x_N =", leave + "sys.path.append('')\nx_N =", 1)
    assert run(tmp_path / "cache", program).compiled
    assert not run(tmp_path / "cache", program).compiled
    assert run(Path("relative"), program).warned
    assert [*(ROOT / "npdistil").rglob("relative")] == [], "kept where a process happened to run"


def test_a_relative_directory_is_the_callers(tmp_path):
    """Catches code that is compiled at every start, and kept in the package's own folder."""
    program = f"import os; os.chdir({str(tmp_path)!r})\n" + PROGRAM
    found = run(Path("relative"), program, PYTHONPATH=str(ROOT))
    assert found.compiled and not found.warned
    assert not run(tmp_path / "relative").compiled


def test_a_place_that_cannot_be_looked_into(monkeypatch, tmp_path):
    """Catches a traceback where looking for a file is an error itself."""
    seen = []
    monkeypatch.setattr(warm_up, "obtain", lambda unit: seen.append(unit) or b"")
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(tmp_path / ("x" * 300)))
    with pytest.raises(OSError, match="too long"):
        (next(store.directories()) / "x").exists()
    warm_up.make_missing((ENGINE, TEXT))
    assert len(seen) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can become somebody else")
def test_the_home_of_another_user():
    """Catches a container that runs as nobody and has the superuser's HOME, which is closed."""
    program = """
import concurrent.futures.thread, os, sys, tempfile
from npdistil.kernels.entries import ENGINE
from npdistil.kernels.objects import cpu, store, warm_up
from npdistil.kernels.text.entries import TEXT
cpu.chosen_cpu()  # now, while modules can be read, wherever they are
seen = []
warm_up.obtain = lambda unit: seen.append(unit) or b""
warm_up.keep_image = lambda *_: None
tempfile.gettempdir()
os.seteuid(54321)
warm_up.make_missing((ENGINE, TEXT))
home, other = store.directories()
print(len(seen), store.has(home, "x"), store.read(home, "x"), store.prepare(home),
      store.files(home), store.clear(home), store.prepare(other))
"""
    public = Path(tempfile.mkdtemp())  # pytest's own directories are for one user alone
    public.chmod(0o777)
    (public / "home").mkdir(0o700)
    inherited = {name: text for name, text in os.environ.items() if name != "NPDISTIL_CACHE_DIR"}
    place = {"HOME": str(public / "home"), "XDG_CACHE_HOME": "", "TMPDIR": str(public)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT, env={**inherited, **place}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        shutil.rmtree(public)
    assert (done.stdout, done.returncode) == ("2 False None False {} 0 True\n", 0), done.stderr
