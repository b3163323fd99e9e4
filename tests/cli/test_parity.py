"""`npdistil parity`: what it prints, writes and returns, without a framework."""

import importlib.util
import json

import numpy as np
import pytest

from npdistil.parity.npz_side import NpzSide
from npdistil.parity.ours import Ours
from tests.cli.running import runner
from tests.tasks.folders import write_model, write_settings

TEXTS = ["the Unable c", "a"]


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_settings(write_model(tmp_path_factory.mktemp("parity") / "model"))


@pytest.fixture
def npz(folder, tmp_path):
    """What somebody's port wrote: our own numbers."""
    ours = Ours.from_pretrained(folder)
    rows = ours.observe(TEXTS).activations["layers.1.output"]
    path = tmp_path / "port.npz"
    np.savez(path, texts=json.dumps(TEXTS), **{"activations.layers.1.output": rows})
    assert NpzSide.from_file(path).texts == TEXTS
    return path


def test_our_own_backends(run, folder, tmp_path):
    """Catches a page that is not written, texts that are not read, and another exit code."""
    (tmp_path / "texts.txt").write_text("the c\n\nÉ a b\n", encoding="utf-8")
    page = tmp_path / "report.HTML"
    done = run(
        "parity", folder, "--against", "numpy64", "--texts", tmp_path / "texts.txt", "--html", page
    )  # fmt: skip
    assert done.code == 0 and done.out.endswith("\npassed: everything that was compared agrees\n")
    assert f"{folder} beside numba float32: 3 texts, 11 tokens\n" in done.out
    assert done.err == f"{page} written\n"
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_pairs_of_texts(run, folder, tmp_path):
    """Catches a second text that is not read, and a line that is passed by."""
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "the c", "text_pair": "a"}\n{"text": "a", "text_pair": ""}\n')
    done = run("parity", folder, "--against", "numpy64", "--texts", file, "--json")
    told = json.loads(done.out)
    assert (done.code, told["texts"], told["tokens"]) == (0, ["the c | a", "a"], 6 + 3)
    for line, message in (
        ('{"text": "a", "text_pair": 3}', 'field "text_pair": expected a string, received int'),
        ('{"text_pair": "a"}', 'field "text" is missing'),
    ):
        file.write_text(f"{line}\n")
        error = run("parity", folder, "--against", "numpy64", "--texts", file).error
        assert f"line 1: {message}" in error and "--skip-errors" not in error


def test_a_file_of_arrays(run, folder, npz):
    """Catches a failure that ends in exit code 0, or in 2 as an error does."""
    assert run("parity", folder, "--against", "npz", npz).code == 0
    arrays = dict(np.load(npz))
    arrays["activations.layers.1.output"][1, 1, 3] += 1e-3
    np.savez(npz, **arrays)
    done = run("parity", folder, "--against", "npz", npz, "--json")
    told = json.loads(done.out)
    assert done.code == 1 and (told["passed"], told["first"]) == (False, "layers.1.output")
    assert told["activations"][0]["theirs"]["max_abs"] == pytest.approx(1e-3)


def test_an_entry_that_is_misspelt(run, folder, npz):
    """Catches a slip of the pen that ends in exit code 1, as a mistake of the port does."""
    arrays = dict(np.load(npz))
    arrays["activations.layers.1.outptu"] = arrays.pop("activations.layers.1.output")
    np.savez(npz, **arrays)
    error = run("parity", folder, "--against", "npz", npz).error
    assert "'layers.1.outptu' is no activation; the nearest name is 'layers.1.output'" in error


def test_terminal_commands_in_texts_are_shown(run, folder, tmp_path):
    """Catches a text that clears the screen."""
    (tmp_path / "texts.txt").write_text("the \x1b[2J c\n", encoding="utf-8")
    done = run("parity", folder, "--against", "numpy64", "--texts", tmp_path / "texts.txt")
    assert "\x1b" not in done.out and "\\x1b[2J" in done.out


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--against", "jax"], "--against: expected one of transformers, numpy64, onnx, npz"),
        (["--against", "npz"], "--against npz: takes one file, received 0"),
        (["--against", "onnx", "a", "b"], "--against onnx: takes one file, received 2"),
        (["--against", "numpy64", "a"], "--against numpy64: takes no file, received 1"),
        (["--against", "numpy64", "--dtype", "float32"], "goes with --against transformers"),
        (["--against", "npz", "a.npz"], "a.npz: no such file"),
        (["--against", "onnx", "a.onnx"], "a.onnx: no such file"),
        (["--against", "npz", "a.npz", "--texts", "t"], "--texts: does not go with"),
        (["--against", "numpy64", "--texts", "none.txt"], "none.txt: no such file"),
        (["--against", "numpy64", "--texts", "empty.txt"], "--texts: empty.txt holds none"),
        (["--against", "numpy64", "--html", "a.pdf"], "must end in .html or .htm"),
        (["--against", "numpy64", "--html", "none/a.html"], "does not exist"),
    ],
)
def test_bad_arguments(run, folder, arguments, message, tmp_path, monkeypatch):
    """Catches a traceback, and an option that is passed by."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text("")
    assert message in run("parity", folder, *arguments).error


def test_without_frameworks(run, folder, monkeypatch):
    """Catches a ModuleNotFoundError where it should be said what is missing."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "needs torch and transformers" in run("parity", folder).error


def test_a_folder_that_is_none(run, tmp_path):
    """Catches a model that is looked for after the other side was loaded."""
    assert "config.json" in run("parity", tmp_path, "--against", "numpy64").error
