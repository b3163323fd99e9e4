"""The tables of starts are what the committed JSON says; nothing slow or wrong is hidden."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools import bench_startup
from tools.bench.process import BenchError
from tools.bench.starts import EMBED, EMBEDDING, PART_NAMES, TOKENIZING, Start
from tools.bench_startup import BLOCK, RIVAL, agree, missed, render, summarize, summary
from tools.readme_block import markers, read_block


def runs(*seconds: float, peak: int = 1 << 20) -> list[Start]:
    return [Start(each, 2 * each, peak, []) for each in seconds]


def example() -> dict[str, Any]:
    """A report in which everything is as promised."""
    found = {name: runs(1.0, 1.0, 1.0) for name in (*EMBEDDING, *TOKENIZING)}
    found[RIVAL] = runs(2.0, 2.0, 2.0, peak=2 << 20)
    embedding = summarize({name: found[name] for name in EMBEDDING})
    tokenizing = summarize({name: found[name] for name in TOKENIZING})
    return {
        "date": "2030-01-02", "cpu": "a processor", "threads": 8, "load_before": 0.1,
        "python": "3.11.9", "versions": {"numba": "1.0"}, "turns": 3,
        "embedding": embedding, "tokenizing": tokenizing,
        "parts": dict.fromkeys(PART_NAMES, 0.004),
    }  # fmt: skip


def test_the_pages_are_what_the_json_renders_to() -> None:
    """A table edited by hand, or figures that no JSON holds."""
    page, readme = (path.read_text(encoding="utf-8") for path in bench_startup.PAGES)
    blocks = read_block(page, BLOCK), read_block(readme, BLOCK)
    if bench_startup.JSON.exists():
        report = json.loads(bench_startup.JSON.read_text(encoding="utf-8"))
        assert blocks == (render(report), summary(report))
    else:
        assert all("`make startup`" in block and "|" not in block for block in blocks)


def test_ratios_are_made_turn_by_turn() -> None:
    """A ratio of medians, which a machine that slows down for some turns decides."""
    found = summarize({"a": runs(1.0, 9.0, 2.0), RIVAL: runs(2.0, 10.0, 8.0, peak=4 << 20)})
    assert found["a"]["seconds"] == 2.0 and found["a"]["ratio"] == 0.5
    assert found["a"]["cpu_seconds"] == 4.0 and found["a"]["cpu_ratio"] == 0.5
    assert found["a"]["peak_MiB"] == 1.0 and found["a"]["memory_ratio"] == 0.25
    assert found[RIVAL]["ratio"] == 1.0


def test_what_misses_a_promise_is_named() -> None:
    """A promise that is broken in silence, or held to the wrong figure."""
    assert missed(example()) == []
    for path, value, message in (
        (("embedding", EMBED, "ratio"), 0.61, f"{EMBED}: 0.61 of the time of {RIVAL}, not 0.6"),
        (("embedding", EMBED, "memory_ratio"), 1.01, f"{EMBED}: 1.01 of the memory of {RIVAL}"),
        (("parts", "another tokenizer"), 0.0101, "another tokenizer: 0.010 s, not 0.01"),
        (("parts", "import numpy"), 0.147, "import npdistil: 0.151 s, not 0.15"),
    ):
        report = example()
        place = report
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        assert missed(report) == [message]


def test_results_that_differ_are_not_timed() -> None:
    """A peer that pools otherwise, a shorter vector, NaN, other ids."""
    agree({"a": [1.0, 2.0], "b": [1.0, 2.0 + 5e-7]})
    for other in ([1.0, 2.0 + 2e-6], [1.0], [1.0, 2.0, 3.0], [1.0, float("nan")], []):
        with pytest.raises(BenchError, match="b and a do not agree"):
            agree({"a": [1.0, 2.0], "b": other})


def test_render() -> None:
    """A column under another head."""
    text = render(example())
    assert "| npdistil, Python | 1.00 | 2.00 | 1 | 0.50 | 0.50 |" in text
    assert "| import numpy | 4 |" in text
    assert "2030-01-02 by `make startup`: a processor, 8 processors allowed" in text
    assert "1.00 s and 1 MiB, ONNX Runtime + tokenizers 2.00 s and 2 MiB" in summary(example())


def test_what_is_missing_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback without weights, markers or a JSON; and a page that is touched then."""
    pages = (tmp_path / "startup.md", tmp_path / "README.md")
    content = "\nold\n".join(markers(BLOCK))
    for page in pages:
        page.write_text(content)
    monkeypatch.setattr(bench_startup, "PAGES", pages)
    monkeypatch.setattr(bench_startup, "JSON", tmp_path / "startup.json")
    monkeypatch.setattr(bench_startup, "MINILM", tmp_path)
    monkeypatch.setattr(bench_startup, "PACKAGES", ("numpy",))
    assert bench_startup.main(["--render"]) == 2
    assert bench_startup.main(["--turns", "6"]) == 2
    assert bench_startup.main([]) == 2
    assert [page.read_text() for page in pages] == [content, content]
    pages[1].write_text("no markers")
    assert bench_startup.main(["--render"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4
    assert all(line.startswith("bench_startup: ") for line in errors)
