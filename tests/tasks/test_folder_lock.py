"""The lock of a model folder: every kind of change is found out and named."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from npdistil.checkpoint.file_hash import git_sha1_of, sha256_of
from npdistil.errors import ConfigError, InputError, ModelFileError
from npdistil.tasks import folder_lock, probe
from npdistil.tasks.folder_lock import NAME, check_lock, write_lock
from tests.cli.running import runner
from tests.tasks.folders import write_model, write_settings
from tests.tolerances import LOCK_PROBE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sentence encoder with its lock."""
    folder = write_settings(
        write_model(tmp_path / "model"), kinds=("Transformer", "Pooling", "Normalize")
    )
    write_lock(folder)
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


def edit_lock(folder: Path, **parts: object) -> None:
    lock = json.loads((folder / NAME).read_text(encoding="utf-8"))
    for name, value in parts.items():
        if isinstance(value, dict) and name == "probe":
            lock["probe"].update(value)
        else:
            lock[name] = value
    (folder / NAME).write_text(json.dumps(lock), encoding="utf-8")


def test_hashes_are_those_of_coreutils_and_git(tmp_path):
    """A chunk read twice or left out; git's header with the wrong size."""
    path = tmp_path / "file"
    path.write_bytes(os.urandom(3_000_001))
    sha256 = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
    assert sha256_of(path) == (sha256.stdout.split()[0], 3_000_001)
    git = subprocess.run(["git", "hash-object", path], capture_output=True, text=True, check=True)
    assert git_sha1_of(path) == (git.stdout.strip(), 3_000_001)


def test_an_unchanged_folder_is_right(folder, run):
    """Files that are left out, a probe that is not run, another exit code than 0."""
    report = check_lock(folder)
    assert report.right and report.faults == ()
    assert report.files == 5
    assert report.probe is not None and report.probe.text == "20 texts, the same bytes"
    done = run("verify", folder)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("files: 5 as they were, ") and "probe: 20 texts" in done.out


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


