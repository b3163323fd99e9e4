"""How fast npdistil is beside PyTorch, ONNX Runtime, OpenVINO and CTranslate2, all in float32.

    make bench                       everything (half an hour): docs/bench.json, README.md's tables
    make bench BENCH="--quick"       minutes; prints the tables, writes nothing
    make bench BENCH="--render"      figures and README.md's tables again, from docs/bench.json

Every engine runs in a process of its own, stopped outside its turn, on ids that were prepared
before. Nothing is timed before all outputs agree. Only a whole run writes docs/bench.json; one with
a selection prints its tables, and writes its JSON where --json says. Exit code 1: a failed engine
or outputs that do not agree. Exit code 2: bad arguments, or something is not installed.
"""

import argparse
import datetime
import importlib.util
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil.threads import resolve_num_threads
from tools.bench import convert
from tools.bench.measure import Plan, ragged_source, run
from tools.bench.models import CARD, COMPARED, MINILM, ROOT, SHAPES, folder_of
from tools.bench.peers import PEERS
from tools.bench.process import BenchError, EngineProcess
from tools.bench.report import render
from tools.bench.summary import summarize
from tools.bench.workloads import RAGGED
from tools.bench.workloads import SHAPES as INPUT_SHAPES
from tools.machine import cpu_flags, cpu_name, processors, versions
from tools.readme_block import read_block, replace_block

JSON = ROOT / "docs" / "bench.json"
README = ROOT / "README.md"
BLOCK = "bench"
WORKLOADS = (*INPUT_SHAPES, *RAGGED, "card")
QUICK = ("1x8", "1x32", "32x32", "ragged-sorted")
TURNS = 7
PACKAGES = ("numba", "numpy", "openvino", *convert.PACKAGES)
ASSUMED_SHARE = 0.6  # of the peak, for the estimate of time alone


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"bench_peers: {message}; see --help\n")


