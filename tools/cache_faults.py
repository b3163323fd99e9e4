"""Whether trouble with the cache of kernels ever changes an answer or stops a program.

    make faults                                  everything, on all kernels (a quarter of an hour)
    python tools/cache_faults.py --quick         the same with one small kernel (a minute)

Rounds of eight processes that start at the same time in an empty directory; rounds in which a
random half is killed, rounds in which the directory is removed under them, and rounds with hardly
any space. After each, a process that starts alone must be right without anybody's help. All that
survive must give the same answer, byte by byte, as one with a directory of its own. Exit code 1:
one did not; 2: something is not there.

Where this user may mount, little space is a tmpfs of 1 MB, else a limit on the size of files.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "weights" / "all-MiniLM-L6-v2"
PROCESSES, ROUNDS, KILLED, REMOVED, FULL = 8, 10, 4, 2, 2
SECONDS = 900.0  # that a process may take, with all others beside it
EMBED = f"""
import hashlib, sys
from npdistil import SentenceEncoder
texts = ["It was naïve.", "a longer text " * 40]
vectors = SentenceEncoder.from_pretrained({str(MODEL)!r}).encode(texts)
print(hashlib.sha256(vectors.tobytes()).hexdigest())
"""
DOUBLE = """
import numpy as np
from tests.kernels.objects.tiny import double
x_N = np.arange(5, dtype=np.float32)
double(x_N, y_N := np.empty_like(x_N))
print(y_N.tolist())
"""
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """All rounds; prints one line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small kernel, fewer rounds")
    parser.add_argument("--seed", type=int, default=1, help="of what is killed, and when")
    options = parser.parse_args(arguments)
    if not options.quick and not (MODEL / "model.safetensors").exists():
        print(f"cache_faults: {MODEL} is missing; run `make weights`.", file=sys.stderr)
        return 2
    program = DOUBLE if options.quick else EMBED
    part = 4 if options.quick else 1
    rng, longest = random.Random(options.seed), 1.5 if options.quick else 10.0
    with tempfile.TemporaryDirectory() as folder:
        alone = start(program, Path(folder))
        (expected,) = answers([alone])
    if alone.returncode:
        print(f"cache_faults: a process by itself failed with {expected}", file=sys.stderr)
        return 2
    wrong = 0
    for name, rounds in (
        ("together", ROUNDS), ("killed", KILLED), ("removed", REMOVED), ("full", FULL)
    ):  # fmt: skip
        for number in range(-(-rounds // part)):
            begun = time.monotonic()
            found = one_round(name, program, rng, longest)
            bad = [answer for answer in found if answer != expected]
            wrong += bool(bad)
            took = f"{time.monotonic() - begun:.0f} s"
            print(f"{name} {number + 1}: {len(found)} answers, {took}", *bad or ["right"], sep=", ")
    return 1 if wrong else 0


def one_round(name: str, program: str, rng: random.Random, longest: float) -> list[str]:
    """The answers of all processes that were not killed, and of one that comes after them."""
    with space(small=name == "full") as (directory, prefix):
        processes = [start(prefix + program, directory) for _ in range(PROCESSES)]
        if name == "removed":
            time.sleep(rng.uniform(0, longest))
            shutil.rmtree(directory / "kernels", ignore_errors=True)
        for process in rng.sample(processes, PROCESSES // 2) if name == "killed" else []:
            time.sleep(rng.uniform(0, 2 * longest / PROCESSES))
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            processes.remove(process)
        return answers(processes) + answers([start(prefix + program, directory)])


@contextmanager
def space(small: bool) -> Iterator[tuple[Path, str]]:
    """An empty directory, and what a program must say first to have little space in it."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", folder]
        filled = small and subprocess.run(mount, capture_output=True, check=False).returncode == 0
        try:
            if filled:  # but for less than one image
                (Path(folder) / "ballast").write_bytes(bytes((1 << 20) - (1 << 14)))
            yield Path(folder), LIMITED if small and not filled else ""
        finally:
            if filled:
                subprocess.run(["umount", folder], check=True)


def start(program: str, directory: Path) -> subprocess.Popen[str]:
    """The program in a process group of its own, with its cache in a directory."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path, "NPDISTIL_CACHE_DIR": str(directory)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def answers(processes: Sequence[subprocess.Popen[str]]) -> list[str]:
    """What each printed, or how it failed."""
    found = []
    for process in processes:
        try:
            output, errors = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
            errors += f"\nhung for {SECONDS:g} s"
        failed = f"{process.returncode}: {(errors.strip() or 'no word').splitlines()[-1]}"
        found.append(output.strip() if process.returncode == 0 else failed)
    return found


if __name__ == "__main__":
    sys.exit(main())
