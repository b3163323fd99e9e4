"""An engine's process: reads commands from standard input, one JSON a line, and answers likewise.

    python -m tools.bench.worker ENGINE FOLDER THREADS
    {"do": "check", "work": "a.npz", "to": "b.npy"}     -> {}
    {"do": "turn", "work": "a.npz", "seconds": 0.3}     -> {"seconds": median of calls, "calls": n,
                                                            "pulses": [before, after]}
    {"do": "memory"}                                    -> {"peak_bytes": n}
    {"do": "many", "count": 1000, "seed": 0}            -> {"seconds": of the call}
    {"do": "fma", "threads": 2}                         -> {"gflops": x}
    {"do": "read"}                                      -> {"weights": GB/s, "large": GB/s}

The last two are for the engine "probe", whose FOLDER is the number of bytes of the weights.
"""

import ctypes
import json
import os
import signal
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tools.bench.workloads import Work

WARM_TOKENS = 1024  # a warm-up reads all weights; of a larger call, its first rows are enough
PULSE_STEPS = 10_000  # a quarter of a millisecond
Command = dict[str, Any]


def make_engine(name: str, folder: str, threads: int) -> Any:
    """By the names of `bench_peers`."""
    if name == "probe":
        from tools.bench.probe import Probe

        return Probe(int(folder))
    if name == "npdistil":
        from tools.bench.ours import Npdistil

        return Npdistil(Path(folder), threads)
    from tools.bench.peers import PEERS

    return PEERS[name](Path(folder), threads)


def answer(engine: Any, command: Command) -> Command:
    """Do what is asked."""
    match command["do"]:
        case "check":
            np.save(command["to"], engine.outputs(Work.load(command["work"])))
            return {}
        case "turn":
            return turn(engine, Work.load(command["work"]), command["seconds"])
        case "memory":
            return {"peak_bytes": peak_bytes()}
        case "many":
            return {"seconds": engine.embed_words(command["count"], command["seed"])}
        case "fma":
            return {"gflops": engine.fma_gflops(command["threads"])}
        case "read":
            return dict(engine.read_gbytes())
    raise ValueError(f"unknown command {command}")


def turn(engine: Any, work: Work, at_least: float) -> Command:
    """A warm-up, then calls until `at_least` seconds have passed."""
    prepared = engine.prepare(work)
    engine.run(engine.prepare(work.first(max(1, WARM_TOKENS // max(work.lengths)))))
    seconds: list[float] = []
    before = pulse()
    while sum(seconds) < at_least or not seconds:
        started = time.perf_counter()
        engine.run(prepared)
        seconds.append(time.perf_counter() - started)
    pulses = [before, pulse()]
    return {"seconds": statistics.median(seconds), "calls": len(seconds), "pulses": pulses}


def pulse() -> float:
    """Seconds of a loop that does nothing: it slows down where others use the same core."""
    started = time.perf_counter()
    for _ in range(PULSE_STEPS):
        pass
    return time.perf_counter() - started


def peak_bytes() -> int | None:
    """Most memory that this process ever had resident; None where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who ends us
    if sys.platform == "linux":  # a stopped process must not outlive a parent that was killed
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print where they like
    name, folder, threads = sys.argv[1:]
    engine = make_engine(name, folder, int(threads))
    print("{}", file=answers, flush=True)  # loaded
    for line in sys.stdin:
        print(json.dumps(answer(engine, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
