"""The comparison of rankings: all queries by scores and by logits."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tools.task_cases import cross_encoder
from tools.task_cases.figure import faults
from tools.task_cases.models import Case

QUERIES = 4
NAN = float("nan")


def ranker(wrong: tuple[str, bool] | None, value: float):
    """A peer whose rows are [query, document]; ours with one value wrong, of a query and kind."""

    def rank(query, documents, activation_fn=None):
        rows = [
            {"corpus_id": n, "score": 15.0 - n * (1.0 if activation_fn is None else 0.5)}
            for n in range(len(documents))
        ]
        if wrong == (query, activation_fn is None):
            rows[3]["score"] = value
        return rows

    return SimpleNamespace(rank=rank)


@pytest.mark.parametrize("value", [12.7, NAN])
@pytest.mark.parametrize("is_score", [True, False])
@pytest.mark.parametrize("query", range(QUERIES))
def test_every_query_is_compared_by_scores_and_logits(monkeypatch, query, is_score, value):
    """Catches queries that the table counts and of which one kind is not compared; hidden NaN."""
    rows = [(f"query {n // 10}", f"document {n}") for n in range(10 * QUERIES)]
    wrong = (f"query {query}", is_score)
    monkeypatch.setattr(cross_encoder, "pairs_of", lambda data, name: rows)
    monkeypatch.setattr(cross_encoder, "PeerCrossEncoder", lambda *_, **__: ranker(None, 0.0))
    case = Case("random", Path("folder"), Path("data"))
    for ours, count in ((ranker(None, 0.0), 0), (ranker(wrong, value), 1)):
        encoder = SimpleNamespace(from_pretrained=lambda folder, found=ours: found)
        monkeypatch.setattr(cross_encoder, "CrossEncoder", encoder)
        figure = cross_encoder.compare(case, len(rows))
        assert figure.inputs == len(rows) and len(faults(figure)) == count
    (fault,) = faults(figure)
    assert ("scores differ" if is_score else "logits differ") in fault
