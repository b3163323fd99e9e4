"""Spearman correlation on STS-B dev of our embeddings and of sentence-transformers', side by side.

    python tools/eval_sts.py [--model FOLDER] [--backend numba|numpy] [--limit N]

Both embed the same texts in the same run from the same model folder. Needs the test extras, and
the folder of real texts that NPDISTIL_DATA names. Exit code: 0 both agree, 1 they differ by more
than the suite's SPEARMAN, 2 something is missing.
"""

import argparse
import csv
import io
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr  # type: ignore[import-untyped]
from sentence_transformers import SentenceTransformer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil import NpdistilError, SentenceEncoder
from npdistil.encoder.encoder import BACKENDS
from tests.tolerances import SPEARMAN

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "weights" / "all-MiniLM-L6-v2"
Pair = tuple[str, str, float]
Encode = Callable[[list[str]], NDArray[Any]]


@dataclass(frozen=True)
class Score:
    """What one library made of the pairs."""

    name: str
    spearman: float
    seconds: float  # to embed all texts; loading and compiling come before


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    options = parse(arguments)
    folder = os.environ.get("NPDISTIL_DATA")
    if not folder:
        print("eval_sts: set NPDISTIL_DATA to a folder with glue/STS-B/dev.tsv.", file=sys.stderr)
        return 2
    try:
        pairs = read_pairs(Path(folder) / "glue" / "STS-B" / "dev.tsv", options.limit)
        ours, theirs = evaluate(options.model, options.backend, pairs)
    except (NpdistilError, OSError, ValueError) as failure:
        print(f"eval_sts: {failure}", file=sys.stderr)
        return 2
    difference = ours.spearman - theirs.spearman
    good = abs(difference) <= SPEARMAN
    print(f"STS-B dev, {options.model.name}: {len(pairs):,} pairs, {2 * len(pairs):,} texts")
    print(f"{'':26} {'Spearman':>10} {'seconds':>8}")
    for score in (ours, theirs):
        print(f"{score.name:26} {score.spearman:10.6f} {score.seconds:8.1f}")
    print(f"{'difference':26} {difference:+10.1e}  {'within' if good else 'BEYOND'} {SPEARMAN:g}")
    return 0 if good else 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=MODEL, help="a sentence-transformers folder")
    parser.add_argument("--backend", choices=BACKENDS, default="numba", help="of our side")
    parser.add_argument("--limit", type=int, help="only so many pairs, spread over the file")
    options = parser.parse_args(arguments)
    if options.limit is not None and options.limit < 3:
        parser.error("--limit: a rank correlation needs at least 3 pairs")
    return options


def read_pairs(path: Path, limit: int | None) -> list[Pair]:
    """The two texts and the human score (0 to 5) of each line.

    Raises:
        OSError: the file cannot be read.
        ValueError: it has no pair, or lacks one of the columns.
    """
    # Tabs and nothing else: a quotation mark is a part of the text.
    text = path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    missing = {"sentence1", "sentence2", "score"} - set(rows[0] if rows else ())
    if missing:
        raise ValueError(f"{path}: no column {', '.join(sorted(missing))}, or no pair.")
    count = len(rows) if limit is None else min(limit, len(rows))
    # The file is ordered by genre, so that its beginning would be captions alone.
    chosen = [rows[index * len(rows) // count] for index in range(count)]
    return [(row["sentence1"], row["sentence2"], float(row["score"])) for row in chosen]


def evaluate(model: Path, backend: str, pairs: list[Pair]) -> tuple[Score, Score]:
    """Our score and sentence-transformers'.

    Raises:
        NpdistilError, OSError: the model folder cannot be used.
    """
    encoder = SentenceEncoder.from_pretrained(model, backend)
    peer = SentenceTransformer(str(model), device="cpu", local_files_only=True)

    def ours(texts: list[str]) -> NDArray[Any]:
        return encoder.encode(texts, show_progress_bar=False)

    def theirs(texts: list[str]) -> NDArray[Any]:
        return np.asarray(peer.encode(texts, show_progress_bar=False))

    return (
        scored(f"npdistil ({backend})", ours, pairs),
        scored("sentence-transformers", theirs, pairs),
    )


def scored(name: str, encode: Encode, pairs: list[Pair]) -> Score:
    """Embed all texts, and correlate cosines with what people said."""
    encode([pairs[0][0]])  # the first call has more to do
    started = time.perf_counter()
    vectors = encode([first for first, _, _ in pairs] + [second for _, second, _ in pairs])
    seconds = time.perf_counter() - started
    cosines = cosine(vectors[: len(pairs)], vectors[len(pairs) :])
    return Score(name, spearman(cosines, np.array([score for _, _, score in pairs])), seconds)


def cosine(first_BD: NDArray[Any], second_BD: NDArray[Any]) -> NDArray[np.float64]:
    """Of each pair of rows."""
    a, b = first_BD.astype(np.float64), second_BD.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / lengths, np.float64)


def spearman(found: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """Rank correlation; equal values share their mean rank."""
    return float(spearmanr(found, wanted).statistic)


if __name__ == "__main__":
    sys.exit(main())
