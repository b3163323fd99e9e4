"""The tool that times tasks: what it finds fault with, and that both sides compute one thing."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from npdistil.encoder.packing import pack_sequences
from tests.models import TINY
from tools import bench_tasks
from tools.bench import tasks
from tools.bench.task_table import render
from tools.readme_block import markers, read_block

GOOD = {
    "tasks": {"measurement": "tasks", "threads": 1, "task": "tags", "overhead": 0.04},
    "search": {
        "measurement": "search",
        "threads": 2,
        "search_ms": 12.5,
        "vectors": 1000,
        "dimension": 12,
    },
    "first-token": {"measurement": "first-token", "threads": 1, "speedup": 1.1},
    "memory": {"measurement": "memory", "threads": 1, "more_bytes": 9e6, "table_bytes": 1e7},
}
BAD = {
    "tasks": ({"overhead": 0.06}, "tags, threads 1: overhead 6.0%"),
    "search": ({"search_ms": 31.0}, "search, threads 2: 31.0 ms"),
    "first-token": ({"speedup": 1.0}, "first-token, threads 1: speed-up 1.00"),
    "memory": ({"more_bytes": 10**7}, "memory: the head takes 10,000,000 bytes"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_beyond_the_promise(name):
    """Catches a promise that nothing is held to, and NaN taken for a small number."""
    change, message = BAD[name]
    assert bench_tasks.beyond(GOOD[name]) == []
    (found,) = bench_tasks.beyond({**GOOD[name], **change})
    assert found.startswith(message)
    nan = dict.fromkeys(change, float("nan"))
    assert len(bench_tasks.beyond({**GOOD[name], **nan})) == 1


@pytest.mark.parametrize("name", GOOD)
def test_a_row_without_a_figure_keeps_no_promise(name):
    """Catches a figure that got another name, and is taken for 0."""
    assert bench_tasks.FIGURES.keys() == tasks.MEASUREMENTS.keys() == GOOD.keys()
    for key in GOOD[name].keys() - {"measurement", "threads"}:
        row = {other: value for other, value in GOOD[name].items() if other != key}
        (found,) = bench_tasks.beyond(row)
        assert found == f"{name}, threads {row['threads']}: no {key} in the row"


def test_runs_are_written(monkeypatch, tmp_path, capsys):
    """Catches rows without threads, a run of a part that replaces the whole, and exit code 0."""
    monkeypatch.setattr(bench_tasks, "JSON", tmp_path / "task_speed.json")
    monkeypatch.setattr(bench_tasks, "PAGE", tmp_path / "page.md")
    bench_tasks.PAGE.write_text("\n".join(markers(bench_tasks.BLOCK)))
    own = {"measurement", "threads"}
    rows = {
        name: [{key: value for key, value in row.items() if key not in own}]
        for name, row in GOOD.items()
    }
    monkeypatch.setattr(bench_tasks, "run", lambda name, threads, options: rows[name])
    assert bench_tasks.main(["--only", "search", "--threads", "1"]) == 0
    assert not bench_tasks.JSON.exists()
    assert bench_tasks.main(["--threads", "2", "1"]) == 0
    found = json.loads(bench_tasks.JSON.read_text())
    assert [(row["measurement"], row["threads"]) for row in found["results"]] == [
        (name, threads) for threads in (1, 2) for name in tasks.MEASUREMENTS
    ]
    assert {"cpu", "processors", "versions"} <= {*found}
    assert read_block(bench_tasks.PAGE.read_text(), bench_tasks.BLOCK) == render(found)
    bench_tasks.PAGE.write_text("\n".join(markers(bench_tasks.BLOCK)))
    assert bench_tasks.main(["--render"]) == 0
    assert "| tags | 4.0% | 4.0% |" in bench_tasks.PAGE.read_text()
    rows["search"][0]["search_ms"] = 99.0
    assert bench_tasks.main(["--threads", "1"]) == 1
    assert "search, threads 1: 99.0 ms" in capsys.readouterr().err
    page = bench_tasks.PAGE.read_text()
    rows["first-token"] = [{}]
    assert bench_tasks.main(["--threads", "1"]) == 1 and "no speedup" in capsys.readouterr().err
    for nothing in (None, []):
        monkeypatch.setattr(bench_tasks, "run", lambda *_, found=nothing: found)
        assert bench_tasks.main(["--threads", "1"]) == 2
    assert bench_tasks.PAGE.read_text() == page and bench_tasks.main(["--render"]) == 1
    bench_tasks.JSON.unlink()
    assert bench_tasks.main(["--render"]) == 2


def test_the_page_is_what_the_json_renders_to():
    """Catches a table edited by hand, and a page of a run whose figures nobody has."""
    block = read_block(bench_tasks.PAGE.read_text("utf-8"), bench_tasks.BLOCK)
    assert block == render(json.loads(bench_tasks.JSON.read_text("utf-8")))


def test_render():
    """Catches a column under another number of threads, and a figure in another unit."""
    found = {
        "date": "2030-01-02", "cpu": "a processor", "python": "3.11", "versions": {"numpy": "2"},
        "turns": 7, "parts": 3,
        "results": [
            {**row, "threads": threads} for threads in (1, 8) for row in GOOD.values()
            if (row["measurement"], threads) != ("search", 8)
        ],
    }  # fmt: skip
    assert render(found).splitlines() == [
        "| | 1 thread | 8 threads |",
        "| --- | ---: | ---: |",
        "| tags | 4.0% | 4.0% |",
        "| a query among 1,000 vectors of 12 | 12.5 ms |  |",
        "| classification, where the last layer computes first tokens alone | 1.10 times as fast "
        "| 1.10 times as fast |",
        "| memory of a masked-words head, whose decoder is the table of 10 MB | 9.0 MB | 9.0 MB |",
        "",
        "Measured on 2030-01-02 by `make taskspeed`: a processor,",
        "Python 3.11, numpy 2; medians of 7 turns over one text in 3.",
    ]


def test_the_engine_alone_gets_the_rows_of_the_task(rng):
    """Catches an engine that is timed on other rows than the task sent it, or on none."""
    sequences = [rng.integers(5, TINY.vocab_size, n).astype(np.int32) for n in (3, 9, 1, 5)]
    batches = [pack_sequences(part, TINY) for part in (sequences[:3], sequences[3:])]
    seen = []
    backend = SimpleNamespace(pooled=lambda batch, *_: None, encode=lambda batch: None)
    encoder = SimpleNamespace(backend=backend)

    def task():
        encoder.backend.pooled(batches[0], "cls", False)
        encoder.backend.encode(batches[1])

    def engine(found, part):
        assert found is backend
        seen.append(part)

    row = tasks._beside_engine(encoder, task, engine, 1)
    assert row["token_rows"] == 18 and encoder.backend is backend
    parts = [part.input_ids_T[a:b].tolist() for part in seen[: len(seen) // 2]
             for a, b in zip(part.cu_seqlens, part.cu_seqlens[1:], strict=False)]  # fmt: skip
    assert sorted(parts) == sorted(sequence.tolist() for sequence in sequences)
    with pytest.raises(ValueError, match="concatenate"):
        tasks._beside_engine(encoder, lambda: None, engine, 1)
