"""`npdistil embed`: what its options make of a row is what the library makes of it."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from npdistil import SentenceEncoder
from npdistil.cli import embed_job
from tests.cli.running import runner
from tests.tasks.folders import random_texts, write_json, write_model, write_settings

TEXTS = random_texts() * 3  # some longer than the model
PROMPTS = {"prompts": {"query": "the unable ", "document": ""}, "default_prompt_name": None}


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(embed_job, "WINDOW", 40)
    monkeypatch.chdir(tmp_path)
    write_settings(write_model(tmp_path / "model"))
    write_json(tmp_path / "model" / "config_sentence_transformers.json", PROMPTS)
    Path("in.txt").write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    run = runner(monkeypatch, capsys)
    return lambda *arguments, **options: run("embed", *arguments, "-m", "model", **options)


OPTIONS = {
    "prompt": (["--prompt", "c c "], {"prompt": "c c "}),
    "prompt name": (["--prompt-name", "query"], {"prompt_name": "query"}),
    "normalize": (["--normalize"], {"normalize_embeddings": True}),
    "truncate": (["--truncate-dim", "5"], {"truncate_dim": 5}),
    "long": (["--long"], {"long": True}),
    "stride": (["--long", "--stride", "3"], {"long": True, "stride": 3}),
    "int8": (["--precision", "int8"], {"precision": "int8"}),
    "uint8": (["--precision", "uint8", "--truncate-dim", "7"],
              {"precision": "uint8", "truncate_dim": 7}),
    "binary": (["--precision", "binary"], {"precision": "binary"}),
    "ubinary": (["--precision", "ubinary"], {"precision": "ubinary"}),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_options_reach_the_library(run, name):
    """Catches an option that is parsed and forgotten, and ranges of one block instead of all."""
    arguments, keywords = OPTIONS[name]
    assert run("in.txt", "-o", "out.npy", *arguments).code == 0
    model = SentenceEncoder.from_pretrained("model")
    wanted, found = model.encode(TEXTS, **keywords), np.load("out.npy")
    assert found.dtype == wanted.dtype and found.shape == wanted.shape
    assert found.tobytes() == wanted.tobytes()
    assert found.tobytes() != model.encode(TEXTS).tobytes()


@pytest.mark.parametrize("precision", ["int8", "ubinary"])
def test_precision_in_each_format(run, precision):
    """Catches a format that takes all rows for float32."""
    kind = {"int8": np.int8, "ubinary": np.uint8}[precision]
    wanted = SentenceEncoder.from_pretrained("model").encode(TEXTS, precision=precision)
    for suffix in (".jsonl", ".parquet", ".safetensors"):
        assert run("in.txt", "-o", f"out{suffix}", "--precision", precision).code == 0
    assert np.array_equal(load_file("out.safetensors")["embeddings"], wanted)
    table = pq.read_table("out.parquet")
    assert str(table.schema.field("embedding").type).startswith(
        f"fixed_size_list<element: {np.dtype(kind).name}>"
    )
    assert np.array_equal(table["embedding"].to_pylist(), wanted)
    records = [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    assert np.array_equal([record["embedding"] for record in records], wanted)


def test_bad_lines_are_zeros_in_integers(run):
    """Catches NaN that becomes a number, and ranges that are NaN."""
    lines = [json.dumps({"text": text}) for text in TEXTS]
    lines[3] = lines[77] = "{}"
    Path("in.jsonl").write_text("\n".join(lines))
    done = run("in.jsonl", "--skip-errors", "--precision", "int8", "-o", "out.npy")
    good = [n for n in range(len(TEXTS)) if n not in (3, 77)]
    wanted = SentenceEncoder.from_pretrained("model").encode(
        [TEXTS[n] for n in good], precision="int8"
    )
    found = np.load("out.npy")
    assert done.code == 1 and np.array_equal(found[good], wanted) and not found[[3, 77]].any()


def test_truncated_texts_are_counted(run):
    """Catches texts that lose their end without a word, over windows and in a resumed run."""
    _, lost = SentenceEncoder.from_pretrained("model").encode(
        TEXTS, return_num_truncated_tokens=True
    )
    assert (lost > 0).sum() > 20
    told = (
        f"npdistil: warning: {(lost > 0).sum()} of {len(TEXTS)} inputs are longer than the model "
        f"takes; {lost.sum()} tokens were left out\n"
    )
    assert run("in.txt", "-o", "out.npy").err.endswith(told)
    assert "warning" not in run("in.txt", "-o", "out.npy", "--long").err


def test_the_progress_of_slow_models(run, monkeypatch):
    """Catches a bar that stands still for a thousand texts, and rows that a step mixes up."""
    updates: list[int] = []

    class Bar:
        def update(self, n: int) -> None:
            updates.append(n)

    monkeypatch.setattr(embed_job, "WINDOW", 130)
    monkeypatch.setattr(embed_job, "STEP_SECONDS", 1e-9)
    monkeypatch.setattr(embed_job, "progress", lambda *_: contextlib.nullcontext(Bar()))
    wanted = SentenceEncoder.from_pretrained("model").encode(TEXTS)
    for backend, steps in (("numba", [128, 2, 8]), ("numpy", [130, 8])):
        updates.clear()
        assert run("in.txt", "-o", "out.npy", "--backend", backend).code == 0
        assert [count for count in updates if count] == steps and len(TEXTS) == 138
        np.testing.assert_allclose(np.load("out.npy"), wanted, atol=1e-5)
    monkeypatch.setattr(embed_job, "FIRST_STEP", 40)
    updates.clear()
    assert run("in.txt", "-o", "out.npy").code == 0
    assert [count for count in updates if count] == [40, 32, 32, 26, 8]
    assert np.load("out.npy").tobytes() == wanted.tobytes()


def test_few_rows_for_a_range(run):
    """Catches silence about ranges that say little, and an hour of work lost with one row."""
    done = run("-", "-o", "out.npy", "--precision", "int8", stdin=b"a\nb\n")
    assert done.code == 0 and "int8 ranges come from 2 embeddings only" in done.err
    error = run("-", "-o", "one.npy", "--precision", "int8", stdin=b"a\n").error
    assert "needs the range" in error and "1 rows are kept in" in error
    options = ("-o", "one.npy", "--resume", "--precision", "ubinary")
    assert run("-", *options, stdin=b"a\n").code == 0 and np.load("one.npy").shape == (1, 2)
    assert run("-", "-o", "none.npy", "--precision", "int8").code == 0
    assert np.load("none.npy").shape == (0, 12)


REFUSED = {
    "shard": (["--shard", "0/2", "--precision", "int8"], "int8 needs the ranges of all rows"),
    "stride": (["--stride", "3"], "error: --stride: works with --long only."),
    "prompt name": (["--prompt-name", "x"], "x"),
    "two prompts": (["--prompt-name", "query", "--prompt", "a"], "not allowed with"),
    "truncate": (["--truncate-dim", "0"], "argument --truncate-dim: expected a positive integer"),
    "part": (
        ["--shard", "2/2"],
        "argument --shard: expected I/N with I from 0 to N - 1, such as 0/4, not '2/2'; see",
    ),
    "precision": (["--precision", "int4"], "invalid choice"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(run, name):
    """Catches options that do not go together and are met by a traceback, or by silence."""
    arguments, message = REFUSED[name]
    assert message in run("in.txt", "-o", "out.npy", *arguments).error
    assert not Path("out.npy").exists() and not Path("out.npy.partial").exists()
