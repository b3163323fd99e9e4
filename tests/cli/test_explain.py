"""`npdistil explain`: one text in, one page out."""

import json
import sys

import pytest

from npdistil.cli import explain as verb
from tests.cli.running import runner
from tests.elements import data_of
from tests.models import TINY
from tests.tasks.classification.folders import NLI, write_classifier
from tests.tasks.folders import write_model
from tests.tasks.head_folders import write_masked_lm


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path):
    return write_model(tmp_path / "tiny")


def test_a_page(run, folder, tmp_path):
    """Catches a page of another text, a wrong size, and an old page that stays."""
    page = tmp_path / "page.html"
    page.write_text("old")
    done = run("explain", "the unable", "c!", "-m", folder, "-o", page)
    assert (done.code, done.out) == (0, "")
    size = page.stat().st_size
    assert done.err == f"8 tokens, {size / 1e6:.2f} MB -> {page}\n"
    data = data_of(page.read_text(encoding="utf-8"))
    assert [way["text"] for way in data["ways"]] == ["the unable", "c!"]
    assert data["model"] == "tiny" and data["lens"] is None
    assert {path.name for path in tmp_path.iterdir()} == {"page.html", "tiny"}


def test_json(run, folder, tmp_path):
    """Catches messages among the JSON, and numbers of another page."""
    page = tmp_path / "page.html"
    done = run("explain", "the c", "-m", folder, "-o", page, "--json", "--head", "1.2")
    assert done.code == 0 and done.err == ""
    told = json.loads(done.out)
    assert told.pop("start")["layer"] == 1
    assert told == {
        "output": str(page),
        "bytes": page.stat().st_size,
        "tokens": 4,
        "num_truncated_tokens": 0,
    }
    start = data_of(page.read_text(encoding="utf-8"))["start"]
    assert (start["layer"], start["head"]) == (1, 2)


def test_heads(run, tmp_path):
    """Catches a head that is not loaded, or loaded without its labels."""
    classifier = write_classifier(tmp_path / "nli", NLI)
    masked = write_masked_lm(tmp_path / "mlm")
    page = tmp_path / "page.html"
    run("explain", "the c", "-m", classifier, "--task", "text-classification", "-o", page)
    data = data_of(page.read_text(encoding="utf-8"))
    assert sorted(one["label"] for one in data["head_scores"]) == sorted(NLI)
    run("explain", "the [MASK]", "-m", masked, "--task", "fill-mask", "-o", page)
    data = data_of(page.read_text(encoding="utf-8"))
    assert len(data["lens"]) == 3 and data["head_scores"] is None
    error = run("explain", "c", "-m", masked, "--task", "text-classification", "-o", page).error
    assert "holds no text-classification head" in error
    assert data == data_of(page.read_text(encoding="utf-8"))


