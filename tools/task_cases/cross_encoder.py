"""Scores and ranks of documents beside sentence-transformers' CrossEncoder."""

from collections.abc import Sequence
from typing import Any

from sentence_transformers import CrossEncoder as PeerCrossEncoder
from torch import nn

from npdistil.tasks.classification.cross_encoder import CrossEncoder
from tests.data.real_texts import pairs_of
from tools.task_cases.figure import Figure, absolute, largest, relative
from tools.task_cases.models import RANDOM, Case
from tools.task_cases.pair_regression import HEAD as HEAD
from tools.task_cases.pair_regression import apart

MODELS = RANDOM
DOCUMENTS = 10  # of a query


def compare(case: Case, inputs: int) -> Figure:
    """Questions of QNLI dev, each with its sentence and the nine that follow.

    All are ranked by scores and by logits; decided is as in the regression, by the logits of a
    query's documents: between 0 and 1 the scores of a sure model crowd at the ends.
    """
    rows = pairs_of(case.data, "QNLI")[:inputs]
    ours = CrossEncoder.from_pretrained(case.folder)
    theirs = PeerCrossEncoder(str(case.folder), device="cpu")
    logits, scores, unlike, decided = list[float](), list[float](), 0, 0
    for start in range(0, len(rows), DOCUMENTS):
        query = rows[start][0]
        documents = [sentence for _, sentence in rows[start : start + DOCUMENTS]]
        found, wanted = ours.rank(query, documents), theirs.rank(query, documents)
        scores.append(relative(*_by_document(found, wanted)))
        unlike += _other_ranks(found, wanted)
        found = ours.rank(query, documents, activation_fn="none")
        wanted = theirs.rank(query, documents, activation_fn=nn.Identity())
        logits.append(absolute(*_by_document(found, wanted)))
        decided += apart([row["score"] for row in wanted])
        unlike += _other_ranks(found, wanted)
    return Figure(
        "reranking", case.model, len(rows),
        largest(logits), largest(scores), unlike, decided / len(rows),
    )  # fmt: skip


def _other_ranks(found: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]]) -> int:
    pairs = zip(found, wanted, strict=True)
    return sum(row["corpus_id"] != other["corpus_id"] for row, other in pairs)


def _by_document(
    found: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]]
) -> tuple[list[float], list[float]]:
    """The scores of both, in one order."""
    theirs = {row["corpus_id"]: row["score"] for row in wanted}
    return [row["score"] for row in found], [theirs[row["corpus_id"]] for row in found]
