"""`npdistil fill-mask`: a row for each word, beside what the task says in Python."""

import json
from pathlib import Path

import pytest

from npdistil import FillMask
from tests.cli.running import runner
from tests.tasks.head_folders import write_masked_lm, write_token_classifier

LINES = ["the [MASK] c", "[MASK] a [MASK]"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_masked_lm(tmp_path_factory.mktemp("cli") / "words")


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def texts(tmp_path) -> Path:
    path = tmp_path / "masked.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "options, call",
    [
        ([], {}),
        (["-k", "2"], {"top_k": 2}),
        (["--top-k", "1", "--targets", "c", "a"], {"top_k": 1, "targets": ["c", "a"]}),
        (["--targets", "c, a", "the", ","], {"targets": ["c", "a", "the", ","]}),
    ],
)
def test_options_reach_the_task(run, folder, texts, options, call):
    """Catches an option that is read and then forgotten."""
    done = run("fill-mask", texts, "-m", folder, "--json", *options)
    assert (done.code, done.err) == (0, "")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert found == FillMask.from_pretrained(folder)(LINES, **call)


def test_a_row_for_each_word(run, folder, texts):
    """Catches masks that are mixed up; each has its number."""
    done = run("fill-mask", texts, "-m", folder, "-k", "2")
    one, two = FillMask.from_pretrained(folder)(LINES, top_k=2)
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[:3] + row[4:] for row in rows] == [
        [number, mask, word["token_str"], word["sequence"]]
        for number, mask, words in (("1", "1", one), ("2", "1", two[0]), ("2", "2", two[1]))
        for word in words
    ]


def test_a_line_without_a_mask(run, folder):
    """Names the line; with --skip-errors the others are answered, aligned with their lines."""
    lines = f"{LINES[0]}\nno place\n{LINES[0]}\n".encode()
    assert "line 2" in (error := run("fill-mask", "-", "-m", folder, stdin=lines).err)
    assert "no [MASK] in the text" in error
    done = run("fill-mask", "-", "-m", folder, "-k", "1", "--json", "--skip-errors", stdin=lines)
    first, bad, last = map(json.loads, done.out.splitlines())
    assert done.code == 1 and first == last and "no [MASK]" in bad["error"]


def test_a_target_that_the_vocabulary_lacks(run, folder, texts):
    """A warning on one line, and an answer."""
    done = run("fill-mask", texts, "-m", folder, "--targets", "unable", "c")
    assert done.code == 0 and "'unable' is not in the vocabulary" in done.err
    assert done.err.startswith("npdistil: warning: ") and done.err.count("\n") == 1


def test_another_head_is_an_error_on_one_line(run, tmp_path, texts):
    """Says what the folder holds."""
    error = run("fill-mask", texts, "-m", write_token_classifier(tmp_path / "tags")).error
    assert "holds no fill-mask head" in error and "token-classification" in error


def test_options_that_cannot_be(run, folder, texts):
    """Catches names of Python's arguments, and a model that is loaded for no word."""
    error = run("fill-mask", texts, "-m", "none", "--targets", " ,", "").error
    assert "--targets: " in run("fill-mask", texts, "-m", "none", "--targets", "").error
    assert "none" in error and "--targets" not in error  # a comma is a word, so the model is opened
    assert ": --top-k: expected 1 to 20" in run("fill-mask", texts, "-m", folder, "-k", 99).error


def test_json_says_what_was_cut(run, folder):
    """Catches a program that cannot know it; lists stay lists, however many masks there are."""
    lines = ("[MASK]" + " a" * 60 + "\n" + "[MASK] " * 2 + "a " * 60).encode()
    done = run("fill-mask", "-", "-m", folder, "-k", 2, "--json", stdin=lines)
    one, two = map(json.loads, done.out.splitlines())
    assert [word["num_truncated_tokens"] for word in one] == [22, 22]
    assert [[word["num_truncated_tokens"] for word in mask] for mask in two] == [[23, 23]] * 2
