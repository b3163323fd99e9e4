"""The tool that times the scores of words, on a small table."""

import json
from pathlib import Path

import numpy as np
import pytest

from tools import bench_word_scores as tool


@pytest.fixture
def small(monkeypatch, tmp_path) -> Path:
    """The file that it writes."""
    monkeypatch.setattr(tool, "JSON", tmp_path / "word_scores.json")
    monkeypatch.setattr(tool, "WORDS", 300)
    monkeypatch.setattr(tool, "WIDTHS", (16, 40))
    monkeypatch.setattr(tool, "processors", lambda: 2)
    return tmp_path / "word_scores.json"


def test_every_width_and_number_of_threads_and_masks(small, capsys):
    """Catches figures of another run in a row, and units that are mixed up."""
    assert tool.main(["--turns", "2"]) == 0
    report = json.loads(small.read_text(encoding="utf-8"))
    rows = report["rows"]
    found = [(row["hidden_size"], row["threads"], row["masks"]) for row in rows]
    assert found == [
        (width, threads, masks) for width in (16, 40) for threads in (1, 2) for masks in tool.MASKS
    ]
    assert {"cpu", "processors", "versions", "date"} < report.keys()
    row = max(rows, key=lambda row: row["masks"] * row["hidden_size"])
    bytes_read = 4 * 300 * row["hidden_size"]
    seconds = row["milliseconds"] / 1e3
    assert row["gigabytes_per_second"] == pytest.approx(bytes_read / seconds / 1e9, rel=0.2)
    assert row["gigaflops"] == pytest.approx(bytes_read / 2 * row["masks"] / seconds / 1e9, rel=0.2)
    assert capsys.readouterr().out.count("\n") == len(rows)


def test_nothing_is_timed_that_is_wrong(small, monkeypatch, capsys):
    """Catches a figure of a kernel that leaves work out."""
    right = tool.WordScores.__call__

    def wrong(self, hidden_MD: np.ndarray) -> np.ndarray:
        return right(self, hidden_MD) * np.float32(1.001)

    monkeypatch.setattr(tool.WordScores, "__call__", wrong)
    monkeypatch.setattr(tool, "best_seconds", lambda *_: pytest.fail("timed"))
    assert tool.main([]) == 2
    assert "nothing is timed" in capsys.readouterr().err
    assert not small.exists()
