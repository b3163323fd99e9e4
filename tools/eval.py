"""What the embeddings and the fitted heads are good for, beside the other libraries, in one run.

    python tools/eval.py [--model FOLDER] [--backend numba|numpy] [--limit N] [--only NAME ...]

Embeddings: STS-B dev (Spearman), Cranfield and CISI (nDCG@10), CLINC150 (accuracy of a logistic
regression). Both sides read the same texts from the same folders. Needs the test extras, and the
folder of real texts that NPDISTIL_DATA names. Exit code: 0 all agree, 1 one differs by more than
the suite's SCORE, 2 something is missing.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import semantic_search as peer_search
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil import NpdistilError, SentenceEncoder, semantic_search
from npdistil.encoder.encoder import BACKENDS
from tests.tolerances import SCORE
from tools import eval_data
from tools.eval_scores import accuracy, cosine, mean_ndcg, spearman

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "weights" / "all-MiniLM-L6-v2"
LEAST = 3  # items of a set: a rank correlation needs as many
DEPTH = 10
Vectors = NDArray[Any]


class Side(NamedTuple):
    """One of the two libraries."""

    name: str
    encode: Callable[[list[str]], Vectors]
    search: Callable[[Vectors, Vectors], list[list[int]]]  # queries, documents -> best first


class Score(NamedTuple):
    """What one library reached on a set, and in how many seconds."""

    value: float
    seconds: float


class Row(NamedTuple):
    """One line of the table."""

    what: str
    items: int
    ours: Score
    theirs: Score

    @property
    def good(self) -> bool:
        """Whether both agree; NaN never does."""
        return abs(self.ours.value - self.theirs.value) <= SCORE


def main(arguments: list[str] | None = None) -> int:
    """Print the table, a line as soon as it is known."""
    options = parse(arguments)
    folder = os.environ.get("NPDISTIL_DATA")
    if not folder:
        print("eval: set NPDISTIL_DATA to a folder with glue/STS-B/dev.tsv.", file=sys.stderr)
        return 2
    rows = []
    try:
        ours, theirs = sides(options.model, options.backend)
        print(f"{options.model.name}, {options.backend}, beside sentence-transformers")
        print(f"{'':30} {'items':>6} {'npdistil':>9} {'s':>6} {'other':>9} {'s':>6} {'':>10}")
        for name in options.only or SETS:
            rows.append(SETS[name](Path(folder), options.limit, ours, theirs))
            print(line(rows[-1]), flush=True)
    except (NpdistilError, OSError, ValueError, KeyError) as failure:
        print(f"eval: {failure}", file=sys.stderr)
        return 2
    return 0 if all(row.good for row in rows) else 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=MODEL, help="a sentence-transformers folder")
    parser.add_argument("--backend", choices=BACKENDS, default="numba", help="of our side")
    parser.add_argument("--limit", type=int, help="only so many items of each set, from all over")
    parser.add_argument("--only", nargs="+", choices=SETS, metavar="SET", help=", ".join(SETS))
    options = parser.parse_args(arguments)
    if options.limit is not None and options.limit < LEAST:
        parser.error(f"--limit: expected at least {LEAST}")
    return options


def line(row: Row) -> str:
    """A row of the table."""
    difference = row.ours.value - row.theirs.value
    verdict = "within" if row.good else "BEYOND"
    ours, theirs = (f"{s.value:9.6f} {s.seconds:6.1f}" for s in (row.ours, row.theirs))
    return f"{row.what:30} {row.items:6,} {ours} {theirs} {difference:+10.1e}  {verdict} {SCORE:g}"


def sides(model: Path, backend: str) -> tuple[Side, Side]:
    """Us and sentence-transformers, loaded and called once.

    Raises:
        NpdistilError, OSError: the model folder cannot be used.
    """
    encoder = SentenceEncoder.from_pretrained(model, backend)
    peer = SentenceTransformer(str(model), device="cpu", local_files_only=True)

    def ours(texts: list[str]) -> Vectors:
        return encoder.encode(texts, show_progress_bar=False)

    def theirs(texts: list[str]) -> Vectors:
        return np.asarray(peer.encode(texts, show_progress_bar=False))

    def ranked(answers: list[list[dict[str, Any]]]) -> list[list[int]]:
        return [[hit["corpus_id"] for hit in hits] for hits in answers]

    both = (
        Side("npdistil", ours, lambda q, d: ranked(semantic_search(q, d, top_k=DEPTH))),
        Side("sentence-transformers", theirs, lambda q, d: ranked(peer_search(q, d, top_k=DEPTH))),
    )
    for side in both:
        side.encode(["the first call has more to do"])
    return both


def sts_b(data: Path, limit: int | None, *both: Side) -> Row:
    """Cosines beside what people said."""
    pairs = eval_data.sts_b(data, limit)
    wanted = np.array([score for _, _, score in pairs])

    def scored(side: Side) -> float:
        texts = [first for first, _, _ in pairs] + [second for _, second, _ in pairs]
        vectors = side.encode(texts)
        return spearman(cosine(vectors[: len(pairs)], vectors[len(pairs) :]), wanted)

    return _row("STS-B dev, Spearman", len(pairs), scored, both)


def cranfield(data: Path, limit: int | None, *both: Side) -> Row:
    """Documents of aerodynamics, found by questions."""
    return _retrieval("Cranfield, nDCG@10", eval_data.cranfield(data, limit), both)


def cisi(data: Path, limit: int | None, *both: Side) -> Row:
    """Documents of library science."""
    return _retrieval("CISI, nDCG@10", eval_data.cisi(data, limit), both)


def clinc150(data: Path, limit: int | None, *both: Side) -> Row:
    """Intents, by a logistic regression on the vectors."""
    train, test = eval_data.clinc150(data, limit)

    def scored(side: Side) -> float:
        vectors = side.encode([text for text, _ in train + test])
        regression = LogisticRegression(C=10.0, max_iter=1000)
        regression.fit(vectors[: len(train)], [label for _, label in train])
        found = regression.predict(vectors[len(train) :]).tolist()
        return accuracy(found, [label for _, label in test])

    return _row("CLINC150, accuracy", len(test), scored, both)


def _retrieval(what: str, found: eval_data.Retrieval, both: Sequence[Side]) -> Row:
    def scored(side: Side) -> float:
        documents, queries = side.encode(found.documents), side.encode(found.queries)
        return mean_ndcg(side.search(queries, documents), found.gains, DEPTH)

    return _row(what, len(found.queries), scored, both)


def _row(what: str, items: int, scored: Callable[[Side], float], both: Sequence[Side]) -> Row:
    scores = []
    for side in both:
        started = time.perf_counter()
        value = scored(side)
        scores.append(Score(value, time.perf_counter() - started))
    return Row(what, items, *scores)


SETS: dict[str, Callable[..., Row]] = {
    "sts-b": sts_b,
    "cranfield": cranfield,
    "cisi": cisi,
    "clinc150": clinc150,
}

if __name__ == "__main__":
    sys.exit(main())
