"""Kill `npdistil embed` (kill -9) and look what it leaves, and what --resume makes of that.

    python tools/kill_embed.py                around each write and each change of a name
    python tools/kill_embed.py --rounds 50    and at 50 random moments

For .npy, .jsonl, .parquet and .safetensors. After each kill the output must be absent or whole, and
nothing may lie beside it but its partial file; the run that resumes, which is killed as well in
every other round, must end with the bytes of a run that nobody interrupted, and leave nothing.
Exit code 1 if anything is not so. POSIX only.
"""

import argparse
import importlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil.checkpoint.names import expected_tensors
from npdistil.cli import embed_job
from npdistil.cli import main as npdistil
from npdistil.cli.partial_file import NEW, SUFFIX
from npdistil.config import EncoderConfig
from tools.killed_child import DIED, die, in_a_child

FORMATS = (".npy", ".jsonl", ".parquet", ".safetensors")
CONFIG = {
    "model_type": "bert",
    "vocab_size": 37,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": 40,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
    "pad_token_id": 0,
}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh", "##a", "##b"]
NOTHING, PARTIAL, WHOLE = "nothing", "a partial file", "the whole output"
LEFT = (NOTHING, PARTIAL, WHOLE)
CALLS = ("write", "replace", "unlink", "fsync")


def main() -> int:
    """Run, print a table, and say by the exit code whether all went well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=0, help="random moments; default: none")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=FORMATS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=int, default=4000, help="of the input; default: 4000")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    generator = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        for suffix in options.formats:
            trial = Trial(Path(place, suffix[1:]), suffix, options.lines)
            for left in trial.at_random_moments(options.rounds, generator):
                counts[f"{suffix}, random moments: {left}"] += 1
            for call, left in Trial(
                Path(place, f"{suffix[1:]}-few"), suffix, 150
            ).around_each_call():
                counts[f"{suffix}, around calls: {left}"] += 1
                if left not in LEFT:
                    print(f"{suffix} {call}: {left}")
    for line, times in sorted(counts.items()):
        print(f"{times:>5}  {line}")
    return 1 if any(line.rpartition(": ")[2] not in LEFT for line in counts) else 0


class Trial:
    """An input with some bad lines, a model, and what must come of them."""

    def __init__(self, place: Path, suffix: str, lines: int) -> None:
        """Make the files in a folder of their own, and embed them once without a kill."""
        place.mkdir(parents=True)
        self._beside = place / "out"
        self._beside.mkdir()
        self._output = self._beside / f"vectors{suffix}"
        _write_model(place / "model")
        _write_lines(place / "in.jsonl", lines)
        self._arguments = [
            "embed", str(place / "in.jsonl"), "-m", str(place / "model"), "-o", str(self._output),
            "--skip-errors", "--threads", "1",
        ]  # fmt: skip
        self._embed()
        self._whole = self._output.read_bytes()
        start = time.perf_counter()
        self._output.unlink()
        assert in_a_child(self._embed) == 0, "it fails without a kill"
        self._seconds = time.perf_counter() - start
        assert self._output.read_bytes() == self._whole, "two runs differ"

    def at_random_moments(self, rounds: int, generator: random.Random) -> Iterator[str]:
        """Kills spread evenly over a whole run; every other round has a second one."""
        for number in range(rounds):
            self._clear()
            moments = [generator.uniform(0, self._seconds) for _ in range(1 + number % 2)]
            yield self._killed([(self._embed, moment) for moment in moments])

    def around_each_call(self, calls: Sequence[str] = CALLS) -> Iterator[tuple[str, str]]:
        """A kill before, after and (of a write) in the middle of each call that changes a file."""
        for name in calls:
            for when in ("before", "after", *(["half"] if name == "write" else [])):
                for n in count(1):
                    self._clear()
                    dying = _Dying(name, n, when)
                    left = self._killed([(partial(self._embed, dying), None)])
                    if left == "not killed":
                        break
                    yield f"{when} {name} {n}", left

    def _killed(self, runs: list[tuple[Callable[[], None], float | None]]) -> str:
        """What kills leave, and whether the next run makes it good."""
        left = NOTHING
        for run, after in runs:
            code = in_a_child(run, after)
            if code != DIED and after is None:
                return "not killed" if code == 0 else f"EXIT CODE {code}"
            left = self._left()
            if left not in LEFT:
                return left
        code = in_a_child(self._embed)
        if code != 0:
            return f"EXIT CODE {code} WHEN RESUMED"
        if self._output.read_bytes() != self._whole:
            return "OTHER BYTES"
        if [*self._beside.iterdir()] != [self._output]:
            return "LEFTOVERS"
        return left

    def _left(self) -> str:
        names = {path.name.removeprefix(self._output.name) for path in self._beside.iterdir()}
        if not names <= {"", SUFFIX, SUFFIX + NEW}:
            return f"UNKNOWN FILES {sorted(names)}"
        if "" in names:
            return WHOLE if self._output.read_bytes() == self._whole else "HALF AN OUTPUT"
        return PARTIAL if SUFFIX in names else NOTHING

    def _clear(self) -> None:
        for path in self._beside.iterdir():
            path.unlink()

    def _embed(self, around: Callable[[], Any] | None = None) -> None:
        embed_job.WINDOW = 50
        if around is not None:
            around()
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            sys.stderr, told = nowhere, sys.stderr
            code = npdistil([*self._arguments, "--resume"])
            sys.stderr = told
        assert code == 1, "some lines are bad"


class _Dying:
    """Makes the n-th call of one kind deadly, in the process that calls this."""

    def __init__(self, name: str, n: int, when: str) -> None:
        self._name, self._n, self._when = name, n, when

    def __call__(self) -> None:
        owner: Any = {
            "write": importlib.import_module("npdistil.cli.partial_file").PartialFile,
            "fsync": os,
        }.get(self._name, Path)
        attribute = "_write" if self._name == "write" else self._name
        original, calls = getattr(owner, attribute), count(1)

        def dying(*args: Any, **kwargs: Any) -> Any:
            last = next(calls) == self._n
            if last and self._when == "before":
                die()
            if last and self._when == "half":
                partial, content = args
                original(partial, content[: len(content) // 2])
                die()
            result = original(*args, **kwargs)
            if last:
                die()
            return result

        setattr(owner, attribute, dying)


def _write_model(folder: Path) -> None:
    """A bare model folder with random weights, and modules.json that says how it pools."""
    generator = np.random.default_rng(1)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    expected = expected_tensors(EncoderConfig.from_folder(folder), pooler=True)
    save_file(
        {
            name: 0.3 * generator.standard_normal(want.shape, np.float32)
            for name, want in expected.items()
        },
        folder / "model.safetensors",
    )
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in WORDS))
    kinds = ("Transformer", "Pooling")
    modules = [
        {"idx": n, "name": str(n), "path": f"{n}_{kind}" if n else "",
         "type": f"sentence_transformers.models.{kind}"}
        for n, kind in enumerate(kinds)
    ]  # fmt: skip
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 24, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))


def _write_lines(path: Path, lines: int) -> None:
    """Short texts, long ones, and every 97th line bad."""
    generator = random.Random(2)
    with path.open("w", encoding="utf-8") as stream:
        for number in range(lines):
            words = " ".join(generator.choices("abcdefgh", k=1 + number % 50))
            stream.write("{}\n" if number % 97 == 3 else json.dumps({"text": words}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
