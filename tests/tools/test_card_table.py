"""The README's table of models is what the package and docs/table.json say."""

import json

import pytest

from npdistil.checkpoint.registry import entries
from npdistil.tasks.card_speed import size_of
from tools import card_table
from tools.bench.models import SHAPES
from tools.readme_block import markers, read_block

BEGIN, END = markers("table")
EXAMPLE = {
    "date": "2030-01-02",
    "cpu": "a processor",
    "processors": 4,
    "threads": 1,
    "python": "3.11.9",
    "versions": {"numpy": "2.0", "numba": "3.0"},
    "turns": 7,
    "texts": 8,
    "length": 128,
    "seconds": {},
    "speeds": {"bert-base": 1.0, "tinybert-4x312": 21.25},
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The tool at work in an empty place."""
    for name, file in (("JSON", "table.json"), ("README", "README.md")):
        monkeypatch.setattr(card_table, name, tmp_path / file)
    (tmp_path / "README.md").write_text(f"# before\n\n{BEGIN}\nold\n{END}\nafter\n")
    return tmp_path


def test_readme_is_what_the_package_renders_to():
    """A table edited by hand, or figures committed without their table."""
    path = card_table.JSON
    report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    readme = card_table.README.read_text(encoding="utf-8")
    assert read_block(readme, "table") == card_table.render(report)


def test_render():
    """A speed in another row, or a column that is empty without a word."""
    text = card_table.render(EXAMPLE)
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if "|" in line}
    assert len(lines) == 2 + len(entries())
    assert "| 17.9x | - | 21.2x | - |" in lines["TinyBERT 4x312"]
    assert "| 2.0x | 2.0x | - | 82.2 |" in lines["DistilBERT"]
    prose = " ".join(text.split())
    assert "2030-01-02 by `make table`: a processor, 4 processors, threads: 1, medians" in prose
    assert "7 turns, 8 texts of 128 tokens, Python 3.11.9, numpy 2.0, numba 3.0." in prose
    empty = card_table.render({})
    assert "The measured column was not measured yet: `make table` fills it." in empty
    assert max(len(line) for line in empty.splitlines() if "|" not in line) <= 100


def test_measure_then_render_again(project, monkeypatch, capsys):
    """--render that measures, or that gives another table than the run that measured."""
    calls = []

    def measure(models, length, turns, threads, tick):
        calls.append((length, turns, threads))
        tick()
        return {size_of(entry.config): [float(entry.layers), 3.0] for entry in models}

    monkeypatch.setattr(card_table, "measure", measure)
    assert card_table.main(["--turns", "2"]) == 0
    assert calls == [(128, 2, 1)]
    report = json.loads(card_table.JSON.read_text())
    assert report["speeds"]["minilm-6x384"] == (12 / 6 + 1) / 2
    assert set(report["seconds"]) == {entry.name for entry in entries()}
    written = card_table.README.read_text()
    assert card_table.render(report) in written
    assert card_table.main(["--render"]) == 0
    assert card_table.README.read_text() == written and len(calls) == 1
    card_table.JSON.unlink()
    assert card_table.main(["--render"]) == 0
    assert card_table.render({}) in card_table.README.read_text()


def test_what_is_missing_is_one_line(project, capsys):
    """A traceback, or minutes of measuring, for a README without markers."""
    card_table.README.write_text("no markers")
    assert card_table.main([]) == 2
    assert capsys.readouterr().err.startswith("card_table: README.md needs ")


def test_flops_are_those_of_the_benchmark():
    """Two formulas for one number."""
    named = {"bert-base": "bert-base", "l6-h256": "xtremedistil-l6-h256"}
    models = {entry.name: entry for entry in entries()}
    for shape, name in named.items():
        assert SHAPES[shape].flops([128] * 3) == 3 * 128 * models[name].flops_per_token(128)
