"""SQuAD's figures, worked by hand and by their definitions."""

import json
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import squad_score
from tools.squad_score import Question, best_threshold, evaluate, f1_score, normalized, score

words = st.sampled_from(["a", "The", "red", "boat", "boat,", "Lisbon", "an", "1987", "", "x-ray"])
phrases = st.lists(words, max_size=5).map(" ".join)


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("The  Boat!", "boat"),
        ("an-a the", "ana"),  # punctuation goes first: "an-a" is no article any more
        ("a.the", "athe"),
        ("Theatre a", "theatre"),
        ("\u201ca\u201d caf\xe9", "\u201c \u201d caf\xe9"),  # other quotation marks are letters
        ("d'un \xe0 the \xe9a", "dun \xe0 \xe9a"),  # \xe9a is one word: \b knows Unicode
        ("", ""),
        ("the a an", ""),
    ],
)
def test_normalized(text, wanted):
    """Catches steps in another order, ASCII word borders, or articles inside words."""
    assert normalized(text) == wanted


@pytest.mark.parametrize(
    "prediction, gold, wanted",
    [
        ("red boat", "the red boat", 1.0),
        ("red boat", "blue boat", 0.5),
        ("boat boat", "boat", 2 / 3),  # a bag, not a set
        ("", "", 1.0),
        ("the", "", 1.0),
        ("", "boat", 0.0),
        ("boat", "the", 0.0),
        ("sail", "boat", 0.0),
    ],
)
def test_f1(prediction, gold, wanted):
    """Catches a set in place of a bag, and empty bags that divide by zero."""
    assert f1_score(prediction, gold) == wanted


def test_gold_answers():
    """Catches gold answers that vanish, and the mean of several in place of the best."""
    assert Question("1", ("the", "boat")).golds == ("boat",)
    assert Question("1", ("the",)).golds == ("",)
    assert Question("1", ()).golds == ("",)
    assert score(Question("1", ("blue", "red boat")), "the red sail") == (0.0, 0.5)


QUESTIONS = [
    Question("1", ("red boat",)),
    Question("2", ()),
    Question("3", ("Lisbon", "in Lisbon")),
    Question("4", ()),
]
PREDICTED = {"1": "a boat", "2": "", "3": "Lisbon", "4": "1987"}


def test_figures_by_hand():
    """Catches a mean over the wrong questions."""
    figures = evaluate(QUESTIONS, PREDICTED)
    assert figures == {
        "exact": 50.0,
        "f1": pytest.approx(100 * (2 / 3 + 1 + 1) / 4),
        "total": 4,
        "HasAns_exact": 50.0,
        "HasAns_f1": pytest.approx(100 * (2 / 3 + 1) / 2),
        "HasAns_total": 2,
        "NoAns_exact": 50.0,
        "NoAns_f1": 50.0,
        "NoAns_total": 2,
    }


def test_a_question_without_a_prediction_is_left_out():
    """Catches a missing prediction counted as wrong in the total, or right where unanswerable."""
    figures = evaluate(QUESTIONS, {"3": "Lisbon", "2": ""})
    assert (figures["exact"], figures["total"]) == (100.0, 2)
    assert (figures["HasAns_exact"], figures["HasAns_total"]) == (50.0, 2)
    assert (figures["NoAns_exact"], figures["NoAns_total"]) == (50.0, 2)
    with pytest.raises(ValueError, match="no question"):
        evaluate(QUESTIONS, {"9": ""})


def test_a_threshold_takes_answers_away():
    """Catches a threshold that is inclusive, or applied to the wrong side."""
    odds = {"1": 2.0, "2": 2.0, "3": 1.0, "4": 5.0}
    figures = evaluate(QUESTIONS, PREDICTED, odds)
    assert figures["exact"] == 75.0  # 1 is lost, 4 is won, 3 stays
    assert (figures["HasAns_exact"], figures["NoAns_exact"]) == (50.0, 100.0)
    # Rising: 3 (2 -> 3), 1 (exact: 3), 2 (nothing), 4 (-1)
    assert (figures["best_exact"], figures["best_exact_thresh"]) == (75.0, 1.0)
    assert figures["best_f1"] == pytest.approx(100 * (3 + 2 / 3) / 4)
    assert figures["best_f1_thresh"] == 2.0


def test_nothing_better_than_no_answer_at_all():
    """Catches a threshold where none is of use."""
    odds = dict.fromkeys("1234", -4.0)
    assert best_threshold(QUESTIONS, PREDICTED, dict.fromkeys("1234", 0.0), odds) == (2.0, 0.0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.lists(phrases, max_size=3), phrases, st.integers(-3, 3)), min_size=1))
def test_properties(rows):
    """Catches scores outside 0 to 1, exact above F1, and a best threshold worse than any other."""
    questions = [Question(str(n), tuple(golds)) for n, (golds, _, _) in enumerate(rows)]
    predicted = {str(n): text for n, (_, text, _) in enumerate(rows)}
    odds = {str(n): float(value) for n, (_, _, value) in enumerate(rows)}
    figures = evaluate(questions, predicted, odds)
    assert 0 <= figures["exact"] <= figures["f1"] <= 100
    parts = [
        (figures.get(f"{kind}_f1", 0), figures.get(f"{kind}_total", 0))
        for kind in ("HasAns", "NoAns")
    ]
    assert figures["f1"] == pytest.approx(sum(mean * total for mean, total in parts) / len(rows))
    # Never answering is a threshold too.
    assert figures["best_f1"] >= 100 * sum(not q.answers for q in questions) / len(rows) - 1e-9
    assert figures["best_exact"] <= figures["best_f1"] + 1e-9
    shuffled = random.Random(1).sample(questions, len(questions))
    assert evaluate(shuffled, predicted)["f1"] == pytest.approx(
        evaluate(questions, predicted)["f1"]
    )


@given(phrases)
def test_an_answer_is_right_about_itself(text):
    """Catches a normalisation of one side alone."""
    assert score(Question("1", (text,)), text.upper() + string.punctuation) == (1.0, 1.0)


def test_command(tmp_path, capsys):
    """Catches a file that is read wrongly, a missing id that nobody hears of, a bad exit code."""
    qas = [{"id": q.id, "answers": [{"text": text} for text in q.answers]} for q in QUESTIONS]
    data = tmp_path / "data.json"
    data.write_text(json.dumps({"data": [{"paragraphs": [{"qas": qas}]}]}))
    whole, lines = tmp_path / "predicted.json", tmp_path / "predicted.jsonl"
    whole.write_text(json.dumps(PREDICTED))
    lines.write_text(
        "".join(json.dumps({"id": k, "answer": v}) + "\n" for k, v in PREDICTED.items())
    )
    for path in (whole, lines):
        assert squad_score.main([str(data), str(path)]) == 0
        assert json.loads(capsys.readouterr().out) == evaluate(QUESTIONS, PREDICTED)
    odds, out = tmp_path / "odds.json", tmp_path / "figures.json"
    odds.write_text(json.dumps(dict.fromkeys("1234", 0.5)))
    threshold = ["--na-prob", str(odds), "--na-prob-thresh", "0.4", "--out", str(out)]
    assert squad_score.main([str(data), str(whole), *threshold]) == 0
    assert json.loads(out.read_text())["NoAns_exact"] == 100.0
    whole.write_text('{"1": "a boat"}')
    assert squad_score.main([str(data), str(whole)]) == 0
    assert capsys.readouterr().err.count("no prediction for") == 3
    whole.write_text("[]")
    assert squad_score.main([str(data), str(whole)]) == 2
    assert "expected an object" in capsys.readouterr().err
