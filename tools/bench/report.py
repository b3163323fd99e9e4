"""The README's tables, from a summarized report and nothing else."""

import textwrap
from typing import Any

from tools.bench.models import COMPARED
from tools.bench.summary import OURS
from tools.bench.workloads import OTHER_SHAPES, RAGGED, SHAPES

Json = dict[str, Any]
TITLES = {
    "pytorch": "PyTorch, Transformers",
    "onnxruntime": "ONNX Runtime, fused",
    "openvino": "OpenVINO",
    "ctranslate2": "CTranslate2",
    OURS: "**npdistil**",
}


def render(report: Json) -> str:
    """All tables that the report has figures for, and how they were measured."""
    parts = []
    for threads in report["threads"]:
        parts += _shapes_table(report, threads)
    parts += _ragged_table(report) + _models_table(report) + _card_table(report)
    return "\n\n".join([*parts, *(_wrap(text) for text in _sentences(report))])


def _shapes_table(report: Json, threads: int) -> list[str]:
    results = _results(report, "l6-h384", threads, SHAPES)
    if not results:
        return []
    memory = {
        row["engine"]: row["peak_mb"]
        for row in report["memory"]
        if row["model"] == "l6-h384" and row["threads"] == threads
    }
    rows = [[f"GFLOP/s, {_threads(threads)}", *results, "peak MB"]]
    figures = [result["figures"] for result in results.values()]
    for engine in _engines(results):
        rates = [f"{figure['gflops'][engine]:.0f}" for figure in figures]
        rows.append([TITLES[engine], *rates, str(memory.get(engine) or "")])
    if figures[0]["ratio"] is not None:
        rows.append(["to the fastest peer", *(f"{f['ratio']:.2f}x" for f in figures), ""])
    shares = [f"{100 * figure['of_fma_peak'][OURS]:.0f} %" for figure in figures]
    rows.append(["of the FMA peak", *shares, ""])
    return [
        _wrap(
            "all-MiniLM-L6-v2 (6 x 384), float32, batch x tokens, all rows of full length; "
            f"{_threads(threads)}:"
        ),
        _table(rows),
    ]


def _ragged_table(report: Json) -> list[str]:
    columns = {
        (name, threads): result
        for threads in report["threads"]
        for name, result in _results(report, "l6-h384", threads, tuple(RAGGED)).items()
    }
    if not columns:
        return []
    heads = [f"{name.partition('-')[2]}, {_threads(threads)}" for name, threads in columns]
    rows = [["texts a second", *heads]]
    figures = [result["figures"] for result in columns.values()]
    for engine in _engines(columns):
        rates = [f"{figure['texts_per_second'][engine]:.0f}" for figure in figures]
        rows.append([TITLES[engine], *rates])
    if figures[0]["ratio"] is not None:
        rows.append(["to the fastest peer", *(f"{f['ratio']:.2f}x" for f in figures)])
    about = (
        f"Short and long texts together ({report['ragged_source']}; up to 256 tokens). Peers get "
        "padded batches of 32, sorted by length or not; npdistil gets one list and returns pooled "
        "vectors:"
    )
    return [_wrap(about), _table(rows)]


def _models_table(report: Json) -> list[str]:
    found = [
        (model, threads, _results(report, model, threads, OTHER_SHAPES))
        for model in COMPARED[1:]
        for threads in report["threads"]
    ]
    found = [(model, threads, results) for model, threads, results in found if results]
    if not found:
        return []
    rows = [["GFLOP/s (to the fastest peer)", *OTHER_SHAPES]]
    for model, threads, results in found:
        cells = []
        for shape in OTHER_SHAPES:
            figures = results[shape]["figures"] if shape in results else None
            ratio = f" ({figures['ratio']:.2f}x)" if figures and figures["ratio"] else ""
            cells.append(f"{figures['gflops'][OURS]:.0f}{ratio}" if figures else "")
        rows.append([f"{model}, {_threads(threads)}", *cells])
    return ["npdistil on other sizes, random weights:", _table(rows)]


def _card_table(report: Json) -> list[str]:
    if "card" not in report:
        return []
    rows = [["speed over BERT-base", "published, GPU", "FLOPs allow", "npdistil"]]
    for row in report["card"]["speedups"]:
        rows.append(
            [row["rows"], *(f"{row[key]:.1f}x" for key in ("published", "flops", "measured"))]
        )
    return [f"npdistil beside npdistil, {report['card']['workload']}, one thread:", _table(rows)]


def _sentences(report: Json) -> list[str]:
    texts = []
    for row in report["scaling"]:
        gains = ", ".join(f"{TITLES[e]} {x:.2f}" for e, x in row["over_one_thread"].items())
        texts.append(f"{_threads(row['threads'])} over one, {row['workload']}: {gains}.")
    for row in report.get("many", {}).get("runs", []):
        texts.append(f"{row['texts']:,} short texts: {row['texts_per_second']:.0f} texts a second.")
    missing = [row for row in report["verdicts"] if not row["counts"]]
    if missing:
        shapes = {
            row["engine"]: [r["workload"] for r in missing if r["engine"] == row["engine"]]
            for row in missing
        }
        names = "; ".join(f"{TITLES[e]} at {', '.join(found)}" for e, found in shapes.items())
        texts.append(
            f"{len(missing)} of {len(report['verdicts'])} peer figures are below 90 % of the share "
            f"of the FMA peak that the peer reaches on a quiet AMD Zen 3: {names}."
        )
    peaks = [(r["threads"], r["figures"]["fma_peak"]) for r in report["results"]]
    for threads in report["threads"]:
        found = [peak for budget, peak in peaks if budget == threads]
        if found:
            texts.append(f"FMA peak, {_threads(threads)}: {min(found):.0f} to {max(found):.0f}.")
    if (share := report.get("busy")) is not None:
        texts.append(
            f"Somebody else used the core in {100 * share:.0f} % of the turns, as a short loop of "
            "Python before and after shows."
        )
    packages = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    texts.append(
        f"FLOPs count weights and attention of real tokens, not padding. Medians of "
        f"{report['turns']} turns, ratios taken turn by turn; engines in turn, each in a "
        "process of its own that is stopped outside its turn; outputs compared first. Measured on "
        f"{report['date']} by `make bench`: {report['cpu']}, {report['processors']} processors, "
        f"Python {report['python']}, {packages}."
    )
    return texts


def _results(report: Json, model: str, threads: int, names: tuple[str, ...]) -> dict[str, Json]:
    return {
        result["workload"]: result
        for result in report["results"]
        if (result["model"], result["threads"]) == (model, threads) and result["workload"] in names
    }


def _engines(results: dict[Any, Json]) -> list[str]:
    """Those that were timed, ours last."""
    first = next(iter(results.values()))
    return [engine for engine in TITLES if engine in first["seconds"]]


def _threads(count: int) -> str:
    return "one thread" if count == 1 else f"{count} threads"


def _table(rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"| --- |{' ---: |' * (len(rows[0]) - 1)}", *lines[1:]])


def _wrap(text: str) -> str:
    return textwrap.fill(text, 100, break_on_hyphens=False)
