"""Trouble with the private directory, from outside: the right answer, at worst compiled again."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from npdistil.kernels.objects import load
from npdistil.kernels.objects.key import unit_key
from npdistil.kernels.objects.sealed import HEAD, MAGIC
from tests.kernels.objects.tiny import PROGRAM, ROOT, TINY, finish, kept, run, start

# Settings that make other code, or none.
NUMBA = {"NUMBA_OPT": "0", "NUMBA_BOUNDSCHECK": "1", "NUMBA_DISABLE_JIT": "1"}


@pytest.fixture(scope="module")
def warm(tmp_path_factory) -> Path:
    """A directory that eight processes filled at the same time."""
    directory = tmp_path_factory.mktemp("warm")
    for process in [start(directory) for _ in range(8)]:
        assert not finish(process).warned
    assert len([*(directory / "kernels").glob("*.tmp")]) == 0
    return directory


@pytest.fixture
def copy(warm, tmp_path) -> Path:
    """That directory, to be spoilt."""
    return Path(shutil.copytree(warm, tmp_path / "copy"))


def test_a_warm_start_imports_no_compiler(warm):
    """The seconds that object code is kept for."""
    found = run(warm)
    assert not found.compiled and not found.warned
    assert found.imported == []


def test_a_cold_start_imports_none_either(tmp_path):
    """Numba's memory, and its settings, in the user's process."""
    found = run(tmp_path, **NUMBA)
    assert found.compiled and not found.warned and "numba" not in found.imported
    assert not run(tmp_path).compiled


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def pickled(file: Path) -> None:
    file.write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")


def of_another_unit(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b'"key": "', b'"key": "0'))


def behind_a_link(file: Path) -> None:
    file.rename(file.with_suffix(".elsewhere"))
    file.symlink_to(f"{file.stem}.elsewhere")


def a_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def writable_by_others(file: Path) -> None:
    file.chmod(0o666)


SPOILT = (
    *(truncated, flipped, emptied, pickled, of_another_unit, behind_a_link, a_pipe),
    *(writable_by_others, Path.unlink),
)


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_file_that_cannot_be_trusted_is_made_again(copy, spoil):
    """Half a file loaded, or one that stays broken for good."""
    for file in (kept(copy), kept(copy, "image")):
        spoil(file)
    found = run(copy)
    assert found.compiled and not found.warned
    assert not run(copy).compiled


@pytest.mark.parametrize("spoil", SPOILT)
def test_an_image_that_cannot_be_trusted_is_linked_again(copy, spoil):
    """Catches half an image that is run, and one that stays broken for good."""
    spoil(kept(copy, "image"))
    for imported in (["llvmlite.binding"], []):
        found = run(copy)
        assert not found.compiled and not found.warned and found.imported == imported


@pytest.mark.parametrize("spoil", [truncated, flipped, Path.unlink])
def test_an_image_needs_nothing_else(copy, spoil):
    """Catches a start that reads more than it runs."""
    spoil(kept(copy))
    found = run(copy)
    assert not found.compiled and not found.warned and found.imported == []


def others_may_write(directory: Path) -> None:
    (directory / "kernels").chmod(0o777)


def others_may_write_above(directory: Path) -> None:
    directory.chmod(0o770)


def a_link(directory: Path) -> None:
    (directory / "kernels").rename(directory / "elsewhere")
    (directory / "kernels").symlink_to("elsewhere")


def a_file(directory: Path) -> None:
    shutil.rmtree(directory)
    directory.touch()


@pytest.mark.parametrize("spoil", [others_may_write, others_may_write_above, a_link, a_file])
def test_a_directory_that_cannot_be_trusted_costs_one_warning(copy, spoil):
    """Planted code that is run, or an answer that is not given."""
    spoil(copy)
    found = run(copy)
    assert found.compiled and found.warned


def test_a_full_disk_costs_one_warning(tmp_path):
    """A traceback about space, or half a file that is taken for a whole one."""
    limits = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
    found = run(tmp_path, limits + PROGRAM)
    assert found.compiled and found.warned
    assert [*tmp_path.rglob("*.tmp"), *tmp_path.rglob("*.o"), *tmp_path.rglob("*.image")] == []


@pytest.mark.parametrize("home", ["/proc", "/dev/null"])
def test_without_a_home_temporary_files_do(tmp_path, home):
    """Containers and serverless functions, where nothing but /tmp can be written to."""
    places = {"HOME": home, "XDG_CACHE_HOME": "", "TMPDIR": str(tmp_path)}
    found = run(None, **places)
    assert found.compiled and not found.warned
    assert not run(None, **places).compiled
    assert len([*tmp_path.glob("npdistil*/kernels/*.o")]) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can become somebody else")
def test_whose_files_are_read(copy):
    """Those of the superuser, who builds images, and one's own; nobody else's."""
    public = Path(tempfile.mkdtemp())  # pytest's own directories are for one user alone
    shutil.copytree(copy, public, dirs_exist_ok=True)
    for place in (public, *(path for path in public.rglob("*") if path.is_dir())):
        place.chmod(0o755)
    check = (
        "import os, sys; from pathlib import Path; from npdistil.kernels.objects import store\n"
        "os.seteuid(int(sys.argv[2])); file = Path(sys.argv[1])\n"
        "print(store.read(file.parent, file.name) is not None)"
    )

    def can_read(user: int) -> bool:
        command = [sys.executable, "-c", check, str(kept(public)), str(user)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout == "True\n"

    try:
        assert can_read(0) and can_read(54321)
        for place in (kept(public), public / "kernels", public):
            os.chown(place, 12345, 12345)
            assert not can_read(0) and not can_read(54321), place
            os.chown(place, 54321, 54321)
            assert can_read(54321) and not can_read(0), place
            os.chown(place, 0, 0)
    finally:
        shutil.rmtree(public)


def test_killed_at_any_moment_it_starts_again(tmp_path):
    """What a dead process leaves behind: half a file, a lock, a process that goes on."""
    rng = random.Random(5)
    for moment in range(20):
        directory = tmp_path / str(moment // 4)
        process = start(directory)
        time.sleep(rng.uniform(0, 2.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if moment % 4 == 3:
            assert not run(directory).warned
            assert not run(directory).compiled
            assert [*directory.rglob("*.tmp")] == []


def test_an_edited_kernel_is_compiled_again(tmp_path):
    """Catches old code after an edit, also of what the kernel calls in another file."""
    package = tmp_path / "npdistil"
    shutil.copytree(ROOT / "npdistil", package, ignore=shutil.ignore_patterns("__pycache__"))
    tests = {"unit": "tiny.py", "tiny_kernel": "tiny_kernel.py"}
    for name, source in tests.items():
        text = (ROOT / "tests" / "kernels" / "objects" / source).read_text(encoding="utf-8")
        text = text.replace("x_N[n] + x_N[n]", "called(x_N[n])")
        (package / "kernels" / f"{name}.py").write_text(text, encoding="utf-8")
    kernel = package / "kernels" / "tiny_kernel.py"
    kernel.write_text("from .called import called\n" + kernel.read_text())
    answers = PROGRAM.replace("tests.kernels.objects.tiny", "npdistil.kernels.unit")
    answers = answers.replace("2 * x_N", "int(sys.argv[1]) * x_N")
    for factor in (2, 3, 3, 2):
        (package / "kernels" / "called.py").write_text(
            "from .jit import part_of_kernels\n\n\n"
            f"@part_of_kernels\ndef called(x):\n    return x * {factor}\n"
        )
        environment = {**os.environ, "NPDISTIL_CACHE_DIR": str(tmp_path / "cache")}
        command = [sys.executable, "-B", "-c", answers, str(factor)]
        done = subprocess.run(
            command, cwd=tmp_path, env={**environment, "PYTHONPATH": str(tmp_path)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert len([*tmp_path.glob("cache/kernels/*.o")]) == 2


def test_another_processor_compiles_its_own(copy):
    """Catches a home that two machines share, of which one meets the other's instructions."""
    another = (
        "from npdistil.kernels.objects import cpu\n"
        "cpu.cpu_words, cpu._asked = lambda: 'another', lambda: cpu.Cpu('x86-64', '')\n"
    )
    before = kept(copy).read_bytes()
    assert run(copy, another + PROGRAM).compiled
    assert not run(copy, another + PROGRAM).compiled
    assert not run(copy).compiled
    first, second = (path.read_bytes() for path in (copy / "kernels").glob("*.o"))
    assert before in (first, second) and first != second


