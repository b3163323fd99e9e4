"""The README's tokenizer table is what the committed JSON says, and nothing slow is hidden."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tools import bench_tokenizer
from tools.bench_tokenizer import BLOCK, missed, render
from tools.readme_block import markers, read_block

KIND = {"texts": 10, "npdistil": 30.0, "tokenizers": 2.0, "ratio": 15.0, "smallest_ratio": 9.0}
KINDS = {"wikitext-2": KIND, "emoji": {**KIND, "npdistil": 8.04, "ratio": 4.0}}
EXAMPLE: dict[str, Any] = {
    "date": "2030-01-02",
    "cpu": "a processor",
    "load_before": 0.1,
    "python": "3.11.9",
    "versions": {"numba": "1.0", "tokenizers": "2.0"},
    "runs": [
        {
            "threads": 1,
            "kinds": KINDS,
            "growth": {
                "spaces": {"2n/n": 2.0, "4n/2n": 2.1, "worst": 2.1, "ns_per_character": 3.0},
                "joiners": {"2n/n": 2.2, "4n/2n": 1.9, "worst": 2.2, "ns_per_character": 3.0},
            },
            "seconds_for_10_MB": {"English": 0.125, "spaces": 0.25},
        },
        {"threads": 8, "kinds": KINDS},
    ],
}


def test_readme_is_what_the_json_renders_to() -> None:
    """A table edited by hand, or figures in the README that no JSON holds."""
    block = read_block(bench_tokenizer.README.read_text(encoding="utf-8"), BLOCK)
    if bench_tokenizer.JSON.exists():
        assert block == render(json.loads(bench_tokenizer.JSON.read_text(encoding="utf-8")))
    else:
        assert "`make tokenizer`" in block and "|" not in block


def test_render() -> None:
    """A column under another head, and a worst case that is not the worst."""
    text = render(EXAMPLE)
    assert text.splitlines()[:4] == [
        "| MB/s | npdistil, 1 thread | `tokenizers` | ratio | npdistil, 8 threads | `tokenizers` "
        "| ratio |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| wikitext-2 | 30.0 | 2.0 | 15.0 | 30.0 | 2.0 | 15.0 |",
        "| emoji | 8.0 | 2.0 | 4.0 | 8.0 | 2.0 | 4.0 |",
    ]
    joined = " ".join(text.split())
    assert "Of 2 families of hostile texts" in joined and "2.20 at most (joiners)" in joined
    assert "0.12 s (English), 0.25 s (spaces)" in joined
    assert "2030-01-02 by `make tokenizer`: a processor, Python 3.11.9, numba 1.0" in joined


@pytest.mark.parametrize(
    "run, path, value, message",
    [
        (0, ("kinds", "wikitext-2", "ratio"), 9.9, "wikitext-2, threads: 1: 9.9 times .* not 10"),
        (1, ("kinds", "emoji", "ratio"), 2.9, "emoji, threads: 8: 2.9 times .* not 3"),
        (0, ("growth", "joiners", "worst"), 2.6, "joiners: twice the text takes 2.6 times"),
        (0, ("seconds_for_10_MB", "spaces"), 1.0, "10 MB of spaces: 1.0 s"),
    ],
)
def test_what_is_slow_is_named(run: int, path: tuple[str, ...], value: float, message: str) -> None:
    """A promise that is broken in silence, or held to the wrong figure."""
    assert missed(EXAMPLE) == []
    changed = json.loads(json.dumps(EXAMPLE))
    place = changed["runs"][run]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    (line,) = missed(changed)
    assert re.search(message, line)


def test_growth_is_that_of_the_shortest_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """A measure that a busy machine decides, and a worst case that is the better one."""
    times = iter([1.0, 9.0, 4.0, 5.0, 2.0, 5.0] + [10.0] * 39)
    monkeypatch.setattr(bench_tokenizer, "seconds", lambda run, texts: next(times))
    found = bench_tokenizer.growth(len, "spaces")
    assert (found["2n/n"], found["4n/2n"], found["worst"]) == (2.0, 2.0, 2.0)
    times = iter([1.0, 2.0, 6.0] * 15)
    assert bench_tokenizer.growth(len, "spaces")["worst"] == 3.0


def test_what_is_missing_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A traceback without texts, weights, markers or a JSON; and a README that is touched then."""
    readme = tmp_path / "README.md"
    monkeypatch.setattr(bench_tokenizer, "README", readme)
    monkeypatch.setattr(bench_tokenizer, "JSON", tmp_path / "tokenizer.json")
    begin, end = markers(BLOCK)
    content = f"{begin}\nold\n{end}\n"
    readme.write_text(content)
    assert bench_tokenizer.main(["--render"]) == 2
    assert bench_tokenizer.main(["--data", str(tmp_path / "nothing")]) == 2
    monkeypatch.setattr(bench_tokenizer, "MINILM", tmp_path)
    assert bench_tokenizer.main(["--data", str(tmp_path)]) == 2
    assert readme.read_text() == content
    readme.write_text("no markers")
    assert bench_tokenizer.main(["--render"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4
    assert all(line.startswith("bench_tokenizer: ") for line in errors)


def test_render_writes_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that renders another table than it prints, or hides a missed promise."""
    readme, begin_end = tmp_path / "README.md", markers(BLOCK)
    readme.write_text("a\n" + "\nold\n".join(begin_end) + "\nb\n")
    (tmp_path / "tokenizer.json").write_text(json.dumps(EXAMPLE))
    monkeypatch.setattr(bench_tokenizer, "README", readme)
    monkeypatch.setattr(bench_tokenizer, "JSON", tmp_path / "tokenizer.json")
    assert bench_tokenizer.main(["--render"]) == 0
    assert read_block(readme.read_text(), BLOCK) == render(EXAMPLE)
    slow = json.loads(json.dumps(EXAMPLE))
    slow["runs"][0]["kinds"]["emoji"]["ratio"] = 1.0
    (tmp_path / "tokenizer.json").write_text(json.dumps(slow))
    assert bench_tokenizer.main(["--render"]) == 1
    assert read_block(readme.read_text(), BLOCK) == render(slow)
