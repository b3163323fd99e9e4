"""The README's parity table is what the committed JSON says, and the JSON is within its bounds."""

import copy
import json

import pytest

from npdistil.checkpoint.registry import entries
from tests.tolerances import COSINE, HIDDEN_FLOAT32, HIDDEN_FLOAT64
from tools import parity_table
from tools.readme_block import markers, read_block

BEGIN, END = markers("parity")

EXAMPLE = {
    "date": "2030-01-02",
    "cpu": "a processor",
    "python": "3.11.9",
    "versions": {"numpy": "2.0", "torch": "3.0"},
    "bounds": {
        "numpy float64": 1e-10,
        "numpy float32": 2e-5,
        "numba float32": 2e-5,
        "one_minus_cosine": 1e-6,
    },
    "models": [
        {
            "model": "tiny",
            "layers": 2,
            "hidden": 24,
            "weights": "random",
            "formats": {"safetensors": {}, "pytorch_model.bin": {}},
            "numpy float64": 1.24e-15,
            "numpy float32": 3.4e-7,
            "numba float32": 4.5e-7,
            "one_minus_cosine": 0.0,
        },
        {
            "model": "trained",
            "layers": 3,
            "hidden": 12,
            "weights": "real",
            "formats": {"safetensors": {}},
            "numpy float64": 0.0,
            "numpy float32": 0.0,
            "numba float32": 0.0,
            "one_minus_cosine": 0.0,
        },
    ],
    "tokenizer": {"letters": 1234, "cards": 5},
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The tool at work in an empty place."""
    for name, file in (("JSON", "parity.json"), ("README", "README.md")):
        monkeypatch.setattr(parity_table, name, tmp_path / file)
    (tmp_path / "README.md").write_text(f"# before\n\n{BEGIN}\nold\n{END}\nafter\n")
    return tmp_path


def test_readme_is_what_the_json_renders_to():
    """A table edited by hand, or a JSON committed without its table."""
    parity = json.loads(parity_table.JSON.read_text(encoding="utf-8"))
    readme = parity_table.README.read_text(encoding="utf-8")
    assert read_block(readme, "parity") == parity_table.render(parity)


def test_committed_numbers_are_within_the_tolerances_of_the_suite():
    """Bounds that were widened in the JSON, or a model that is not in it."""
    parity = json.loads(parity_table.JSON.read_text(encoding="utf-8"))
    assert parity["bounds"] == {
        "numpy float64": HIDDEN_FLOAT64,
        "numpy float32": HIDDEN_FLOAT32,
        "numba float32": HIDDEN_FLOAT32,
        "one_minus_cosine": COSINE,
    }
    assert parity_table.beyond(parity) == []
    named = {row["model"]: (row["layers"], row["hidden"]) for row in parity["models"]}
    registered = {entry.name: (entry.layers, entry.hidden_size) for entry in entries()}
    assert named == {**registered, "tiny-odd": (2, 24), "tiny-distilbert": (2, 24)}
    real = [row["model"] for row in parity["models"] if row["weights"] == "real"]
    assert real == ["all-MiniLM-L6-v2"]
    for row in parity["models"]:
        assert list(row["formats"]) == ["safetensors", "pytorch_model.bin", "tf_model.h5"]
        for column in parity_table.COLUMNS[:3]:
            assert row[column] == max(by[column] for by in row["formats"].values())
    assert sum(parity["tokenizer"].values()) > 7000
    assert set(parity["versions"]) == set(parity_table.PACKAGES)


def test_render():
    """A column under another head, or a number rounded away."""
    text = parity_table.render(EXAMPLE)
    assert text.splitlines()[:4] == [
        "| model | layers x hidden | numpy float64 | numpy float32 | numba float32 | 1 - cosine |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| tiny | 2 x 24 | 1.2e-15 | 3.4e-07 | 4.5e-07 | 0.0e+00 |",
        "| trained | 3 x 12 | 0.0e+00 | 0.0e+00 | 0.0e+00 | 0.0e+00 |",
    ]
    assert text.splitlines()[4] == "| *allowed* | | 1e-10 | 2e-05 | 2e-05 | 1e-06 |"
    prose = text.replace("\n", " ")
    assert "read from safetensors and pytorch_model.bin. trained has its real weights" in prose
    assert "1,234 letters and 5 cards equal" in text
    assert "2030-01-02 by `make parity`: a processor, Python 3.11.9, numpy 2.0, torch" in text
    assert max(map(len, text.splitlines())) <= 100
    assert "equal those" not in parity_table.render({**EXAMPLE, "tokenizer": None})


@pytest.mark.parametrize("key", EXAMPLE["bounds"])
@pytest.mark.parametrize("value", [1.1, float("nan"), float("inf")])
def test_numbers_beyond_their_bound_are_not_written(key, value, project, monkeypatch, capsys):
    """A README that shows a failure as a table."""
    parity = copy.deepcopy(EXAMPLE)
    parity["models"][0][key] = value * parity["bounds"][key]
    monkeypatch.setattr(parity_table, "measure", lambda: parity)
    before = parity_table.README.read_text()
    assert parity_table.main([]) == 1
    assert f"tiny, {key}" in capsys.readouterr().err
    assert not parity_table.JSON.exists()
    assert parity_table.README.read_text() == before


def test_a_failed_comparison_is_exit_code_1(project, monkeypatch, capsys):
    """A traceback, or a table, where a text has other ids than it should."""

    def failing():
        raise AssertionError("some text")

    monkeypatch.setattr(parity_table, "measure", failing)
    assert parity_table.main([]) == 1
    assert capsys.readouterr().err == "parity_table: some text\n"
    assert not parity_table.JSON.exists()


def test_measure_then_render_again(project, monkeypatch, capsys):
    """--render that measures, or that gives another table than the run that measured."""
    monkeypatch.setattr(parity_table, "measure", lambda: EXAMPLE)
    assert parity_table.main([]) == 0
    assert json.loads(parity_table.JSON.read_text()) == EXAMPLE
    written = parity_table.README.read_text()
    assert parity_table.render(EXAMPLE) in written
    monkeypatch.setattr(parity_table, "measure", None)
    assert parity_table.main(["--render"]) == 0
    assert parity_table.README.read_text() == written
    assert capsys.readouterr().err == ""


def test_what_is_missing_is_one_line(project, monkeypatch, capsys):
    """A traceback for a README without markers, a missing JSON or missing weights."""
    assert parity_table.main(["--render"]) == 2
    monkeypatch.setattr(parity_table, "MINILM", project / "nothing")
    assert parity_table.main([]) == 2
    parity_table.README.write_text("no markers")
    assert parity_table.main([]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert all(line.startswith("parity_table: ") for line in errors)
