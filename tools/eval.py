"""What the embeddings and the fitted heads are good for, beside the other libraries, in one run.

    python tools/eval.py [--model FOLDER] [--backend numba|numpy] [--limit N] [--only NAME ...]

Embeddings: STS-B dev (Spearman), Cranfield and CISI (nDCG@10), CLINC150 (accuracy of a logistic
regression), beside sentence-transformers. Fitted heads: SST-2 dev (accuracy) beside Transformers,
and SQuAD 2.0 (official scoring, 600 questions) beside Transformers 4.57.6, the last with such a
pipeline, in an environment that is made if it is not there. Both sides read the same texts from the
same folders. Needs the test extras, `make heads`, and the folder that NPDISTIL_DATA names.

Exit code: 0 all agree, 1 one differs by more than the suite's SCORE, 2 something is missing.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import semantic_search as peer_search
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil import NpdistilError, SentenceEncoder, semantic_search
from npdistil.encoder.encoder import BACKENDS
from tools import eval_data, eval_heads
from tools.eval_rows import Row, Score, line, timed
from tools.eval_scores import accuracy, cosine, mean_ndcg, spearman
from tools.make_qa_goldens import ENVIRONMENT

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


def main(arguments: list[str] | None = None) -> int:
    """Print the table, a line as soon as it is known."""
    options = parse(arguments)
    folder = os.environ.get("NPDISTIL_DATA")
    if not folder:
        print("eval: set NPDISTIL_DATA to a folder with glue/STS-B/dev.tsv.", file=sys.stderr)
        return 2
    rows: list[Row] = []
    try:
        print(f"{options.model.name}, {options.backend}, and fitted heads")
        print(f"{'':30} {'items':>6} {'npdistil':>9} {'s':>6} {'other':>9} {'s':>6} {'':>10}")
        both: tuple[Side, ...] = ()
        for name in options.only or (*SETS, *HEADS):
            if name in SETS:
                both = both or sides(options.model, options.backend)
                found = SETS[name](Path(folder), options.limit, *both)
            else:
                found = HEADS[name](Path(folder), options)
            for row in found:
                rows.append(row)
                print(line(row), flush=True)
    except (NpdistilError, OSError, ValueError, KeyError, CalledProcessError) as failure:
        print(f"eval: {failure}", file=sys.stderr)
        return 2
    return 0 if all(row.good for row in rows) else 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=MODEL, help="a sentence-transformers folder")
    parser.add_argument("--backend", choices=BACKENDS, default="numba", help="of our side")
    parser.add_argument("--limit", type=int, help="only so many items of each set, from all over")
    parser.add_argument("--only", nargs="+", choices=(*SETS, *HEADS), metavar="SET")
    parser.add_argument("--qa-environment", type=Path, default=ENVIRONMENT, metavar="FOLDER")
    options = parser.parse_args(arguments)
    if options.limit is not None and options.limit < LEAST:
        parser.error(f"--limit: expected at least {LEAST}")
    return options


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


def sts_b(data: Path, limit: int | None, *both: Side) -> list[Row]:
    """Cosines beside what people said."""
    pairs = eval_data.sts_b(data, limit)
    wanted = np.array([score for _, _, score in pairs])

    def scored(side: Side) -> float:
        texts = [first for first, _, _ in pairs] + [second for _, second, _ in pairs]
        vectors = side.encode(texts)
        return spearman(cosine(vectors[: len(pairs)], vectors[len(pairs) :]), wanted)

    return _row("STS-B dev, Spearman", len(pairs), scored, both)


def cranfield(data: Path, limit: int | None, *both: Side) -> list[Row]:
    """Documents of aerodynamics, found by questions."""
    return _retrieval("Cranfield, nDCG@10", eval_data.cranfield(data, limit), both)


def cisi(data: Path, limit: int | None, *both: Side) -> list[Row]:
    """Documents of library science."""
    return _retrieval("CISI, nDCG@10", eval_data.cisi(data, limit), both)


def clinc150(data: Path, limit: int | None, *both: Side) -> list[Row]:
    """Intents, by a logistic regression on the vectors."""
    train, test = eval_data.clinc150(data, limit)

    def scored(side: Side) -> float:
        vectors = side.encode([text for text, _ in train + test])
        regression = LogisticRegression(C=10.0, max_iter=1000)
        regression.fit(vectors[: len(train)], [label for _, label in train])
        found = regression.predict(vectors[len(train) :]).tolist()
        return accuracy(found, [label for _, label in test])

    return _row("CLINC150, accuracy", len(test), scored, both)


def _retrieval(what: str, found: eval_data.Retrieval, both: Sequence[Side]) -> list[Row]:
    def scored(side: Side) -> float:
        documents, queries = side.encode(found.documents), side.encode(found.queries)
        return mean_ndcg(side.search(queries, documents), found.gains, DEPTH)

    return _row(what, len(found.queries), scored, both)


def _row(what: str, items: int, scored: Callable[[Side], float], both: Sequence[Side]) -> list[Row]:
    return [Row(what, items, *(Score(*timed(partial(scored, side))) for side in both))]


SETS: dict[str, Callable[..., list[Row]]] = {
    "sts-b": sts_b,
    "cranfield": cranfield,
    "cisi": cisi,
    "clinc150": clinc150,
}
HEADS: dict[str, Callable[[Path, argparse.Namespace], list[Row]]] = {
    "sst-2": lambda data, options: eval_heads.sentiment(data, options.limit),
    "squad": lambda data, options: eval_heads.answers(data, options.limit, options.qa_environment),
}

if __name__ == "__main__":
    sys.exit(main())
