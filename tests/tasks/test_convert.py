"""`npdistil convert`: every format to safetensors, whole or not at all."""

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import npdistil
from npdistil import SentenceEncoder
from npdistil.checkpoint.h5_file import open_h5
from npdistil.checkpoint.load import load_encoder
from npdistil.errors import InputError, ModelFileError, NpdistilError
from npdistil.params import named_arrays
from npdistil.tasks import convert
from npdistil.tasks.convert import convert_folder
from npdistil.tasks.folder_lock import NAME, check_lock
from tests.cli.running import runner
from tests.tasks.folders import write_dense, write_model, write_settings

ROOT = Path(npdistil.__file__).parent.parent
GOLDEN = ROOT / "tests" / "golden"


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def source(tmp_path) -> Path:
    return write_model(tmp_path / "source")


def state(folder: Path) -> dict[str, object]:
    """Everything that a change of the folder would change."""
    return {
        str(path): (path.lstat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in [folder, *folder.rglob("*")]
    }


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("model", ["bert", "distilbert"])
def test_from_tensorflow(tmp_path, model):
    """A tensor lost on the way, those of heads too, or one that was transposed twice."""
    source, target = GOLDEN / "tensorflow" / model, tmp_path / "target"
    before = state(source)
    done = convert_folder(source, target)
    assert state(source) == before
    found = load_file(target / "model.safetensors")
    with open_h5(source / "tf_model.h5") as file:
        assert (
            done[:2] == ("tf_model.h5", len(file.entries)) and found.keys() == file.entries.keys()
        )
        for name, array in found.items():
            np.testing.assert_array_equal(array, file.read(name))
    assert names(target) == {"config.json", "model.safetensors", NAME}
    assert (target / "config.json").read_bytes() == (source / "config.json").read_bytes()


def test_the_same_model(tmp_path, source):
    """A folder that loads as something else, and a lock that does not fit it."""
    kinds = ("Transformer", "Pooling", "Normalize", "Dense", "Dropout")
    write_settings(source, kinds=kinds, settings={})
    (source / "2_Normalize").mkdir()
    write_dense(source / "3_Dense", np.random.default_rng(1), 12, 5)
    (source / "README.md").write_text("the card")
    (source / "LICENSE").write_text("MIT")
    (source / "optimizer.pt").write_text("no part of the model")
    (source / ".cache").mkdir()
    target = tmp_path / "target"
    convert_folder(source, target)
    assert names(target) == {*names(source) - {"optimizer.pt"}, NAME}
    assert (target / "2_Normalize").is_dir() and not (target / ".cache").exists()
    texts = ["a b", "c the unable é", ""]
    wanted = SentenceEncoder.from_pretrained(source).encode(texts)
    assert SentenceEncoder.from_pretrained(target).encode(texts).tobytes() == wanted.tobytes()
    report = check_lock(target)
    assert report.right and "the same bytes" in report.probe.text


def test_a_transformer_in_a_folder_of_its_own(tmp_path):
    """Files put at the top, where modules.json does not look for them."""
    source, target = tmp_path / "source", tmp_path / "target"
    write_model(source / "0_Transformer")
    write_settings(source, first_folder="0_Transformer", settings={"max_seq_length": 9})
    convert_folder(source, target)
    assert names(target) == {*names(source), NAME}
    assert SentenceEncoder.from_pretrained(target).encode(["a"]).shape == (1, 12)


@pytest.mark.parametrize("dtype, relative", [("float16", 2**-11), ("bfloat16", 2**-8)])
def test_half_precision(tmp_path, source, dtype, relative):
    """Values that are cut instead of rounded, integers that become floats, a config that lies."""
    tensors = load_file(source / "model.safetensors")
    tensors["embeddings.position_ids"] = np.arange(9)[None]
    save_file(tensors, source / "model.safetensors")
    target = tmp_path / "target"
    convert_folder(source, target, dtype)
    config, params = load_encoder(source)
    found_config, found = load_encoder(target)
    assert found_config == config
    for path, array in named_arrays(params).items():
        other = named_arrays(found)[path]
        assert 0 < np.abs(other - array).max() <= relative * np.abs(array).max(), path
    values = json.loads((target / "config.json").read_text())
    assert values.pop("torch_dtype") == dtype
    assert values == json.loads((source / "config.json").read_text())
    # And back: the halves stay what they are.
    convert_folder(target, tmp_path / "again")
    halves, again = target / "model.safetensors", tmp_path / "again" / "model.safetensors"
    assert halves.read_bytes() == again.read_bytes()
    convert_folder(target, tmp_path / "wide", "float32")
    wide = load_file(tmp_path / "wide" / "model.safetensors")
    assert {array.dtype.name for array in wide.values()} == {"float32", "int64"}


def test_both_spellings_of_the_type(tmp_path, source):
    """A config whose other key contradicts the weights."""
    config = json.loads((source / "config.json").read_text())
    config |= {"dtype": "float32", "torch_dtype": "float32"}
    (source / "config.json").write_text(json.dumps(config))
    convert_folder(source, tmp_path / "target", "float16")
    values = json.loads((tmp_path / "target" / "config.json").read_text())
    assert (values["dtype"], values["torch_dtype"]) == ("float16", "float16")


def test_names_of_old_become_those_of_today(tmp_path, source):
    """gamma and beta, which Transformers may one day no longer know, and DataParallel's word."""
    path = source / "model.safetensors"
    old = {
        "module." + re.sub("LayerNorm.weight$", "LayerNorm.gamma", name): array
        for name, array in load_file(path).items()
    }
    wanted = load_file(path).keys()
    save_file(old, path)
    convert_folder(source, tmp_path / "target")
    assert load_file(tmp_path / "target" / "model.safetensors").keys() == wanted != old.keys()


def test_overflow_names_the_tensor(tmp_path, source):
    """Infinity in the new file, an error that does not say where, or files left behind."""
    tensors = load_file(source / "model.safetensors")
    tensors["pooler.dense.bias"][3] = -70000
    save_file(tensors, source / "model.safetensors")
    with pytest.raises(ModelFileError, match=r"'pooler.dense.bias': 70000 is too large for F16"):
        convert_folder(source, tmp_path / "target", "float16")
    assert [*tmp_path.iterdir()] == [source]
    convert_folder(source, tmp_path / "target", "bfloat16")


@pytest.mark.parametrize("target", ["source", "source/new", "link/new", "exists", "file", "no/new"])
def test_targets_that_are_refused(tmp_path, source, target):
    """The input written to, by any name, or something that exists replaced."""
    (tmp_path / "exists").mkdir()
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(source)
    before = state(tmp_path)
    with pytest.raises(InputError):
        convert_folder(source, tmp_path / target)
    assert state(tmp_path) == before


def test_what_is_no_path_is_named_as_it_was_passed(tmp_path, source):
    """Catches "folder" for two of them."""
    for folders, name in (((5, tmp_path / "target"), "source"), ((source, None), "target")):
        with pytest.raises(InputError, match=f"^{name}: expected a path, received"):
            convert_folder(*folders)


@pytest.mark.parametrize(
    "harm", ["no config", "no weights", "no folder", "a file", "cut", "unused", "modules", "dtype"]
)
def test_sources_that_are_refused(tmp_path, source, harm):
    """A new folder from one that cannot be read, or one that loses what it does not know."""
    weights, dtype = source / "model.safetensors", None
    if harm == "no config":
        (source / "config.json").unlink()
    elif harm == "no weights":
        weights.unlink()
    elif harm == "no folder":
        shutil.rmtree(source)
    elif harm == "a file":
        source = source / "vocab.txt"
    elif harm == "cut":
        weights.write_bytes(weights.read_bytes()[:-9])
    elif harm == "unused":
        save_file({**load_file(weights), "adapter.weight": np.zeros(3)}, weights)
    elif harm == "modules":
        write_settings(source, kinds=("Transformer", "Pooling", "Dense"))
    else:
        dtype = "int8"
    with pytest.raises(NpdistilError):
        convert_folder(source, tmp_path / "target", dtype)
    assert {path.name for path in tmp_path.iterdir()} <= {"source"}


def test_a_source_that_changes(tmp_path, source):
    """A mixture of two models, taken for one."""
    weights = source / "model.safetensors"

    def change(step: str) -> None:
        if step == "weights written":
            tensors = load_file(weights)
            tensors["pooler.dense.bias"] += 1
            with weights.open("r+b") as stream:  # the same file, as a download would write it
                save_file(tensors, source / "other")
                stream.write((source / "other").read_bytes())

    with pytest.raises(ModelFileError):
        convert_folder(source, tmp_path / "target", on_step=change)
    assert [*tmp_path.iterdir()] == [source]


def test_a_disk_that_lies(tmp_path, source):
    """A file that reads back as something else, given the name of a model."""

    def damage(step: str) -> None:
        if step == "weights written":
            (path,) = tmp_path.glob(".target*/.*.begun")
            content = bytearray(path.read_bytes())
            content[-2] ^= 1
            path.write_bytes(content)

    with pytest.raises(ModelFileError, match="differs from what was written"):
        convert_folder(source, tmp_path / "target", on_step=damage)
    assert [*tmp_path.iterdir()] == [source]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_write_that_fails(tmp_path, source, monkeypatch, code):
    """A full disk told as a fault of the source, OSError at the user, or half a folder.

    Every file but the source's is written by `open` in one of these modes; the n-th fails.
    """
    original = Path.open
    for n in range(1, 20):
        calls = 0

        def failing(self: Path, mode: str = "r", *rest: object, n: int = n, **options: object):
            nonlocal calls
            calls += mode in ("xb", "wb")
            if mode in ("xb", "wb") and calls == n:
                raise OSError(code, os.strerror(code))
            return original(self, mode, *rest, **options)

        monkeypatch.setattr(Path, "open", failing)
        try:
            convert_folder(source, tmp_path / "target")
        except InputError as error:
            assert f"cannot be written: {os.strerror(code)}" in str(error)
            assert [*tmp_path.iterdir()] == [source]
        else:
            break
    assert n == 5  # weights, config, vocabulary and lock failed in turn


def test_no_more_than_one_tensor_in_memory(tmp_path, source):
    """A conversion that holds the model: here 13 times what its largest tensor needs."""
    config = {**json.loads((source / "config.json").read_text()), "num_hidden_layers": 12}
    config |= {"hidden_size": 192, "intermediate_size": 768, "num_attention_heads": 6}
    shutil.rmtree(source)
    write_model(source, npdistil.EncoderConfig.from_dict(config, "a test"))
    (source / "vocab.txt").unlink()
    largest = 4 * 192 * 768
    size = (source / "model.safetensors").stat().st_size
    peaks = {}
    tracemalloc.start()
    convert_folder(
        source,
        tmp_path / "target",
        "bfloat16",
        on_step=lambda step: peaks.setdefault(step, tracemalloc.get_traced_memory()[1]),
    )
    tracemalloc.stop()
    # Source and target, both open, keep the memory of a tensor of each size below 4 MB
    # (`SpareMemory`). The lock, which comes later, loads the model.
    assert largest < peaks["weights compared"] < 7 * largest < size / 3


def test_killed_anywhere(tmp_path):
    """Half a folder after kill -9, a source that was touched, or a next run that fails."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "kill_convert.py"), "--rounds", "25"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    counts: dict[str, int] = {}
    for count, kind in re.findall(r"^ +(\d+)  ([a-z ]+): ", done.stdout, re.MULTILINE):
        counts[kind] = counts.get(kind, 0) + int(count)
    assert counts["random moments"] == 25
    assert counts["steps"] == 10 and counts["system calls"] >= 60
    for step in ("folder made", "weights written", "weights compared", "lock written"):
        assert f"{step}: nothing but what the next run removes" in done.stdout
    assert "folder named: the whole folder" in done.stdout
    assert "after replace 1, going on: nothing but what the next run removes" in done.stdout


def test_steps_come_in_order(tmp_path, source):
    """A hook that tells of a step before it is done, or never."""
    seen = []

    def look(step: str) -> None:
        seen.append(step)
        assert (tmp_path / "target").exists() == (step == "folder named")

    convert_folder(source, tmp_path / "target", on_step=look)
    assert [step for step in seen if not step.startswith("tensor ")] == [
        "folder made", "source checked", "weights written", "weights compared",
        "other files written", "lock written", "folder named",
    ]  # fmt: skip
    tensors = len(load_file(source / "model.safetensors"))
    assert sum(step.startswith("tensor ") for step in seen) == tensors


def test_command_line(tmp_path, source, run):
    """A verb that is not there, a progress bar in a pipe, an error of two lines."""
    target = tmp_path / "target"
    done = run("convert", source, target, "--dtype", "float16")
    assert (done.code, done.out) == (0, "")
    assert re.fullmatch(
        rf"{re.escape(str(target))}: \d+ tensors, 0\.0 MB, from model\.safetensors; "
        r"read back and compared\n",
        done.err,
    )
    assert run("verify", target).code == 0
    assert "exists already" in run("convert", source, target).error
    assert "invalid choice" in run("convert", source, tmp_path / "x", "--dtype", "int8").error
    assert "example: npdistil convert" in run("convert", "--help").out


def test_it_shows_how_far_it_is(tmp_path, source, capsys, monkeypatch):
    """A long conversion that says nothing."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # no tqdm
    convert_folder(source, tmp_path / "target", show_progress_bar=True)
    tensors = len(load_file(source / "model.safetensors"))
    err = capsys.readouterr().err
    assert f"{tensors}/{tensors} tensors written" in err
    assert f"{tensors}/{tensors} tensors compared" in err


def test_no_warning_about_pooling(tmp_path, source):
    """A guess that this does not need."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        convert_folder(source, tmp_path / "target")
    digest = hashlib.sha256((tmp_path / "target" / "vocab.txt").read_bytes())
    assert digest.digest() == hashlib.sha256((source / "vocab.txt").read_bytes()).digest()
    assert convert.WEIGHTS_FILE in names(tmp_path / "target")
