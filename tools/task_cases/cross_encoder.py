"""Scores and ranks of documents beside sentence-transformers' CrossEncoder."""

from collections.abc import Sequence
from typing import Any

from sentence_transformers import CrossEncoder as PeerCrossEncoder
from torch import nn

from npdistil.tasks.classification.cross_encoder import CrossEncoder
from tests.data.real_texts import pairs_of
from tools.task_cases.figure import Figure, absolute, relative
from tools.task_cases.models import RANDOM, Case
from tools.task_cases.pair_regression import HEAD as HEAD
from tools.task_cases.pair_regression import apart

MODELS = RANDOM
DOCUMENTS = 10  # of a query


def compare(case: Case, inputs: int) -> Figure:
    """Questions of QNLI dev, each with its sentence and the nine that follow.

    In turn they are ranked by logits and by scores; decided is as in the regression, among the
    documents of a query.
    """
    rows = pairs_of(case.data, "QNLI")[:inputs]
    ours = CrossEncoder.from_pretrained(case.folder)
    theirs = PeerCrossEncoder(str(case.folder), device="cpu")
    logits, scores, unlike, decided = 0.0, 0.0, 0, 0
    for number, start in enumerate(range(0, len(rows), DOCUMENTS)):
        query = rows[start][0]
        documents = [sentence for _, sentence in rows[start : start + DOCUMENTS]]
        if number % 2:
            found = ours.rank(query, documents, activation_fn="none")
            wanted = theirs.rank(query, documents, activation_fn=nn.Identity())
            logits = max(logits, absolute(*_by_document(found, wanted)))
        else:
            found, wanted = ours.rank(query, documents), theirs.rank(query, documents)
            scores = max(scores, relative(*_by_document(found, wanted)))
        decided += apart([row["score"] for row in wanted])
        unlike += sum(
            row["corpus_id"] != other["corpus_id"] for row, other in zip(found, wanted, strict=True)
        )
    return Figure("reranking", case.model, len(rows), logits, scores, unlike, decided / len(rows))


def _by_document(
    found: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]]
) -> tuple[list[float], list[float]]:
    """The scores of both, in one order."""
    theirs = {row["corpus_id"]: row["score"] for row in wanted}
    return [row["score"] for row in found], [theirs[row["corpus_id"]] for row in found]
