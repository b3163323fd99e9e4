"""From turns to figures: medians, ratios, shares of the peak. Only arithmetic on a report.

A ratio is taken turn by turn, and then the median: what slows the machine for seconds or minutes
slows both sides of a turn.
"""

import statistics
from typing import Any

from tools.bench.models import CARD, SHAPES

Json = dict[str, Any]
OURS = "npdistil"

# GFLOP/s on MiniLM-L6-H384, one thread, of a quiet AMD Zen 3 with AVX2 whose FMA peak is 102: what
# the peers can do. A run counts where each reaches 90 % of its share of the peak.
REFERENCE_PEAK = 102.0
REFERENCE = {
    "pytorch": (17.7, 29.6, 43.5, 66.5, 71.5, 75.3, 67.3),
    "onnxruntime": (40.9, 57.8, 65.1, 74.4, 74.8, 70.7, 68.3),
    "openvino": (38.7, 54.5, 64.8, 77.5, 82.1, 76.9, 73.2),
    "ctranslate2": (25.9, 42.1, 57.4, 65.1, 80.2, 68.1, 55.4),
}
REFERENCE_SHAPES = ("1x8", "1x16", "1x32", "1x128", "32x32", "32x128", "8x512")
SHARE_NEEDED = 0.9
BUSY = 1.2  # times its best: a loop of Python that has the core to itself is never so slow
SCALING = ("1x128", "ragged-sorted")  # where more threads are compared with one


def summarize(report: Json) -> Json:
    """The report with `figures` in every result, and `verdicts`, `scaling`, `card`'s speed-ups."""
    for result in report["results"]:
        result["figures"] = figures(result)
    report["verdicts"] = verdicts(report["results"])
    report["scaling"] = scaling(report["results"])
    report["busy"] = busy(report["results"])
    if "card" in report:
        report["card"]["speedups"] = speedups(report["card"]["seconds"])
    for run in report.get("many", {}).get("runs", []):
        run["texts_per_second"] = run["texts"] / statistics.median(run["seconds"])
    return report


def figures(result: Json) -> Json:
    """Medians over the turns of one workload on so many threads."""
    peak = statistics.median(result["fma_gflops"])
    gflops, texts, shares, ratios = {}, {}, {}, {}
    for engine, seconds in result["seconds"].items():
        gflops[engine] = _median_quotient(result["gflop"], seconds)
        texts[engine] = _median_quotient(result["texts"], seconds)
        rates = [amount / second for amount, second in zip(result["gflop"], seconds, strict=True)]
        shares[engine] = _median_quotient(rates, result["fma_gflops"])
        if engine != OURS:
            ratios[engine] = _median_quotient(seconds, result["seconds"][OURS])
    fastest = min(ratios, key=ratios.__getitem__, default=None)
    return {
        "fma_peak": peak,
        "fma_spread": (max(result["fma_gflops"]) - min(result["fma_gflops"])) / peak,
        "gflops": gflops,
        "texts_per_second": texts,
        "of_fma_peak": shares,
        "fastest_peer": fastest,
        "ratio": None if fastest is None else ratios[fastest],
    }


def verdicts(results: list[Json]) -> list[Json]:
    """Whether each peer is as near to the peak here as it should be; l6-h384, one thread."""
    found = []
    for result in results:
        workload = result["workload"]
        if result["model"] != "l6-h384" or result["threads"] != 1:
            continue
        if workload not in REFERENCE_SHAPES:
            continue
        for engine, rates in REFERENCE.items():
            if engine in result["figures"]["of_fma_peak"]:
                share = result["figures"]["of_fma_peak"][engine]
                known = rates[REFERENCE_SHAPES.index(workload)] / REFERENCE_PEAK
                found.append(
                    {
                        "workload": workload,
                        "engine": engine,
                        "of_fma_peak": share,
                        "known": known,
                        "counts": share >= SHARE_NEEDED * known,
                    }
                )
    return found


def scaling(results: list[Json]) -> list[Json]:
    """How many times one thread's speed more threads reach, for each engine."""
    turns = {
        (result["workload"], result["threads"]): result["seconds"]
        for result in results
        if result["model"] == "l6-h384" and result["workload"] in SCALING
    }
    return [
        {
            "workload": workload,
            "threads": threads,
            "over_one_thread": {
                engine: _median_quotient(turns[workload, 1][engine], seconds)
                for engine, seconds in found.items()
            },
        }
        for (workload, threads), found in turns.items()
        if threads > 1 and (workload, 1) in turns
    ]


def busy(results: list[Json]) -> float | None:
    """The share of turns beside which a short loop of Python was slow; None without such loops.

    Two threads of a processor core share what is between memory and registers; who rents one of
    them sees the other's work as his own machine's moods, in everything but the FMA peak.
    """
    best: dict[str, float] = {}
    slow = []
    for result in results:
        for engine, pulses in result.get("pulses", {}).items():
            best[engine] = min([best.get(engine, float("inf")), *map(min, pulses)])
    for result in results:
        for engine, pulses in result.get("pulses", {}).items():
            slow += [min(pulse) > BUSY * best[engine] for pulse in pulses]
    return statistics.fmean(slow) if slow else None


def speedups(seconds: dict[str, list[float]]) -> list[Json]:
    """Over our own BERT-base: measured, published, and what the FLOPs allow at 128 tokens."""
    flops = {model: SHAPES[model].flops([128]) for model in seconds}
    return [
        {
            "model": model,
            "rows": CARD[model][0],
            "published": CARD[model][1],
            "flops": flops["bert-base"] / flops[model],
            "measured": _median_quotient(seconds["bert-base"], times),
        }
        for model, times in seconds.items()
    ]


def _median_quotient(amounts: list[float], others: list[float]) -> float:
    """The median of each amount over the other one of the same turn."""
    return statistics.median(amount / other for amount, other in zip(amounts, others, strict=True))
