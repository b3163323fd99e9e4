"""Nothing is timed before all engines give the same numbers."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from npdistil.dims import Floats
from npdistil.encoder import Encoder
from tests.tolerances import HIDDEN_FLOAT32
from tools.bench.process import BenchError, EngineProcess
from tools.bench.workloads import Work

# float32 engines that are each as near to the exact result as we promise to be. Computing in
# bfloat16 or TF32 misses it by a factor of 50 and more, a forgotten mask or bias by far more.
PEER_TOLERANCE = 2 * HIDDEN_FLOAT32


def check(
    processes: Sequence[EngineProcess], work_path: Path, reference: Encoder
) -> dict[str, float]:
    """Largest difference from the first process, for each; and of that from the exact result.

    Args:
        processes: ours first.
        work_path: a saved workload.
        reference: the numpy backend in float64; computes the first and the last text.

    Raises:
        BenchError: names those that differ by more than a tolerance.
    """
    work = Work.load(work_path)
    path = work_path.with_suffix(".rows.npy")
    rows = []
    for process in processes:
        process.ask("check", work=str(work_path), to=str(path))
        rows.append(np.load(path))
    path.unlink()
    exact = np.concatenate([_exact(reference, work, n) for n in (0, -1)])
    first = 1 if work.ragged else work.lengths[0]
    ends = np.concatenate([rows[0][:first], rows[0][-first:]])
    differences = {"exact": largest_difference(ends, exact)}
    for process, peer_rows in zip(processes, rows, strict=True):
        differences[process.name] = largest_difference(rows[0], peer_rows)
    problems = list(beyond(differences))
    if problems:
        raise BenchError(f"{work_path.stem} is not timed: {'; '.join(problems)}.")
    return differences


def beyond(differences: dict[str, float]) -> Iterable[str]:
    """What differs too much; a difference that is no number does."""
    for name, difference in differences.items():
        bound = HIDDEN_FLOAT32 if name == "exact" else PEER_TOLERANCE
        if not difference <= bound:
            who = "npdistil from its float64 reference" if name == "exact" else f"{name}, from ours"
            yield f"{who} by {difference:.1e}, at most {bound:.0e} is allowed"


def largest_difference(a: Floats, b: Floats) -> float:
    """Of two arrays; infinite where their shapes differ."""
    return float(np.abs(a - b).max()) if a.shape == b.shape else float("inf")


def _exact(reference: Encoder, work: Work, n: int) -> Floats:
    rows: Floats = reference(work.sequences[n][None]).last_hidden_state[0]
    means: Floats = rows.mean(axis=0, keepdims=True)
    return means if work.ragged else rows
