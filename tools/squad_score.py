"""SQuAD's official figures: exact match and F1, with and without an answer, and the best threshold.

    python tools/squad_score.py DATA PREDICTIONS [--na-prob FILE] [--na-prob-thresh X] [--out FILE]

DATA is a SQuAD file, 1.1 or 2.0; PREDICTIONS an object of question id to text ("" for no answer),
or JSON lines with `id` and `answer`; FILE an object of id to how likely there is no answer, in any
unit. Prints an object of figures in percent; questions without a prediction are named on standard
error and left out. Source: the words of SQuAD 2.0's evaluation (Rajpurkar et al. 2018,
arXiv:1806.03822); no line of its script is here.
"""

import argparse
import json
import re
import string
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_DROPPED = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
Scores = Mapping[str, float]


class Question(NamedTuple):
    """The answers that people gave."""

    id: str
    answers: tuple[str, ...]  # none: it cannot be answered

    @property
    def golds(self) -> tuple[str, ...]:
        """Those of which normalising leaves something; else the empty answer."""
        return tuple(text for text in self.answers if normalized(text)) or ("",)


class Scored(NamedTuple):
    """Exact match and F1 of one question, 0 to 1."""

    exact: float
    f1: float


def normalized(text: str) -> str:
    """Lower case, without ASCII punctuation and articles, single spaces.

    >>> normalized("The  Eiffel-Tower, in a town")
    'eiffeltower in town'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_DROPPED)).split())


def f1_score(prediction: str, gold: str) -> float:
    """Harmonic mean of precision and recall over the bags of words; 1 if both are empty.

    >>> f1_score("the red boat", "a boat"), f1_score("", "a")
    (0.6666666666666666, 1.0)
    """
    found, wanted = normalized(prediction).split(), normalized(gold).split()
    if not found or not wanted:
        return float(found == wanted)
    common = sum((Counter(found) & Counter(wanted)).values())
    if not common:
        return 0.0
    precision, recall = common / len(found), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def score(question: Question, prediction: str) -> Scored:
    """Against the gold answer that fits best."""
    golds = question.golds
    exact = max(float(normalized(prediction) == normalized(gold)) for gold in golds)
    return Scored(exact, max(f1_score(prediction, gold) for gold in golds))


def evaluate(
    questions: Iterable[Question],
    predictions: Mapping[str, str],
    na_prob: Scores | None = None,
    na_prob_thresh: float = 1.0,
) -> dict[str, float]:
    """All figures, in percent.

    Args:
        questions: of the data.
        predictions: id to text.
        na_prob: id to how likely there is no answer; None: 0 for all, and no best threshold.
        na_prob_thresh: above it a question counts as one that was not answered.

    Raises:
        KeyError: `na_prob` lacks a question.
        ValueError: there is no prediction for any question.
    """
    everyone = [*questions]
    asked = [question for question in everyone if question.id in predictions]
    if not asked:
        raise ValueError("no question of the data has a prediction.")
    odds = {question.id: 0.0 if na_prob is None else na_prob[question.id] for question in asked}
    raw = {question.id: score(question, predictions[question.id]) for question in asked}
    final = {
        question.id: Scored(float(not question.answers), float(not question.answers))
        if odds[question.id] > na_prob_thresh
        else raw[question.id]
        for question in asked
    }
    groups = {
        "": asked,
        "HasAns_": [question for question in everyone if question.answers],
        "NoAns_": [question for question in everyone if not question.answers],
    }
    missed = Scored(0.0, 0.0)
    figures: dict[str, float] = {}
    for prefix, group in groups.items():
        for name in Scored._fields if group else ():
            total = sum(getattr(final.get(question.id, missed), name) for question in group)
            figures[prefix + name] = 100 * total / len(group)
        if group:
            figures[f"{prefix}total"] = len(group)
    if na_prob is not None:
        for name in Scored._fields:
            values = {id_: getattr(scored, name) for id_, scored in raw.items()}
            best, threshold = best_threshold(everyone, predictions, values, odds)
            figures[f"best_{name}"] = 100 * best / len(asked)
            figures[f"best_{name}_thresh"] = threshold
    return figures


def best_threshold(
    questions: Sequence[Question], predictions: Mapping[str, str], values: Scores, odds: Scores
) -> tuple[float, float]:
    """The largest sum of scores that one threshold on `odds` gives, and the first such threshold.

    Below the first threshold no question is answered, which is right for those without an answer.
    """
    current = best = float(sum(not question.answers for question in questions))
    threshold = 0.0
    asked = [question for question in questions if question.id in predictions]
    for question in sorted(asked, key=lambda question: odds[question.id]):
        if question.answers:
            current += values[question.id]
        elif predictions[question.id]:
            current -= 1
        if current > best:
            best, threshold = current, odds[question.id]
    return best, threshold


def questions_of(data: Any) -> Iterator[Question]:
    """The questions of a SQuAD file."""
    for article in data["data"]:
        for paragraph in article["paragraphs"]:
            for asked in paragraph["qas"]:
                yield Question(asked["id"], tuple(answer["text"] for answer in asked["answers"]))


def read_predictions(path: Path) -> dict[str, str]:
    """An object of id to text, or JSON lines with `id` and `answer`.

    Raises:
        ValueError: the file is neither.
    """
    text = path.read_text("utf-8")
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        found = {row.get("id"): row.get("answer") for row in rows}
    else:
        found = json.loads(text)
    if not isinstance(found, dict) or not all(
        isinstance(key, str) and isinstance(value, str) for key, value in found.items()
    ):
        raise ValueError(f"{path}: expected an object of question id to text.")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("predictions", type=Path, metavar="PREDICTIONS")
    parser.add_argument("--na-prob", type=Path, metavar="FILE", help="id to no-answer probability")
    parser.add_argument("--na-prob-thresh", type=float, default=1.0, metavar="X")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures there instead")
    options = parser.parse_args(arguments)
    try:
        questions = [*questions_of(json.loads(options.data.read_text("utf-8")))]
        predictions = read_predictions(options.predictions)
        na_prob = (
            None if options.na_prob is None else json.loads(options.na_prob.read_text("utf-8"))
        )
        for question in questions:
            if question.id not in predictions:
                print(f"squad_score: no prediction for {question.id}", file=sys.stderr)
        figures = evaluate(questions, predictions, na_prob, options.na_prob_thresh)
    except (OSError, ValueError, KeyError, TypeError) as failure:
        print(f"squad_score: {type(failure).__name__}: {failure}", file=sys.stderr)
        return 2
    text = json.dumps(figures, indent=2)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