def _write(path: Path, report: dict[str, Any]) -> None:
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, measure, print; for a whole run also write."""
    options = _parse(arguments)
    try:
        readme = README.read_text(encoding="utf-8")
        read_block(readme, BLOCK)  # fail before the minutes, not after
        if options.render:
            report = summarize(json.loads(JSON.read_text(encoding="utf-8")))
            _write(JSON, report)
        else:
            plan = make_plan(options)
            whole = plan == make_plan(_parse(["--many"] if options.many else []))
            report = measure(plan)
            target = options.json or (JSON if whole else None)
            if target:
                _write(target, report)
            if not whole:
                print(render(report))
                return 0
        README.write_text(replace_block(readme, BLOCK, render(report)), encoding="utf-8")
    except BenchError as failure:
        return _fail(1, failure)
    except (OSError, ValueError, ImportError) as failure:
        return _fail(2, failure)
    except KeyboardInterrupt:
        return _fail(130, "interrupted, nothing was written")
    print(render(report))
    return 0


def _fail(code: int, why: object) -> int:
    print(f"bench_peers: {' '.join(str(why).split())}", file=sys.stderr)
    return code


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="bench_peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", type=_names(COMPARED), default=COMPARED)
    parser.add_argument("--peers", type=_names((*PEERS, "none")), default=tuple(PEERS))
    parser.add_argument("--workloads", type=_names(WORKLOADS))
    parser.add_argument("--threads", type=_threads, help="such as 1,2; default: 1 and all")
    parser.add_argument("--turns", type=_positive(int), help=f"default {TURNS}")
    parser.add_argument("--seconds", type=_positive(float), help="of a turn, at least; default 0.3")
    parser.add_argument(
        "--quick", action="store_true", help="fewer and smaller workloads and turns"
    )
    parser.add_argument("--many", action="store_true", help="also embed 100,000 short texts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--render", action="store_true", help="no run: docs/bench.json again")
    return parser.parse_args(arguments)


def make_plan(options: argparse.Namespace) -> Plan:
    """Arguments, and what they leave open."""
    quick = options.quick
    return Plan(
        models=options.models,
        peers=tuple(peer for peer in options.peers if peer != "none"),
        workloads=options.workloads or (QUICK if quick else WORKLOADS),
        threads=options.threads or tuple(sorted({1, resolve_num_threads(None)})),
        turns=options.turns or (2 if quick else TURNS),
        seconds=options.seconds or (0.05 if quick else 0.3),
        parts=4 if quick else 1,
        many=options.many,
    )


def measure(plan: Plan) -> dict[str, Any]:
    """Prepare what is missing, run the plan, and say where and when.

    Raises:
        ImportError, OSError: packages or weights are missing.
        BenchError: an engine failed or does not agree.
    """
    needed = [name for name in ("ctranslate2", "openvino", "onnxruntime", "onnx") if plan.peers]
    absent = [name for name in needed if importlib.util.find_spec(name) is None]
    if absent:
        raise ImportError(
            f"{', '.join(absent)} not installed; `make bench` makes an environment with all peers "
            "from tools/bench/requirements.txt."
        )
    if not (MINILM / "model.safetensors").exists():
        raise FileNotFoundError(f"{MINILM} is missing; run tools/fetch_weights.py {MINILM.name}")
    models = [*plan.models, *(CARD if "card" in plan.workloads else ())]
    for name in dict.fromkeys(models):
        if (plan.peers or folder_of(name) != MINILM) and convert.about(name) is None:
            say(f"{name}: making the files that the engines read, once")
            command = [sys.executable, "-m", "tools.bench.convert", name]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            if done.returncode:
                last = (done.stderr.strip() or "no word").splitlines()[-1]
                raise BenchError(f"{name} could not be converted: {last}")
    with EngineProcess("probe", 1 << 20, 1) as probe:
        gflops = ASSUMED_SHARE * probe.ask("fma", threads=1)["gflops"]
    say(f"about {max(1, round(estimate(plan, gflops) / 60))} minutes from here")
    with tempfile.TemporaryDirectory() as folder:
        report = run(plan, Path(folder), say)
    installed = [name for name in PACKAGES if importlib.util.find_spec(name) is not None]
    about = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "processors": processors(),
        "cpu_flags": cpu_flags(),
        "python": platform.python_version(),
        "versions": versions(tuple(sorted(set(installed)))),
        "fused_operators": {
            name: known["fused_operators"]
            for name in plan.models
            if (known := convert.about(name)) is not None
        },
        "threads": list(plan.threads),
        "turns": plan.turns,
        "seconds_of_a_turn": plan.seconds,
        "ragged_source": ragged_source(),
        "ragged_parts": {name: parts * plan.parts for name, parts in RAGGED.items()},
    }
    return summarize({**about, **report})


def estimate(plan: Plan, gflops: float) -> float:
    """Seconds, where a thread of every engine does so many GFLOP/s."""
    total = 0.0
    engines = 1 + len(plan.peers)
    for model in plan.models:
        for name in plan.workloads_of(model):
            if name in RAGGED:  # tokens of a part, with the peers' padding
                lengths = [128] * int((130 if name == "ragged-sorted" else 330) / plan.parts)
            else:
                B, L = map(int, name.split("x"))
                lengths = [L] * B
            call = SHAPES[model].flops(lengths) / 1e9 / gflops
            for threads in plan.threads:
                turns = plan.turns * (max(plan.seconds, call / threads) + 0.1)
                total += engines * (turns + call / threads)
        total += engines * len(plan.threads) * 4.0  # loading
    if "card" in plan.workloads:
        total += plan.turns * sum(SHAPES[m].flops([128] * 32) for m in CARD) / 1e9 / gflops
    return total + (400.0 if plan.many else 0.0)


def say(text: str) -> None:
    """Progress, with the time of day."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def _names(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return names

    return parse


def _threads(text: str) -> tuple[int, ...]:
    return tuple(sorted({_positive(int)(part) for part in text.split(",")}))


def _positive(kind: type[int] | type[float]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = kind(0)
        if not 0 < value < 10_000:
            raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
        return value

    return parse


if __name__ == "__main__":
    sys.exit(main())