CHANGES = {
    "a_bit": (lambda f: flip_a_bit(f / "model.safetensors"), "model.safetensors: sha256 "),
    "truncated": (lambda f: os.truncate(f / "vocab.txt", 9), "vocab.txt: 9 bytes instead of "),
    "missing": (lambda f: (f / "config.json").unlink(), "config.json: missing"),
    "added": (lambda f: (f / "added_tokens.json").write_text("{}"), "added_tokens.json: not in"),
    "deep": (lambda f: flip_a_bit(f / "1_Pooling" / "config.json"), "1_Pooling/config.json: sha"),
    "fifo": (
        lambda f: ((f / "vocab.txt").unlink(), os.mkfifo(f / "vocab.txt")),
        "not a regular file",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_named(folder, run, name):
    """A change that passes, or that is not said by file; exit code 1 and not 2."""
    change, message = CHANGES[name]
    change(folder)
    (fault,) = check_lock(folder).faults
    assert message in fault
    done = run("verify", folder)
    assert done.code == 1
    assert message in done.out and "probe: not run" in done.out
    assert done.err.count("\n") == 1 and "is not what npdistil.lock.json says" in done.err


def test_all_changes_are_reported_together(folder):
    """A check that stops at the first fault."""
    for change in (CHANGES["a_bit"], CHANGES["added"], CHANGES["deep"]):
        change[0](folder)
    assert len(check_lock(folder).faults) == 3


def test_hidden_files_are_left_alone(folder):
    """A lock that breaks when git or a file manager puts something beside the model."""
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x")
    (folder / ".DS_Store").write_text("x")
    assert check_lock(folder).right


def drift(folder: Path, amount: float) -> None:
    """Let the stored vectors differ by `amount` in one place, as kernels of another machine do."""
    import base64

    stored = json.loads((folder / NAME).read_text(encoding="utf-8"))["probe"]
    vectors = np.frombuffer(base64.b64decode(stored["vectors"]), "<f4").copy()
    vectors[5 * stored["features"] + 3] += amount
    edit_lock(
        folder, probe={"vectors": base64.b64encode(vectors.tobytes()).decode(), "sha256": "0" * 64}
    )


def test_other_kernels_may_differ_within_the_tolerance(folder, run):
    """A tolerance that is not looked at, or one for kernels that must give the same bytes."""
    drift(folder, LOCK_PROBE / 2)
    report = check_lock(folder)
    assert not report.right and report.probe is not None
    assert "the bytes must be the same" in report.probe.text
    edit_lock(folder, probe={"kernels": "0" * 32})
    report = check_lock(folder)
    assert report.right and report.probe is not None
    assert "off by 2e-05 at most, 4e-05 is allowed" in report.probe.text
    drift(folder, LOCK_PROBE * 2)
    report = check_lock(folder)
    assert not report.right and report.probe is not None
    assert "the worst is text 5" in report.probe.text
    assert run("verify", folder).code == 1


def test_a_model_that_cannot_be_run_any_more_fails(folder, run, monkeypatch):
    """Exit code 2, as for a wrong command, where the check is what failed."""

    def fail(*_: object, **__: object) -> None:
        raise ConfigError("no such activation in this version")

    monkeypatch.setattr(probe.SentenceEncoder, "from_pretrained", fail)
    done = run("verify", folder)
    assert done.code == 1 and "cannot be run any more: no such activation" in done.out


def test_the_tolerance_is_the_documented_one(folder):
    """A stored tolerance that lets everything through."""
    stored = json.loads((folder / NAME).read_text(encoding="utf-8"))["probe"]
    assert stored["tolerance"] == LOCK_PROBE  # normalised vectors: nothing exceeds 1
    assert len(stored["texts"]) == 20 == len(set(stored["texts"]))


def test_a_bare_folder_has_a_probe_too(tmp_path):
    """XtremeDistil has no modules.json; a warning about pooling would be noise here."""
    folder = write_model(tmp_path / "bare")
    write_lock(folder)
    report = check_lock(folder)
    assert report.right and report.probe is not None and report.probe.text.startswith("20 texts")


def test_without_a_tokenizer_the_reason_stands_there(tmp_path, run):
    """A folder that convert has to lock although no text can be read."""
    folder = write_model(tmp_path / "bare")
    (folder / "vocab.txt").unlink()
    assert run("verify", "--write", folder).code == 0
    done = run("verify", folder)
    assert done.code == 0
    assert "probe: none, as there was none to store" in done.out
    assert "store: neither tokenizer.json nor vocab.txt" in done.out  # and no folder it once had


def test_no_lock_says_how_to_make_one(tmp_path, run):
    """A traceback, or an exit code that reads as a failed check."""
    folder = write_model(tmp_path / "bare")
    assert f"npdistil verify --write {folder}" in run("verify", folder).error
    assert run("verify", "--write", folder).code == 0
    assert run("verify", folder).code == 0
    assert "no such folder" in run("verify", tmp_path / "nowhere").error


BAD_LOCKS = {
    "not_json": (lambda f: (f / NAME).write_text("{"), "not valid JSON"),
    "another_format": (lambda f: edit_lock(f, format=2), "format: expected an integer from 1 to 1"),
    "another_field": (lambda f: edit_lock(f, more=1), "unknown field"),
    "files_a_list": (lambda f: edit_lock(f, files=[]), "expected an object"),
    "size_a_string": (
        lambda f: edit_lock(f, files={"config.json": {"sha256": "", "size": "1"}}),
        "size: expected an integer",
    ),
    "huge_tolerance": (lambda f: edit_lock(f, probe={"tolerance": 1e9}), "tolerance: expected"),
    "nan_tolerance": (lambda f: edit_lock(f, probe={"tolerance": float("nan")}), "not valid JSON"),
    "no_base64": (lambda f: edit_lock(f, probe={"vectors": "?"}), "vectors: expected base64"),
    "too_few": (lambda f: edit_lock(f, probe={"features": 11}), "vectors: expected base64"),
    "no_texts": (lambda f: edit_lock(f, probe={"texts": []}), "texts: expected 1 to 100"),
}


@pytest.mark.parametrize("name", BAD_LOCKS)
def test_a_damaged_lock_is_an_error(folder, name):
    """A lock that passes because it says nothing."""
    change, message = BAD_LOCKS[name]
    change(folder)
    with pytest.raises(ModelFileError, match=message):
        check_lock(folder)


def test_a_killed_writer_leaves_the_old_lock(folder, monkeypatch):
    """A lock written in place; leftovers that stay for ever, or one of a run that is at work."""
    old = (folder / NAME).read_bytes()
    program = f"""
import os
from pathlib import Path
from npdistil.tasks import folder_lock
Path.replace = lambda *_: os._exit(9)
folder_lock.write_lock(Path({str(folder)!r}))"""
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    assert done.returncode == 9
    assert (folder / NAME).read_bytes() == old
    (leftover,) = folder.glob(".npdistil.lock.json.*.tmp")
    assert check_lock(folder).right
    write_lock(folder)
    assert leftover.exists()  # young: it may be another's
    then = time.time() - folder_lock.LEFTOVER_SECONDS - 1
    os.utime(leftover, (then, then))
    write_lock(folder)
    assert not leftover.exists()


def test_a_full_disk_is_one_error_and_leaves_nothing(folder, monkeypatch):
    """A temporary file that stays, or an OSError that leaves the package."""
    before = sorted(folder.iterdir())

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_lock.os, "fsync", fail)
    with pytest.raises(InputError, match="No space left"):
        write_lock(folder)
    assert sorted(folder.iterdir()) == before


def test_a_link_to_a_folder_is_refused(folder, tmp_path):
    """Files behind a link that the walk does not see."""
    (tmp_path / "elsewhere").mkdir()
    (folder / "2_Normalize").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelFileError, match="a link to a folder"):
        write_lock(folder)


def test_a_model_of_nan_is_not_locked(tmp_path, monkeypatch):
    """A probe that compares NaN with NaN."""
    folder = write_model(tmp_path / "bare")
    monkeypatch.setattr(probe, "_embed", lambda *_: np.full((20, 12), np.nan, np.float32))
    with pytest.raises(ModelFileError, match="NaN or infinity"):
        write_lock(folder)
