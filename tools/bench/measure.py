"""The run: starts the engines of a model, has them agree, and lets them take turns."""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npdistil.encoder import Encoder
from tools.bench.agreement import check
from tools.bench.models import CARD, MINILM, SHAPES, Shape, engine_folder, folder_of
from tools.bench.process import EngineProcess
from tools.bench.workloads import (
    OTHER_SHAPES,
    RAGGED,
    Work,
    padded_work,
    ragged_mix,
    ragged_parts,
)
from tools.bench.workloads import SHAPES as MINILM_SHAPES

OURS = "npdistil"
CARD_SHAPE = "32x128"
VOCAB_SIZE = 30522
MANY = (1_000, 100_000)
Say = Callable[[str], None]
Json = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What a run measures."""

    models: tuple[str, ...]
    peers: tuple[str, ...]
    workloads: tuple[str, ...]
    threads: tuple[int, ...]
    turns: int
    seconds: float  # at least so long is each turn
    parts: int  # the ragged mix is cut into so many times its usual parts
    many: bool

    def workloads_of(self, model: str) -> tuple[str, ...]:
        """Those that the issue of measuring asks for; l6-h384 has all of them."""
        usual = (*MINILM_SHAPES, *RAGGED) if model == "l6-h384" else OTHER_SHAPES
        return tuple(name for name in usual if name in self.workloads)


def run(plan: Plan, folder: Path, say: Say) -> Json:
    """Everything in the plan; `folder` is for temporary files.

    Raises:
        BenchError: an engine failed, or does not agree with ours.
    """
    works = save_works(plan, folder)
    report: Json = {"results": [], "memory": []}
    with EngineProcess("probe", SHAPES["l6-h384"].weight_bytes, max(plan.threads)) as probe:
        for model in plan.models:
            chosen = {name: works[name] for name in plan.workloads_of(model)}
            if chosen:
                results, peaks = measure_model(plan, model, chosen, probe, say)
                report["results"] += results
                report["memory"] += peaks
        report["read_gbytes_per_second"] = probe.ask("read")
        if "card" in plan.workloads:
            say("the card's models beside our BERT-base")
            report["card"] = card(plan, works[CARD_SHAPE][0])
    if plan.many:
        say("1,000 and 100,000 short texts")
        report["many"] = many(plan)
    return report


def measure_model(
    plan: Plan, model: str, works: dict[str, list[Path]], probe: EngineProcess, say: Say
) -> tuple[list[Json], list[Json]]:
    """Results and peak memory of one model's engines, which all live at the same time."""
    with ExitStack() as stack:
        say(f"{model}: loading")
        engines = [
            stack.enter_context(EngineProcess(engine, engine_folder(engine, model), threads))
            for threads in plan.threads
            for engine in (OURS, *plan.peers)
        ]
        say(f"{model}: comparing outputs")
        reference = Encoder.from_pretrained(folder_of(model), "numpy", "float64")
        differences = {name: check(engines, paths[0], reference) for name, paths in works.items()}
        del reference  # 1 GB, for the largest
        results = take_turns(
            plan, SHAPES[model], engines, works, probe, lambda text: say(f"{model}: {text}")
        )
        for result in results:
            result["model"] = model
            result["differences"] = differences[result["workload"]]
        return results, [memory(model, engine) for engine in engines]


def save_works(plan: Plan, folder: Path) -> dict[str, list[Path]]:
    """Write the ids of every workload; a ragged one has a file for each part."""
    paths: dict[str, list[Path]] = {}
    for name in (*MINILM_SHAPES, *RAGGED):
        works = [padded_work(name, VOCAB_SIZE)] if name not in RAGGED else []
        if name in RAGGED and name in plan.workloads:
            sequences = ragged_mix(data_folder(), MINILM, VOCAB_SIZE)
            works = ragged_parts(sequences, name, RAGGED[name] * plan.parts)
        paths[name] = [folder / f"{name}.{n}.npz" for n in range(len(works))]
        for work, path in zip(works, paths[name], strict=True):
            work.save(path)
    return paths


