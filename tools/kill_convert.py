"""Kill conversions (kill -9) and look what they leave: nothing, or the whole new folder.

    python tools/kill_convert.py                a kill at each named step, around each system call
    python tools/kill_convert.py --rounds 100   and at 100 random moments

After each kill the source must be as it was, the target absent or whole, and the next conversion
must work, whatever it takes over, and leave nothing of the killed one. Exit code 1 if anything is
not so. POSIX only.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import string
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, product
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil.checkpoint.names import expected_tensors
from npdistil.config import EncoderConfig
from npdistil.tasks.convert import convert_folder
from tools.killed_child import DIED, die, in_a_child

CONFIG = {
    "model_type": "bert",
    "vocab_size": 3000,
    "hidden_size": 192,
    "num_hidden_layers": 4,
    "num_attention_heads": 6,
    "intermediate_size": 768,
    "max_position_embeddings": 64,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
    "pad_token_id": 0,
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CALLS = ("mkdir", "chmod", "fsync", "rename", "link", "unlink", "replace")
BEGUN_AT = "weights written"
Kill = Callable[[], None]


def main() -> int:
    """Run, print a table, and say by the exit code whether all went well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=0, help="random moments; default: none")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        trial = Trial(Path(place, "a"), vocabulary=True)
        for step, left in trial.at_each_step():
            counts[f"steps: {left}"] += 1
            print(f"{step}: {left}")
        for left in trial.at_random_moments(options.rounds, random.Random(options.seed)):
            counts[f"random moments: {left}"] += 1
        # Without a vocabulary there is no probe, which takes time and makes no such calls.
        for call, left in Trial(Path(place, "b"), vocabulary=False).around_each_call():
            counts[f"system calls: {left}"] += 1
            print(f"{call}: {left}")
    for line, times in sorted(counts.items()):
        print(f"{times:>5}  {line}")
    return 1 if any(line.rpartition(": ")[2] not in LEFT for line in counts) else 0


LEFT = ("nothing but what the next run removes", "the whole folder")


class Trial:
    """A source, and what its conversion must be."""

    def __init__(self, place: Path, vocabulary: bool) -> None:
        """Make the source in a folder of its own, and convert it once without a kill."""
        self.source, self.parent = place / "source", place / "parent"
        self.parent.mkdir(parents=True)
        self.target = self.parent / "model"
        _write_source(self.source, vocabulary)
        self.before = _state(self.source)
        self.steps: list[str] = []
        self._convert(self.steps.append)
        start = time.perf_counter()
        code = in_a_child(self._convert_anew)
        self.seconds = time.perf_counter() - start
        assert code == 0, "the conversion fails without a kill"
        self.whole = _contents(self.target)

    def at_each_step(self) -> Iterator[tuple[str, str]]:
        """A kill when each named step is done; of the tensors the first, a middle and the last."""
        tensors = [step for step in self.steps if step.startswith("tensor ")]
        skipped = {*tensors} - {tensors[0], tensors[len(tensors) // 2], tensors[-1]}
        for step in self.steps:
            if step not in skipped:
                yield step, self._killed(partial(self._convert, partial(_die_if_equal, step)))

    def around_each_call(self) -> Iterator[tuple[str, str]]:
        """A kill before and after each system call that makes, closes or names something.

        In a run that starts anew, and in one that goes on after an earlier kill.
        """
        for begun, name, when in product((False, True), CALLS, ("before", "after")):
            for n in count(1):
                shutil.rmtree(self.target, ignore_errors=True)
                if begun:
                    in_a_child(partial(self._convert, partial(_die_if_equal, BEGUN_AT)))
                left = self._killed(partial(self._dying_at, name, n, when))
                if left == "not killed":
                    break
                yield f"{when} {name} {n}{', going on' if begun else ''}", left

    def at_random_moments(self, rounds: int, rng: random.Random) -> Iterator[str]:
        """Kills spread evenly over a whole conversion."""
        for _ in range(rounds):
            yield self._killed(self._convert, after=rng.uniform(0, 0.9 * self.seconds))

    def _killed(self, run: Kill, after: float | None = None) -> str:
        """What a kill leaves, and whether the next run makes it good."""
        shutil.rmtree(self.target, ignore_errors=True)
        code = in_a_child(run, after)
        if code != DIED and after is None:
            return "not killed" if code == 0 else f"exit code {code}"
        if _state(self.source) != self.before:
            return "A CHANGED SOURCE"
        left = LEFT[1] if os.path.lexists(self.target) else LEFT[0]
        if left == LEFT[1] and _contents(self.target) != self.whole:
            return "HALF A FOLDER"
        shutil.rmtree(self.target, ignore_errors=True)
        self._convert()
        if _contents(self.target) != self.whole:
            return "A NEXT RUN THAT FAILS"
        if [*self.parent.iterdir()] != [self.target]:
            return "LEFTOVERS"
        return left

    def _convert(self, on_step: Callable[[str], object] = lambda step: None) -> None:
        convert_folder(self.source, self.target, "float16", on_step=on_step)

    def _convert_anew(self) -> None:
        shutil.rmtree(self.target)
        self._convert()

    def _dying_at(self, name: str, n: int, when: str) -> None:
        """Convert, and die at the n-th call of a function of os."""
        original = getattr(os, name)
        calls = 0

        def dying(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls == n and when == "before":
                die()
            result = original(*args, **kwargs)
            if calls == n:
                die()
            return result

        setattr(os, name, dying)
        self._convert()


def _die_if_equal(step: str, done: str) -> None:
    if step == done:
        die()


def _write_source(folder: Path, vocabulary: bool) -> None:
    """A model folder with names of old, and a head that goes along."""
    rng = np.random.default_rng(1)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    expected = expected_tensors(EncoderConfig.from_folder(folder), pooler=True)
    tensors = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma"): (
            0.05 * rng.standard_normal(want.shape, np.float32)
        )
        for name, want in expected.items()
    }
    tensors["cls.seq_relationship.weight"] = rng.standard_normal((2, 192), np.float32)
    save_file(tensors, folder / "model.safetensors")
    if vocabulary:
        words = [*SPECIAL, *string.ascii_lowercase]
        (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in words))


def _state(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Size, time of change and hash of every file, and the folder's own time of change."""
    found = {".": (0, folder.stat().st_mtime_ns, "")}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[path.name] = (status.st_size, status.st_mtime_ns, digest)
    return found


def _contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
