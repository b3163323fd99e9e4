"""The benchmark's command line: what it refuses, and when it writes."""

import json

import pytest

from tests.tools.bench_report import a_report
from tools import bench_peers
from tools.bench import summary
from tools.bench.process import BenchError
from tools.bench.report import render
from tools.readme_block import markers, read_block


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The tool at work in an empty place."""
    monkeypatch.setattr(bench_peers, "JSON", tmp_path / "bench.json")
    monkeypatch.setattr(bench_peers, "README", tmp_path / "README.md")
    begin, end = markers("bench")
    (tmp_path / "README.md").write_text(f"# before\n\n{begin}\nold\n{end}\nafter\n")
    monkeypatch.setattr(bench_peers, "measure", lambda plan: summary.summarize(a_report()))
    return tmp_path


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["--models", "l7"], "'l7' is none of l6-h384"),
        (["--peers", "tensorflow"], "is none of pytorch"),
        (["--workloads", "1x8,9x9"], "'9x9' is none of 1x8"),
        (["--threads", "0"], "'0' is no positive number"),
        (["--threads", "1,x"], "'x' is no positive number"),
        (["--turns", "-1"], "'-1' is no positive number"),
        (["--seconds", "nan"], "'nan' is no positive number"),
        (["--fast"], "--fast"),
    ],
)
def test_bad_arguments_are_one_line(arguments, word, capsys):
    """A page of usage, or a traceback."""
    with pytest.raises(SystemExit) as stop:
        bench_peers.main(arguments)
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bench_peers: ")
    assert word in line


def test_a_whole_run_writes_and_a_part_does_not(project, capsys):
    """A README with the figures of a quick run."""
    before = bench_peers.README.read_text()
    assert bench_peers.main(["--quick", "--json", str(project / "quick.json")]) == 0
    assert "| **npdistil** | 60 | 321 |" in capsys.readouterr().out
    assert bench_peers.main(["--peers", "none"]) == 0
    assert bench_peers.main(["--turns", "3"]) == 0
    assert bench_peers.README.read_text() == before
    assert not bench_peers.JSON.exists()
    assert json.loads((project / "quick.json").read_text())["turns"] == 3

    assert bench_peers.main([]) == 0
    table = read_block(bench_peers.README.read_text(), "bench")
    assert table == render(json.loads(bench_peers.JSON.read_text()))
    bench_peers.README.write_text(before)
    assert bench_peers.main(["--render"]) == 0
    assert read_block(bench_peers.README.read_text(), "bench") == table


@pytest.mark.parametrize(
    "failure, code",
    [
        (BenchError("one\ntwo"), 1),
        (ImportError("onnx"), 2),
        (FileNotFoundError("x"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_a_failed_run_is_one_line_and_writes_nothing(project, monkeypatch, capsys, failure, code):
    """A traceback, or half a table."""

    def failing(plan):
        raise failure

    before = bench_peers.README.read_text()
    monkeypatch.setattr(bench_peers, "measure", failing)
    assert bench_peers.main([]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bench_peers: ")
    assert bench_peers.README.read_text() == before
    assert not bench_peers.JSON.exists()


def test_what_is_missing_is_said_before_anything_runs(project, monkeypatch, capsys):
    """Minutes of measuring that nobody can write down, or PyTorch loaded to say that it is not."""
    bench_peers.README.write_text("no markers")
    assert bench_peers.main([]) == 2
    assert "README.md needs" in capsys.readouterr().err


def test_quick_is_a_part_of_the_whole():
    """A quick run that measures something else."""
    whole, quick = (bench_peers.make_plan(bench_peers._parse(a)) for a in ([], ["--quick"]))
    assert set(quick.workloads) < set(whole.workloads)
    assert whole.turns >= 7
    assert whole.peers == ("pytorch", "onnxruntime", "openvino", "ctranslate2")
    assert bench_peers.estimate(quick, 50.0) < bench_peers.estimate(whole, 50.0) / 10
