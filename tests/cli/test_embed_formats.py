"""What `npdistil embed` writes in each format: rows, bad lines, shards; from constant memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file, save

import npdistil
from npdistil import SentenceEncoder
from npdistil.cli import embed_job
from npdistil.cli.input_shard import Shard, shard_lines
from npdistil.cli.read_lines import read_lines
from tests.cli.running import runner
from tests.tasks.folders import write_model, write_settings

ROOT = Path(npdistil.__file__).parent.parent
FORMATS = (".npy", ".jsonl", ".parquet", ".safetensors")
TEXTS = ["the unable", "", "a b c é", 'quote " and \\ back', "中!", "a\u2028b\x85c", "a"] * 5


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(embed_job, "WINDOW", 4)
    monkeypatch.chdir(tmp_path)
    write_settings(write_model(tmp_path / "model"))
    run = runner(monkeypatch, capsys)
    return lambda *arguments, **options: run("embed", *arguments, "-m", "model", **options)


def written(path: str) -> tuple[np.ndarray, list[str | None] | None]:
    """Vectors and texts; null is a row of NaN."""
    if path.endswith(".npy"):
        return np.load(path, allow_pickle=False), None
    if path.endswith(".safetensors"):
        return load_file(path)["embeddings"], None
    if path.endswith(".jsonl"):
        records = [json.loads(line) for line in Path(path).read_text("utf-8").split("\n")[:-1]]
    else:
        records = pq.read_table(path).to_pylist()
    rows = [[np.nan] * 12 if r["embedding"] is None else r["embedding"] for r in records]
    return np.array(rows, np.float32), [r["text"] for r in records]


@pytest.mark.parametrize("suffix", FORMATS)
def test_each_format_holds_the_library_s_rows(run, suffix):
    """Catches another order at the windows' ends, another type, and texts of another row."""
    Path("in.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    done = run("in.txt", "-o", f"out{suffix}")
    assert (done.code, done.out) == (0, "") and done.err.startswith("35 texts, 12 features, ")
    vectors, texts = written(f"out{suffix}")
    wanted = SentenceEncoder.from_pretrained("model").encode(TEXTS)
    assert vectors.dtype == np.float32 and vectors.tobytes() == wanted.tobytes()
    assert texts in (None, TEXTS)


def test_the_files_are_those_of_the_formats_own_writers(run):
    """Catches a header that one reader accepts and another does not."""
    Path("in.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    wanted = SentenceEncoder.from_pretrained("model").encode(TEXTS)
    for suffix in (".npy", ".safetensors", ".parquet"):
        assert run("in.txt", "-o", f"out{suffix}").code == 0
    np.save("numpy.npy", wanted)
    assert Path("out.npy").read_bytes() == Path("numpy.npy").read_bytes()
    ours = Path("out.safetensors").read_bytes()
    assert ours == save({"embeddings": wanted}, metadata={"format": "pt"})
    schema = pq.read_schema("out.parquet")
    assert schema.field("embedding").type == pa.list_(pa.float32(), 12)
    assert schema.field("text").type == pa.string() and schema.names == ["text", "embedding"]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("content", [b"", b"{}\nx\n"], ids=["no lines", "only bad lines"])
def test_nothing_to_embed(run, suffix, content):
    """Catches an error, and arrays without a width."""
    done = run("-", "--jsonl", "--skip-errors", "-o", f"out{suffix}", stdin=content)
    count = content.count(b"\n")
    assert done.code == (1 if count else 0) and done.err.startswith(f"{count} texts, 12 features")
    vectors, texts = written(f"out{suffix}")
    assert len(vectors) == count and np.isnan(vectors).all() and texts in (None, [None] * count)
    assert vectors.shape == (count, 12) or suffix == ".jsonl" or count == 0


@pytest.mark.parametrize("suffix", FORMATS)
def test_bad_lines_keep_their_rows(run, suffix):
    """Catches rows that move up, and exit code 0."""
    lines = [json.dumps({"id": n, "body": text}) for n, text in enumerate(TEXTS)]
    for n in (0, 5, 6, 7, 8, 9, 34):
        lines[n] = '{"body": 5}'
    Path("in.jsonl").write_text("\n".join(lines))
    arguments = ("in.jsonl", "--field", "body", "-o", f"out{suffix}")
    stopped = run(*arguments)
    assert 'line 1: field "body": expected a string, received int' in stopped.error
    assert not Path(f"out{suffix}").exists() and not Path(f"out{suffix}.partial").exists()
    done = run(*arguments, "--skip-errors")
    assert done.code == 1 and done.err.endswith("7 of 35 inputs were skipped\n")
    vectors, texts = written(f"out{suffix}")
    good = [n for n in range(35) if n not in (0, 5, 6, 7, 8, 9, 34)]
    wanted = SentenceEncoder.from_pretrained("model").encode([TEXTS[n] for n in good])
    assert vectors[good].tobytes() == wanted.tobytes()
    assert np.flatnonzero(np.isnan(vectors).all(axis=1)).tolist() == [0, 5, 6, 7, 8, 9, 34]
    if texts is not None:
        assert texts == [TEXTS[n] if n in good else None for n in range(35)]
    if suffix == ".jsonl":
        first = json.loads(Path("out.jsonl").read_text("utf-8").partition("\n")[0])
        assert "line 1: field" in first["error"]


@pytest.mark.parametrize("count", [1, 2, 3, 19])
def test_shards_are_together_the_whole(run, count):
    """Catches a line that two shards have, or none; a row that depends on its shard."""
    Path("a.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(TEXTS[:20]).encode())
    Path("empty.txt").write_bytes(b"")
    Path("b.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    inputs = ("a.txt", "empty.txt", "b.jsonl", "a.txt")
    assert run(*inputs, "-o", "whole.npy").code == 0
    parts = []
    for number in range(count):
        assert run(*inputs, "--shard", f"{number}/{count}", "-o", "part.npy").code == 0
        parts.append(np.load("part.npy"))
    assert np.concatenate(parts).tobytes() == Path("whole.npy").read_bytes()[128:]
    if count == 2:
        assert all(20 < len(part) < 55 for part in parts), "about the same work"


def test_shards_at_the_same_time(run):
    """Catches processes that share a partial file or a temporary name."""
    Path("in.txt").write_text("\n".join(TEXTS * 100), encoding="utf-8")
    shards = [
        subprocess.Popen(
            [sys.executable, "-m", "npdistil", "embed", "in.txt", "-m", "model", "--threads", "1",
             "--shard", f"{number}/3", "-o", f"part-{number}.npy"],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL,
        )
        for number in range(3)
    ]  # fmt: skip
    assert [shard.wait(100) for shard in shards] == [0, 0, 0]
    found = np.concatenate([np.load(f"part-{number}.npy") for number in range(3)])
    wanted = SentenceEncoder.from_pretrained("model").encode(TEXTS * 100)
    assert found.tobytes() == wanted.tobytes()
    assert not [*Path().glob("*.partial*")]


def test_shards_of_lines(tmp_path):
    """Catches an off-by-one where a part begins: every count of parts of every small file."""
    path = tmp_path / "in"
    for content in (b"a\nbb\n\n\nccc", b"\n", b"", b"x", b"\r\n\r\n"):
        path.write_bytes(content)
        names = [str(path), str(path)]
        whole = [*read_lines(names)]
        for count in range(1, 14):
            parts = [[*shard_lines(names, Shard(n, count))] for n in range(count)]
            assert [line for part in parts for line in part] == whole


REFUSED = {
    "too large": (["in.txt", "--shard", "2/2"], "expected I/N with I from 0 to N - 1"),
    "no number": (["in.txt", "--shard", "a/2"], "expected I/N with I from 0 to N - 1"),
    "of none": (["in.txt", "--shard", "0/0"], "expected I/N with I from 0 to N - 1"),
    "stdin": (["-", "--shard", "0/2"], "goes with files"),
    "missing": (["absent", "--shard", "0/2"], "absent: no such file"),
    "suffix": (["in.txt", "-o", "out.csv"], "must end in .npy, .jsonl, .parquet or .safetensors"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(run, name):
    """Catches a shard that is empty for ever, and one of a pipe whose end nobody knows."""
    Path("in.txt").write_text("a")
    arguments, message = REFUSED[name]
    assert message in run("-o", "out.npy", *arguments).error
    assert not Path("out.npy").exists()


def test_parquet_without_pyarrow(run, monkeypatch):
    """Catches an ImportError, and one that comes after an hour of work."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(SentenceEncoder, "from_pretrained", None)
    assert "pip install 'npdistil[parquet]'" in run("-", "-o", "out.parquet", stdin=b"a").error


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss in kilobytes")
def test_memory_is_constant(run):
    """Catches texts or rows that are kept: 80,000 of them."""
    words = "the unable a b c " * 4
    with Path("in.txt").open("w") as stream:
        for n in range(80_000):
            stream.write(f"{words} {n % 1000}\n" if n % 2000 < 1000 else f"{words[:40]}{n % 9}\n")
    Path("short.txt").write_text("".join(f"{words} {n}\n" for n in range(3000)))
    program = (
        "import sys\n"
        "from npdistil.cli import embed_job, main\n"
        "from tests.tasks.growth import forget_the_peak, resident\n"
        "honest = embed_job.EmbedJob.run\n"
        "def run(*arguments):\n"
        "    forget_the_peak()\n"
        "    return honest(*arguments)\n"
        "embed_job.EmbedJob.run = run\n"
        "code = main()\n"
        "print(resident('VmHWM'), file=sys.stderr)\n"
        "sys.exit(code)"
    )
    found = []
    for source in ("short.txt", "in.txt"):
        done = subprocess.run(
            [sys.executable, "-c", program, "embed", source, "-m", "model", "-o", "out.jsonl"],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.append(int(done.stderr.splitlines()[-1]))
    assert found[1] - found[0] < 12 << 20, "the lines alone have 16 MB"