def ragged_source() -> str:
    """Where the ragged workload's ids come from."""
    return "random ids of real lengths" if data_folder() is None else "STS-B and SQuAD 2.0"


def data_folder() -> Path | None:
    """The folder of real texts, where there is one."""
    data = os.environ.get("NPDISTIL_DATA")
    return Path(data) if data else None


def take_turns(
    plan: Plan,
    shape: Shape,
    engines: Sequence[EngineProcess],
    works: dict[str, list[Path]],
    probe: EngineProcess,
    say: Say,
) -> list[Json]:
    """Every engine on every workload, turn after turn, and the peak right before each.

    Slow drifts of the machine meet all engines alike, since a turn of one is seconds from a turn of
    the next, and who goes first changes.
    """
    results: dict[tuple[str, int], Json] = {
        (name, threads): {
            "workload": name,
            "threads": threads,
            "gflop": [],
            "texts": [],
            "fma_gflops": [],
            "seconds": {e.engine: [] for e in engines if e.threads == threads},
            "calls": {e.engine: [] for e in engines if e.threads == threads},
            "pulses": {e.engine: [] for e in engines if e.threads == threads},
        }
        for name in works
        for threads in plan.threads
    }
    for turn in range(plan.turns):
        say(f"turn {turn + 1} of {plan.turns}")
        for name, paths in works.items():
            path = paths[turn % len(paths)]
            lengths = Work.load(path).lengths
            for threads in plan.threads:
                result = results[name, threads]
                result["gflop"].append(shape.flops(lengths) / 1e9)
                result["texts"].append(len(lengths))
                result["fma_gflops"].append(probe.ask("fma", threads=threads)["gflops"])
            for engine in rotated(engines, turn):
                answer = engine.ask("turn", work=str(path), seconds=plan.seconds)
                result = results[name, engine.threads]
                for key in ("seconds", "calls", "pulses"):
                    result[key][engine.engine].append(answer[key])
    return list(results.values())


def rotated(engines: Sequence[EngineProcess], turn: int) -> Iterable[EngineProcess]:
    """Another first one each turn."""
    first = turn % len(engines)
    return (*engines[first:], *engines[:first])


def memory(model: str, engine: EngineProcess) -> Json:
    """The most memory that a process ever had, loading included."""
    peak = engine.ask("memory")["peak_bytes"]
    return {
        "model": model,
        "engine": engine.engine,
        "threads": engine.threads,
        "peak_mb": None if peak is None else round(peak / 1e6),
    }


def card(plan: Plan, work_path: Path) -> Json:
    """Seconds of our turns for each size in the card's table, on one thread."""
    seconds: dict[str, list[float]] = {model: [] for model in CARD}
    with ExitStack() as stack:
        engines = {
            model: stack.enter_context(EngineProcess(OURS, folder_of(model), 1)) for model in CARD
        }
        for _ in range(plan.turns):
            for model, engine in engines.items():
                answer = engine.ask("turn", work=str(work_path), seconds=plan.seconds)
                seconds[model].append(answer["seconds"])
    return {"workload": CARD_SHAPE, "threads": 1, "seconds": seconds}


def many(plan: Plan) -> Json:
    """Seconds to embed few and many distinct short texts, the few before and after the many."""
    few, lots = MANY
    seconds: dict[int, list[float]] = {few: [], lots: []}
    with EngineProcess(OURS, MINILM, max(plan.threads)) as engine:
        half = (plan.turns + 1) // 2
        for seed, count in enumerate([few] * half + [lots] + [few] * half):
            seconds[count].append(engine.ask("many", count=count, seed=seed)["seconds"])
    return {
        "threads": max(plan.threads),
        "runs": [{"texts": count, "seconds": times} for count, times in seconds.items()],
    }
