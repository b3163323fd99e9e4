"""An interrupted conversion goes on: with the tensors that are whole, and to the same bytes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import npdistil
from npdistil.errors import ModelFileError
from npdistil.tasks.convert import convert_folder
from tests.cli.running import runner
from tests.tasks.folders import write_model

ROOT = Path(npdistil.__file__).parent.parent
KILLED = """
import os, signal, sys
from npdistil.tasks.convert import convert_folder
source, target, dying = sys.argv[1:]
def die(step):
    if step == dying:
        os.kill(os.getpid(), signal.SIGKILL)
convert_folder(source, target, "float16", on_step=die, tell=lambda text: print(text, flush=True))
"""


@pytest.fixture
def source(tmp_path) -> Path:
    return write_model(tmp_path / "source")


@pytest.fixture
def wanted(tmp_path, source) -> dict[str, bytes]:
    """What an uninterrupted run writes."""
    (tmp_path / "elsewhere").mkdir()
    convert_folder(source, tmp_path / "elsewhere" / "target", "float16")
    return contents(tmp_path / "elsewhere" / "target")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def order(source: Path, target: Path, dtype: str | None = "float16") -> list[str]:
    """The tensors in the order of their steps, from a run that is not kept."""
    _, written = resumed(source, target.with_name("whole run"), dtype)
    return written


def interrupt(source: Path, target: Path, step: str, error: BaseException) -> None:
    """Convert until a step is done; of a step "tensor NAME" the tensor itself is not written."""

    def stop(done: str) -> None:
        if done == step:
            raise error

    with pytest.raises(type(error)):
        convert_folder(source, target, "float16", on_step=stop)


def kill(source: Path, target: Path, step: str) -> str:
    """As `interrupt`, in a process that dies; what it told before."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, source, target, step],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    return done.stdout


def resumed(source: Path, target: Path, dtype: str | None = "float16") -> tuple[list[str], ...]:
    """What a conversion told, and the tensors that it wrote."""
    told: list[str] = []
    steps: list[str] = []
    convert_folder(source, target, dtype, on_step=steps.append, tell=told.append)
    return told, [step for step in steps if step.startswith("tensor ")]


def begun(tmp_path: Path) -> Path:
    (path,) = tmp_path.glob(".target.*.part/.*.begun")
    return path


@pytest.mark.parametrize("k", [1, 7, -1])
def test_it_goes_on_after_ctrl_c(tmp_path, source, wanted, k):
    """Tensors written twice, one that is missing or half, or a hidden file that stays."""
    target = tmp_path / "target"
    tensors = order(source, target)
    interrupt(source, target, tensors[k], KeyboardInterrupt())
    count = k % len(tensors)
    told, written = resumed(source, target)
    assert told == [f"goes on; {count} of {len(tensors)} tensors are there already"]
    assert written == tensors[count:]
    assert contents(target) == wanted
    assert not [*tmp_path.rglob(".*")]


@pytest.mark.parametrize(
    "step", ["weights written", "weights compared", "other files written", "lock written"]
)
@pytest.mark.parametrize("links", [True, False])
def test_all_that_is_written_is_used(tmp_path, source, wanted, monkeypatch, step, links):
    """Weights that are written again because a run died after them."""
    target = tmp_path / "target"
    tensors = order(source, target)
    if not links:

        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "link", refuse)
    interrupt(source, target, step, KeyboardInterrupt())
    kept = links or step == "weights written"  # else it has its only name already
    told, written = resumed(source, target)
    assert bool(told) == kept and written == ([] if kept else tensors)
    assert contents(target) == wanted and not [*tmp_path.rglob(".*")]


def test_it_goes_on_after_kills(tmp_path, source, wanted):
    """A second kill that loses what the first had left, or tensors that died in a buffer."""
    target = tmp_path / "target"
    tensors = order(source, target)
    assert kill(source, target, tensors[9]) == ""
    assert kill(source, target, tensors[20]).startswith("goes on; 9 of ")
    told, written = resumed(source, target)
    assert told == [f"goes on; 20 of {len(tensors)} tensors are there already"]
    assert written == tensors[20:]
    assert contents(target) == wanted and not [*tmp_path.rglob(".*")]


def test_a_live_run_keeps_its_own(tmp_path, source, wanted):
    """A file taken from under the hands of a run that is at work."""
    target, tensors = tmp_path / "target", order(source, tmp_path / "target")
    told: list[str] = []

    def other(step: str) -> None:
        if step == tensors[5]:
            convert_folder(source, target, "float16", tell=told.append)
            target.rename(tmp_path / "other")

    convert_folder(source, target, "float16", on_step=other)
    assert told == []
    assert contents(target) == contents(tmp_path / "other") == wanted


@pytest.mark.parametrize("cut", [1, 40, 10**6])
def test_a_cut_leftover(tmp_path, source, wanted, cut):
    """Half a tensor taken for a whole one."""
    target = tmp_path / "target"
    tensors = order(source, target)
    interrupt(source, target, "weights written", KeyboardInterrupt())
    path = begun(tmp_path)
    size = path.stat().st_size
    os.truncate(path, max(0, size - cut))
    told, written = resumed(source, target)
    assert 40 < size < 10**6
    assert written == (tensors if cut > size else tensors[-len(written) :])
    assert 0 < len(written) and bool(told) == (cut < size)
    assert contents(target) == wanted


