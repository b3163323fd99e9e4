"""What becomes of the spans of several windows."""

import pytest

from npdistil.tasks.answering.collected import Collected
from npdistil.tasks.answering.spans import Span, WindowSpans
from tests.tasks.answering.test_spans import options

CONTEXT = "Paris or paris or Rome"


def collected(*windows: WindowSpans) -> Collected:
    found = Collected(CONTEXT)
    for window in windows:
        found.add(window)
    return found


TWO = (
    WindowSpans([Span(0.5, 0, 5), Span(0.25, 9, 14)], 0.125, -3.0, 2.0),
    WindowSpans([Span(0.6, 18, 22), Span(0.125, 9, 14)], 0.5, 1.0, 4.0),
)
PARIS = {"score": 0.875, "start": 0, "end": 5, "answer": "Paris"}
ROME = {"score": 0.6, "start": 18, "end": 22, "answer": "Rome"}
NOTHING = {"score": 0.125, "start": 0, "end": 0, "answer": ""}


def test_equal_answers_are_one():
    """Catches scores that do not add up, a later place, or capitals that tell answers apart."""
    assert collected(*TWO).best(options(top_k=5)) == [PARIS, ROME]
    assert collected(*TWO).best(options()) == [PARIS]


def test_no_answer_competes_by_its_least_score():
    """Catches the largest or the last window's score, and "" where it was not asked for."""
    assert collected(*TWO).best(options(top_k=3, handle_impossible_answer=True)) == [
        PARIS,
        ROME,
        NOTHING,
    ]


def test_equal_scores_keep_the_order_in_which_they_came():
    """Catches a sort that turns equal ones around."""
    one = WindowSpans([Span(0.5, 18, 22), Span(0.5, 0, 5)], 0.5, 0.0, 0.0)
    found = collected(one).best(options(top_k=3, handle_impossible_answer=True))
    assert [answer["answer"] for answer in found] == ["Rome", "Paris", ""]


@pytest.mark.parametrize("impossible", [True, False])
@pytest.mark.parametrize(
    "threshold, best",
    [(-7.5, NOTHING), (-7.0, PARIS), (0.0, PARIS), (float("-inf"), NOTHING), (float("inf"), PARIS)],
)
def test_the_null_threshold_decides(threshold, best, impossible):
    """Catches a difference the wrong way round, of one window alone, or at the threshold itself."""
    chosen = options(null_threshold=threshold, handle_impossible_answer=impossible, top_k=3)
    found = collected(*TWO)
    assert found.null_odds == -3.0 - 4.0
    answers = found.best(chosen)
    assert answers[0] == best
    assert answers == [*([NOTHING] if best == NOTHING else []), PARIS, ROME]


def test_a_context_without_tokens():
    """Catches an empty result, which is neither an answer nor none."""
    found = Collected("  ")
    found.add(WindowSpans([], 1.0, 5.0, float("-inf")))
    nothing = {"score": 0.0, "start": 0, "end": 0, "answer": ""}
    assert found.best(options()) == [nothing]
    assert found.best(options(handle_impossible_answer=True)) == [{**nothing, "score": 1.0}]
    assert found.best(options(null_threshold=0)) == [{**nothing, "score": 1.0}]
