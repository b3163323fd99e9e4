"""`npdistil tag`: a row for each token or entity, beside what the task says in Python."""

import json
from pathlib import Path

import pytest

from npdistil import TokenClassification
from tests.cli.running import runner
from tests.tasks.head_folders import write_masked_lm, write_token_classifier

LINES = ["the unable c", "", "É the c a"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_token_classifier(tmp_path_factory.mktemp("cli") / "tags")


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def texts(tmp_path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "options, call",
    [
        ([], {"aggregation_strategy": "simple"}),
        (["--aggregation-strategy", "none"], {}),
        (
            ["--aggregation-strategy", "max", "--ignore-labels", "PER", "LOC"],
            {"aggregation_strategy": "max", "ignore_labels": ["PER", "LOC"]},
        ),
        (
            ["--aggregation-strategy", "first", "--stride", "3", "--ignore-labels"],
            {"aggregation_strategy": "first", "stride": 3, "ignore_labels": []},
        ),
    ],
)
def test_options_reach_the_task(run, folder, texts, options, call):
    """Catches an option that is read and then forgotten."""
    done = run("tag", texts, "-m", folder, "--json", *options)
    assert (done.code, done.err) == (0, "")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert found == TokenClassification.from_pretrained(folder)(LINES, **call)


def test_a_row_for_each(run, folder, texts):
    """Catches columns of one result under the head of another, and a text without any."""
    done = run("tag", texts, "-m", folder)
    (first, empty, last) = TokenClassification.from_pretrained(folder)(LINES, "simple")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert empty == [] and ["2", "", "", "", "", ""] in rows
    for number, found in (("1", first), ("3", last)):
        assert [row[1:3] for row in rows if row[0] == number] == [
            [one["word"], one["entity_group"]] for one in found
        ]
        assert [row[4:] for row in rows if row[0] == number] == [
            [str(one["start"]), str(one["end"])] for one in found
        ]


def test_what_was_cut_off_is_said_once(run, folder):
    """Catches texts that lose their ends in silence."""
    done = run("tag", "-", "-m", folder, stdin=("the " * 60 + "\nthe\n" + "c " * 50).encode())
    assert done.code == 0
    assert "2 of 3 inputs are longer than the model takes; 32 tokens were left out" in done.err
    assert done.err.count("\n") == 1


def test_another_head_is_an_error_on_one_line(run, tmp_path, texts):
    """Says what the folder holds."""
    error = run("tag", texts, "-m", write_masked_lm(tmp_path / "words")).error
    assert "holds no token-classification head" in error and "fill-mask" in error


def test_stride_and_strategy(run, folder, texts):
    """Catches an error after the model was loaded, and one that names Python's arguments."""
    error = run("tag", texts, "-m", "none", "--aggregation-strategy", "none", "--stride", 3).error
    assert "--stride: works with another --aggregation-strategy than none" in error
    assert "--stride: expected 0 to 38" in run("tag", texts, "-m", folder, "--stride", 99).error
    assert (
        "--threads: expected an integer" in run("tag", texts, "-m", folder, "--threads", 2000).error
    )
