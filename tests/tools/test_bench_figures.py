"""The benchmark's arithmetic and its tables."""

import json

import pytest

from tests.tools.bench_report import a_report, a_result
from tools import bench_peers
from tools.bench import summary
from tools.bench.models import CARD, SHAPES
from tools.bench.report import render
from tools.readme_block import read_block


@pytest.mark.parametrize(
    "batch, length, gflop",
    [
        (1, 8, 0.171),
        (1, 16, 0.342),
        (1, 32, 0.689),
        (1, 128, 2.87),
        (32, 32, 22.1),
        (32, 128, 91.8),
    ],
)
def test_flops(batch, length, gflop):
    """A factor of two, or attention forgotten: the hand-worked figures for 6 x 384."""
    assert SHAPES["l6-h384"].flops([length] * batch) / 1e9 == pytest.approx(gflop, rel=0.005)


def test_flops_of_ragged_texts_add_up():
    """Padding that is counted as work."""
    shape = SHAPES["l6-h384"]
    assert shape.flops([3, 200]) == shape.flops([3]) + shape.flops([200])
    assert shape.flops([512] * 8) / 1e9 == pytest.approx(106, rel=0.005)


def test_speedups_of_the_card():
    """Another model's published figure, or a ratio upside down."""
    seconds = {"bert-base": [4.0, 8.0, 6.0], "l6-h256": [0.3, 1.0, 0.5], "l6-h384": [1.0, 1.0, 1.0]}
    seconds["l12-h384"] = [2.0, 2.0, 2.0]
    rows = {row["model"]: row for row in summary.speedups(seconds)}
    for model, published, flops, measured in [
        ("l6-h256", 8.7, 17.1, 12.0),
        ("l6-h384", 5.3, 7.8, 6.0),
        ("l12-h384", 2.7, 3.9, 3.0),
    ]:
        row = rows[model]
        assert (row["published"], round(row["flops"], 1), row["measured"]) == (
            published,
            flops,
            measured,
        )
    assert set(CARD) == set(SHAPES)


def test_summary():
    """Means for medians, the slowest peer for the fastest, or a share of another peak."""
    report = summary.summarize(a_report())
    figures = report["results"][0]["figures"]
    assert figures["gflops"]["npdistil"] == pytest.approx(60)
    assert figures["texts_per_second"]["pytorch"] == pytest.approx(200)
    assert figures["fastest_peer"] == "openvino"
    assert figures["ratio"] == pytest.approx(1.5)
    assert figures["fma_peak"] == 100.0
    assert figures["fma_spread"] == pytest.approx(1.1)
    assert figures["of_fma_peak"]["npdistil"] == pytest.approx(0.6)
    assert report["busy"] == pytest.approx(1 / 3)
    (gain,) = report["scaling"]
    assert (gain["workload"], gain["threads"]) == ("ragged-sorted", 2)
    assert gain["over_one_thread"]["npdistil"] == pytest.approx(1.8)
    assert report["many"]["runs"][0]["texts_per_second"] == pytest.approx(500)


def test_ratios_are_of_the_same_turn():
    """Medians of both divided: here they would call the two alike."""
    result = a_result("1x8", 1, 1.0, {"openvino": 1.0})
    result["seconds"] = {"npdistil": [1.0, 2.0, 8.0], "openvino": [2.0, 1.0, 16.0]}
    result["fma_gflops"] = [2.0, 1.0, 0.25]
    figures = summary.figures(result)
    assert figures["ratio"] == pytest.approx(2.0)
    assert figures["of_fma_peak"]["npdistil"] == pytest.approx(0.5)


def test_verdicts():
    """A peer that this machine holds back, counted as one that is at its best."""
    report = summary.summarize(a_report())
    verdicts = {(row["workload"], row["engine"]): row for row in report["verdicts"]}
    assert set(verdicts) == {("1x8", "pytorch"), ("1x8", "openvino")}
    assert verdicts["1x8", "openvino"]["known"] == pytest.approx(38.7 / 102)
    assert all(row["counts"] for row in verdicts.values())
    slow = a_report()
    slow["results"][0] = a_result("1x8", 1, 60.0, {"pytorch": 15.5, "openvino": 40.0})
    counts = {row["engine"]: row["counts"] for row in summary.summarize(slow)["verdicts"]}
    assert counts == {"pytorch": False, "openvino": True}  # 0.9 * 17.7 / 102 is 15.6 %
    text = render(summary.summarize(slow)).replace("\n", " ")
    assert "1 of 2 peer figures are below 90 %" in text
    assert "quiet AMD Zen 3: PyTorch, Transformers at 1x8." in text


def test_summary_without_peers():
    """A run of ours alone that fails after the minutes."""
    report = a_report()
    report["results"] = [a_result("1x8", 1, 60.0, {})]
    report = summary.summarize(report)
    assert report["results"][0]["figures"]["ratio"] is None
    assert "to the fastest peer" not in render(report).partition("texts a second")[0]


def test_render():
    """A column under another head, a ratio of other engines, or a line beyond the margin."""
    text = render(summary.summarize(a_report()))
    for line in [
        "| GFLOP/s, one thread | 1x8 | peak MB |",
        "| PyTorch, Transformers | 20 |  |",
        "| **npdistil** | 60 | 321 |",
        "| to the fastest peer | 1.50x |  |",
        "| of the FMA peak | 60 % |  |",
        "| texts a second | sorted, one thread | sorted, 2 threads |",
        "| **npdistil** | 500 | 900 |",
        "| to the fastest peer | 1.25x | 1.80x |",
        "| bert-base, one thread | 44 (1.10x) |  |",
        "| XtremeDistil l6-h256 | 8.7x | 17.1x | 12.0x |",
        "1,000 short texts: 500 texts a second.",
    ]:
        assert line in text.splitlines()
    assert "2030-01-02 by `make bench`: a processor, 2 processors" in text.replace("\n", " ")
    lines = [line for line in text.splitlines() if not line.startswith("|")]
    assert max(map(len, lines)) <= 100


def test_readme_is_what_the_json_renders_to():
    """A table edited by hand, or figures in the README that no JSON holds."""
    block = read_block(bench_peers.README.read_text(encoding="utf-8"), bench_peers.BLOCK)
    if bench_peers.JSON.exists():
        assert block == render(json.loads(bench_peers.JSON.read_text(encoding="utf-8")))
    else:
        assert block.startswith("`make bench` times")
        assert "|" not in block