def test_an_image_is_damaged_in_each_of_its_fields(copy, monkeypatch):
    """Catches a place or a length that is believed, and code that is run from there."""
    monkeypatch.setenv("NPDISTIL_CACHE_DIR", str(copy))
    file, key = kept(copy, "image"), unit_key(TINY)
    found = load.find_image(TINY, key)
    assert found is not None
    about, body = found
    assert {"code_bytes", "entries", "own", "system", "key", "unit"} == set(about)
    good, read = file.read_bytes(), []
    for name in about:
        line = json.dumps({**about, name: 1 << 30 if name == "code_bytes" else None}).encode()
        end = good.index(b"\n", HEAD)
        read.append(good[:HEAD] + line.ljust(end - HEAD) + good[end:])
    end = len(good) - len(body)
    for place in (0, len(MAGIC), len(MAGIC) + 1, HEAD - 1, HEAD, end - 1, end, len(good) - 1):
        read.append(good[:place] + bytes([good[place] ^ 16]) + good[place + 1 :])
    read += [good[:-4096], good + bytes(4096), good[end:]]
    for content in read:
        assert content != good
        file.write_bytes(content)
        assert load.find_image(TINY, key) is None
    file.write_bytes(read[0])
    assert run(copy).imported == ["llvmlite.binding"] and run(copy).imported == []
    assert file.read_bytes() == good


@pytest.mark.parametrize("program", ["", "/bin/false", "/nowhere/python", "/dev/null"])
def test_without_a_process_of_its_own(warm, tmp_path, program):
    """Frozen programs and servers that embed Python have no interpreter to start."""
    found = run(tmp_path, f"import sys; sys.executable = {program!r}\n" + PROGRAM, **NUMBA)
    assert found.compiled and not found.warned
    assert "numba" in found.imported
    assert run(tmp_path).imported == []
    assert kept(tmp_path).read_bytes() == kept(warm).read_bytes(), "settings in the code"
