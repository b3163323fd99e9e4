"""`npdistil table`: a plain table or JSON, with speed when it is asked for."""

import json

import pytest

from npdistil.checkpoint.registry import entries
from npdistil.tasks import card_speed
from npdistil.tasks.card_speed import size_of
from tests.cli.running import runner


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def measured(monkeypatch):
    """Seconds by the number of parameters, and the arguments of the call."""
    calls = []

    def measure(models, length, turns, threads, tick):
        calls.append((length, turns, threads))
        return {size_of(entry.config): turns * [entry.parameters / 1e6] for entry in models}

    monkeypatch.setattr(card_speed, "measure", measure)
    return calls


def test_plain_table(run):
    """A model without a line, or columns that do not stand below their heads."""
    done = run("table")
    assert (done.code, done.err) == (0, "")
    head, *lines = done.out.splitlines()
    assert len({len(line) for line in (head, *lines[: len(entries())])}) == 1
    for entry, line in zip(entries(), lines, strict=False):
        assert line.startswith(entry.title) and f" {entry.parameters:,} " in line
    assert lines[len(entries())] == ""
    assert "from random weights" in done.out
    assert done.out.endswith("npdistil table --measure fills the measured column.\n")


def test_json(run):
    """A dash or NaN where JSON has null, or a figure that is rounded for the eye."""
    done = run("table", "--json")
    models = {row["name"]: row for row in json.loads(done.out)["models"]}
    assert len(models) == len(entries())
    row = models["tinybert-4x312"]
    assert row["published_speed"] is None and row["measured_speed"] is None
    assert row["scores"]["MNLI"] is None and row["licence"] is None
    assert row["parity"]["weights"] == "random"
    assert row["flops_per_token"] == 4 * (2 * (4 * 312**2 + 2 * 312 * 1200) + 4 * 128 * 312)


def test_measure(run, measured):
    """Turns or threads that are not passed on; a speed upside down."""
    done = run("table", "--measure", "--json")
    speeds = {row["name"]: row["measured_speed"] for row in json.loads(done.out)["models"]}
    assert speeds["bert-base"] == 1.0
    assert speeds["xtremedistil-l6-h256"] == pytest.approx(109_482_240 / 12_750_080)
    assert "medians of 5 turns, 8 texts of 128 tokens, threads: 1\n" in done.err
    done = run("table", "--measure", "--turns", 2, "--threads", 3)
    assert measured == [(128, 5, 1), (128, 2, 3)]
    assert " 8.6x " in done.out and "--measure fills" not in done.out


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--turns", "3"], "--turns and --threads: go with --measure"),
        (["--threads", "1"], "--turns and --threads: go with --measure"),
        (["--measure", "--turns", "0"], "--turns: expected an integer from 1 to 1000, not 0"),
        (["--measure", "--threads", "0"], "--threads: expected an integer from 1 to 1024"),
        (["--measure", "--turns", "x"], "argument --turns: invalid int value: 'x'"),
    ],
)
def test_refusals(run, arguments, message):
    """Half a minute of measuring with options that mean something else."""
    assert message in run("table", *arguments).error