@pytest.mark.parametrize("bytes_", [b"\x01\x02", b"\xff\x7f"])
def test_a_damaged_leftover(tmp_path, source, wanted, bytes_):
    """A changed number that gets the model's name; NaN that is told as a fault of the source."""
    target = tmp_path / "target"
    tensors = order(source, target)
    interrupt(source, target, tensors[-1], KeyboardInterrupt())
    with begun(tmp_path).open("r+b") as stream:
        start = int.from_bytes(stream.read(8), "little") + 8
        stream.seek(start)
        stream.write(bytes_)
    told, written = resumed(source, target)
    assert len(told) == 2 and "damaged; all are written anew" in told[1]
    assert written == [tensors[-1], *tensors]
    assert contents(target) == wanted


def test_a_header_that_is_damaged(tmp_path, source, wanted):
    """Tensors counted by a header that is another one's."""
    target = tmp_path / "target"
    tensors = order(source, target)
    interrupt(source, target, tensors[-1], KeyboardInterrupt())
    with begun(tmp_path).open("r+b") as stream:
        stream.seek(40)
        stream.write(b"x")
    assert resumed(source, target) == ([], tensors)
    assert contents(target) == wanted


def test_a_disk_that_lies_while_it_goes_on(tmp_path, source):
    """An error of the disk hidden by writing again: only what was taken over is forgiven."""
    target = tmp_path / "target"
    interrupt(source, target, order(source, target)[-1], KeyboardInterrupt())

    def damage(step: str) -> None:
        if step == "weights written":
            with begun(tmp_path).open("r+b") as stream:
                stream.seek(-2, os.SEEK_END)
                stream.write(b"\x01\x02")

    with pytest.raises(ModelFileError, match="differs from what was written"):
        convert_folder(source, target, "float16", on_step=damage)
    assert not [*tmp_path.rglob(".*")]


@pytest.mark.parametrize("same_time", [False, True])
def test_a_source_that_changed_in_between(tmp_path, source, same_time):
    """Half of one model and half of another."""
    target, weights = tmp_path / "target", source / "model.safetensors"
    tensors = order(source, target)
    interrupt(source, target, tensors[-1], KeyboardInterrupt())
    before = weights.stat()
    save_file({name: -array for name, array in load_file(weights).items()}, weights)
    assert weights.stat().st_size == before.st_size
    changed = before.st_mtime_ns + (0 if same_time else 1)
    os.utime(weights, ns=(changed, changed))
    told, written = resumed(source, target)
    assert written == [*tensors[-1:] * same_time, *tensors] and len(told) == 2 * same_time
    found = load_file(target / "model.safetensors")
    for name, array in load_file(weights).items():
        np.testing.assert_array_equal(found[name], array.astype(np.float16))
    assert not [*tmp_path.rglob(".*")]


def test_another_type(tmp_path, source):
    """float16 in a file of float32, or a leftover of the other type that stays."""
    target = tmp_path / "target"
    interrupt(source, target, order(source, target)[-1], KeyboardInterrupt())
    told, _ = resumed(source, target, None)
    assert told == [] and not [*tmp_path.rglob(".*")]
    assert {array.dtype.name for array in load_file(target / "model.safetensors").values()} == {
        "float32"
    }


def test_an_interruption_before_the_weights_and_an_error(tmp_path, source):
    """An empty hidden folder that is kept for nothing."""
    target = tmp_path / "target"
    before = sorted(tmp_path.iterdir())
    interrupt(source, target, "source checked", KeyboardInterrupt())
    assert sorted(tmp_path.iterdir()) == before
    interrupt(source, target, "weights written", ValueError())
    assert sorted(tmp_path.iterdir()) == before


def test_without_locks_ctrl_c_leaves_nothing(tmp_path, source, monkeypatch):
    """Leftovers that pile up where no next run can tell that theirs is dead."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    before = sorted(tmp_path.iterdir())
    interrupt(source, tmp_path / "target", "weights written", KeyboardInterrupt())
    assert sorted(tmp_path.iterdir()) == before


def test_the_command_says_it_and_starts_there(tmp_path, source, monkeypatch, capsys):
    """A run that goes on in silence, or a progress that starts at nothing."""
    target = tmp_path / "target"
    tensors = order(source, target)
    interrupt(source, target, tensors[7], KeyboardInterrupt())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # no tqdm
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    done = runner(monkeypatch, capsys)("convert", source, target, "--dtype", "float16")
    assert done.code == 0
    lines = done.err.split("\n")
    assert lines[0] == f"{target}: goes on; 7 of {len(tensors)} tensors are there already"
    assert lines[1].split("\r")[1:3] == [
        f"{n:>7}/{len(tensors)} tensors written" for n in (7, 8)
    ]  # fmt: skip
