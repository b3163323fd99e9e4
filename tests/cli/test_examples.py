"""Every verb's --help ends with an example, and every example works.

An example that reads a file or a model which is not known yet gets it in `example_files.py`. The
one of `fetch` needs a hub: `tests/live/test_fetch.py` runs it.
"""

import importlib
import json
import shlex

import pytest

from npdistil.cli.main import VERBS, verb_module
from tests.cli.example_files import write_example_files
from tests.cli.running import runner

main_module = importlib.import_module("npdistil.cli.main")
OFFLINE = [verb for verb in VERBS if verb != "fetch"]
# What an example prints, or the file that it writes.
SHOWN = {
    "tag": "unable\tPER\t",
    "fill-mask": "the",
    "tokenize": "[CLS]",
    "info": "bert, 2 layers x 12",
    "verify": "files: 3 as they were",
    "parity": "passed: everything",
    "table": '"XtremeDistil l6-h256"',
    "warmup": ".o\n",
    "cache": "directory",
    "completion": "complete ",
}


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.mark.parametrize("verb", VERBS)
def test_help_ends_with_the_example(run, verb, monkeypatch):
    """Catches a verb without one, and one that is broken into lines where nobody can copy it."""
    monkeypatch.setenv("COLUMNS", "60")
    done = run(verb, "--help")
    assert (done.code, done.err) == (0, "")
    *_, last = done.out.rstrip("\n").split("\n")
    assert last == f"example: {verb_module(verb).EXAMPLE}"
    assert last.startswith(f"example: npdistil {verb}")


@pytest.mark.parametrize("verb", OFFLINE)
def test_the_example_works(run, verb, tmp_path, monkeypatch):
    """Catches an example that was never run, or not since an option was renamed."""
    example = verb_module(verb).EXAMPLE
    write_example_files(tmp_path, verb, example)
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    program, *arguments = shlex.split(example)
    done = run(*arguments)
    assert program == "npdistil" and done.code == 0, done.err
    assert "warning" not in done.err
    if "-o" in arguments:
        assert (tmp_path / arguments[arguments.index("-o") + 1]).stat().st_size
    elif verb == "convert":
        assert (tmp_path / arguments[-1] / "model.safetensors").exists()
    else:
        assert SHOWN.get(verb, "\n") in done.out
        assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("verb", [verb for verb in OFFLINE if verb != "completion"])
def test_the_example_with_json(run, verb, tmp_path, monkeypatch):
    """Catches a verb that programs cannot read, and messages among the JSON."""
    example = verb_module(verb).EXAMPLE
    write_example_files(tmp_path, verb, example)
    monkeypatch.chdir(tmp_path)
    _, *arguments = shlex.split(example)
    done = run(*arguments, *(["--json"] if "--json" not in arguments else []))
    assert done.code == 0, done.err
    try:
        found = json.loads(done.out)
    except ValueError:  # of several inputs: one line each
        found = [json.loads(line) for line in done.out.splitlines()]
    assert found


def test_a_verb_without_an_example_is_found(run, monkeypatch):
    """Catches the check above passing because there is nothing to check."""
    monkeypatch.delattr(verb_module("cache"), "EXAMPLE")
    with pytest.raises(AttributeError, match="EXAMPLE"):
        run("cache", "--help")
