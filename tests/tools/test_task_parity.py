"""The tool that compares all tasks with their peers: its bounds, and what it writes."""

import json
import re
from pathlib import Path

import pytest

from tools import task_parity
from tools.readme_block import markers, read_block
from tools.task_cases.figure import Figure, absolute, faults, is_decided, largest, relative

FINE = Figure("text classification", "distilbert", 50, 1e-5, 1e-4, 0, 0.9)
NAN = float("nan")


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"logits": 2e-4}, "logits differ by 2.0e-04"),
        ({"logits": NAN}, "logits differ by nan"),
        ({"scores": 2e-3}, "scores differ by 2.0e-03"),
        ({"scores": NAN}, "scores differ by nan"),
        ({"unlike": 1}, "1 answers differ"),
        ({"decided": 0.5}, "only 50% of the inputs"),
        ({"decided": NAN}, "only nan% of the inputs"),
        ({"inputs": 0}, "nothing was compared"),
    ],
)
def test_what_misses_a_bound_is_named(change, fault):
    """Catches NaN taken for a small number, and a table of near-uniform scores or of nothing."""
    assert faults(FINE) == [] and faults(FINE._replace(logits=None, scores=None)) == []
    (found,) = faults(FINE._replace(**change))
    assert found.startswith("text classification, distilbert: ") and fault in found


def test_differences():
    """Catches a mean for a maximum, a hidden NaN, and answers of which some are left out."""
    assert absolute([1.0, 2.0], [1.5, 2.25]) == 0.5
    assert relative([1.0, 2.0], [2.0, 2.5]) == 0.5
    assert absolute([NAN, 1.0], [0.0, 1.0]) != absolute([NAN, 1.0], [0.0, 1.0])
    assert largest([1.0, 2.0]) == 2.0 and largest([0.0, NAN]) != largest([0.0, NAN])
    for difference in (absolute, relative):
        with pytest.raises(AssertionError):
            difference([1.0], [1.0, 2.0])


def test_decided_is_clearly_above_uniform():
    """Catches two labels of 0.51 and 0.49 taken for an answer."""
    assert [is_decided(best, 2) for best in (0.51, 0.75, 0.76)] == [False, False, True]
    assert [is_decided(best, 100) for best in (0.01, 0.02, 0.021)] == [False, False, True]


def written(figures: list[Figure], tmp_path: Path, monkeypatch) -> tuple[int, Path, Path]:
    """Run the tool on figures as if it had measured them."""
    begin, end = markers("tasks")
    readme, file = tmp_path / "README.md", tmp_path / "tasks.json"
    readme.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    for name, value in {"README": readme, "JSON": file}.items():
        monkeypatch.setattr(task_parity, name, value)
    monkeypatch.setattr(task_parity, "measure", lambda names, inputs: figures)
    return task_parity.main([]), readme, file


def test_table_and_json_are_written(tmp_path, monkeypatch):
    """Catches a row left out, a column without a word on it, a README not made from the JSON."""
    figures = [FINE, FINE._replace(model="sst2", inputs=1500, logits=None)]
    code, readme, file = written(figures, tmp_path, monkeypatch)
    assert code == 0
    block = read_block(readme.read_text(), "tasks")
    assert "| text classification | distilbert | 50 | 1.0e-05 | 1.0e-04 | 0 | 90% |" in block
    assert "| text classification | sst2 | 1,500 |  | 1.0e-04 | 0 | 90% |" in block
    (head, *_), items = block.splitlines(), re.findall(r"^- \*(\w+)\*: ", block, re.MULTILINE)
    assert items == re.findall(r"\w+", head)[3:], "a column that nothing explains"
    assert [Figure(**row) for row in json.loads(file.read_text())["figures"]] == figures
    readme.write_text(readme.read_text().replace("1,500", "9"))
    assert task_parity.main(["--render"]) == 0
    assert read_block(readme.read_text(), "tasks") == block


def test_what_misses_a_bound_is_not_written(tmp_path, monkeypatch, capsys):
    """Catches a table that hides the one task that is wrong."""
    code, readme, file = written([FINE, FINE._replace(unlike=2)], tmp_path, monkeypatch)
    assert code == 1 and not file.exists()
    assert read_block(readme.read_text(), "tasks") == "old"
    assert "2 answers differ" in capsys.readouterr().err


def test_what_is_missing_is_said(tmp_path, monkeypatch, capsys):
    """Catches a traceback where the data, the markers or a task's module are not there."""
    readme = tmp_path / "README.md"
    readme.write_text("no markers")
    monkeypatch.setattr(task_parity, "README", readme)
    assert task_parity.main([]) == 2
    assert "<!-- tasks:begin -->" in capsys.readouterr().err
    assert "text_classification" in task_parity.task_names()
    assert {"figure", "models"}.isdisjoint(task_parity.task_names())