def test_a_text_that_is_too_long(run, folder, tmp_path, monkeypatch):
    """Catches a cut that nobody hears of, and advice that does not help."""
    page = tmp_path / "page.html"
    text = "a " * 50
    takes = TINY.max_position_embeddings
    done = run("explain", text, "-m", folder, "-o", page)
    warning, last = done.err.splitlines()
    assert done.code == 0 and last.startswith(f"{takes} tokens, ")
    assert warning == f"npdistil: warning: {52 - takes} tokens of TEXT are left out: the model " + (
        f"takes {takes}"
    )
    done = run("explain", "a", text, "-m", folder, "-o", page, "--max-length", "10", "--json")
    assert done.err == (
        f"npdistil: warning: 44 tokens of PAIR are left out: the page shows 10; --max-length N "
        f"shows up to {takes}\n"
    )
    assert json.loads(done.out)["num_truncated_tokens"] == 44
    monkeypatch.setattr(verb, "MAX_LENGTH", 5)
    assert run("explain", "a b c!", "-m", folder, "-o", page).err.startswith(
        "npdistil: warning: 1 token of TEXT is left out: the page shows 5; --max-length N"
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["", "-o", "page.html"], "TEXT: is empty; there is nothing to explain."),
        (["a", " ", "-o", "page.html"], "PAIR: is empty"),
        (["\x00", "-o", "page.html"], "TEXT: '\\x00' has no token"),
        (["a", "\x00", "-o", "page.html"], "PAIR: '\\x00' has no token"),
        (["\udcff", "-o", "page.html"], "TEXT: lone surrogate U+DCFF at character 0"),
        (["a", "a\udcff", "-o", "page.html"], "PAIR: lone surrogate U+DCFF at character 1"),
        (["a", "-o", "page.pdf"], "page.pdf: the name must end in .html, .htm, .png or .svg."),
        (["a", "-o", "page.html", "--format", "png"], "page.html: the name must end in .png."),
        (
            ["a", "-o", "page.svg", "--format", "html"],
            "page.svg: the name must end in .html or .htm.",
        ),
        (["a", "-o", "page.svg", "--head", "0.12"], "--head: expected a layer from 0 to 1"),
        (["a", "-o", "page.svg", "--format", "pdf"], "argument --format: invalid choice"),
        (["a", "-o", "none/page.html"], "none does not exist; make it first."),
        (["a", "-o", "page.html", "--head", "2.0"], "--head: expected a layer from 0 to 1"),
        (["a", "-o", "page.html", "--head", "2"], "expected LAYER.HEAD, such as 5.3, not 2"),
        (["a", "-o", "page.html", "--head", "1.²"], "expected LAYER.HEAD"),
        (["a", "-o", "page.html", "--max-length", "2"], "--max-length: 2 tokens hold nothing"),
        (["a", "-o", "page.html", "--task", "x"], "argument --task: invalid choice"),
        (["a"], "the following arguments are required: -o/--output"),
    ],
)
def test_bad_input(arguments, message, run, folder, tmp_path, monkeypatch):
    """A page that is written though something is wrong, or an error that does not say what."""
    monkeypatch.chdir(tmp_path)
    assert message in run("explain", *arguments, "-m", folder).error
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


@pytest.mark.parametrize("name", ["page.htm", "page.HTML", "page.SVG"])
def test_names_of_files(name, run, folder, tmp_path):
    """Catches a page that `parity` would write and `explain` refuses, or a picture in its place."""
    run("explain", "the c", "-m", folder, "-o", tmp_path / name)
    beginning = "<?xml" if name.endswith("SVG") else "<!DOCTYPE html>"
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(beginning)


def test_pictures(run, folder, tmp_path):
    """Catches a page under a picture's name, another head, and a grid for a head."""
    for name, options, said in [
        ("grid.svg", [], ("rows look at columns", "layer 0", "head 2")),
        ("head.svg", ["--head", "1.2"], ("layer 1, head 2", "is looked at")),
        ("same.svg", ["--head", "1.2", "--format", "svg"], ("layer 1, head 2",)),
    ]:
        path = tmp_path / name
        done = run("explain", "the c", "-m", folder, "-o", path, *options)
        size = path.stat().st_size
        assert (done.code, done.err) == (0, f"4 tokens, {size / 1e6:.2f} MB -> {path}\n")
        assert all(f">{words}<" in path.read_text("utf-8").replace("tiny: ", "") for words in said)
    assert (tmp_path / "same.svg").read_bytes() == (tmp_path / "head.svg").read_bytes()
    done = run("explain", "the c", "a", "-m", folder, "-o", tmp_path / "grid.png", "--json")
    assert done.err == "" and json.loads(done.out)["tokens"] == 6
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")


def test_pictures_without_matplotlib(run, tmp_path, monkeypatch):
    """Catches a long computation before the error, and a page that needs what it does not use."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    error = run("explain", "a", "-m", "no/such/model", "-o", tmp_path / "a.png").error
    assert "pip install 'npdistil[plot]'" in error
    error = run("explain", "a", "-m", "no/such/model", "-o", tmp_path / "a.html").error
    assert "no/such/model" in error


def test_texts_and_output_are_checked_before_the_model(run, tmp_path):
    """Catches a wait for nothing."""
    error = run("explain", " ", "-m", "no/such/model", "-o", tmp_path / "page.html").error
    assert "TEXT: is empty" in error
    assert ".html" in run("explain", "a", "-m", "no/such/model", "-o", "page").error
