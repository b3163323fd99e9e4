"""Fitted heads on SST-2 and SQuAD 2.0, beside Transformers on the same folders."""

import json
from pathlib import Path
from typing import Any

import transformers

from npdistil.tasks.pipeline import pipeline
from tools.eval_data import spread, sst_2
from tools.eval_rows import Row, Score, timed
from tools.eval_scores import accuracy
from tools.make_qa_goldens import answers_of, environment
from tools.qa.cases import Case
from tools.squad_score import Question, evaluate
from tools.task_cases.models import fitted_folder

LABELS = ("NEGATIVE", "POSITIVE")
QUESTIONS = 1000  # of SQuAD: the other library answers one at a time
OPTIONS = {"handle_impossible_answer": True}


def sentiment(data: Path, limit: int | None) -> list[Row]:
    """Labels of sentences, beside the pipeline of Transformers.

    Raises:
        OSError: the data, or the fitted head, is missing.
    """
    items = sst_2(data, limit)
    texts, wanted = [text for text, _ in items], [LABELS[label] for _, label in items]
    folder = fitted_folder("sst2")
    ours = pipeline("text-classification", folder)
    theirs: Any = transformers.pipeline("text-classification", str(folder), device="cpu")
    scores = []
    for task in (ours, theirs):
        found, seconds = timed(lambda task=task: task(texts))  # type: ignore[misc]
        scores.append(Score(accuracy([answer["label"] for answer in found], wanted), seconds))
    return [Row("SST-2 dev, accuracy", len(items), *scores)]


def answers(data: Path, limit: int | None, place: Path) -> list[Row]:
    """Answers to questions, beside the pipeline of Transformers 4.57.6; the official figures.

    Args:
        data: the folder of real texts.
        limit: so many questions; None: QUESTIONS, from all over the file.
        place: the environment of Transformers 4.57.6, which is made if it is not there.

    Raises:
        OSError: the data, or the fitted head, is missing.
    """
    folder = fitted_folder("squad")
    asked, golds = squad(data, limit or QUESTIONS)
    task = pipeline("question-answering", folder)
    inputs = [{"question": case.question, "context": case.context} for case in asked]
    found, ours_s = timed(lambda: task(inputs, **OPTIONS))
    ours = {case.name: answer["answer"] for case, answer in zip(asked, found, strict=True)}
    places, theirs_s = timed(lambda: answers_of(environment(place), folder, asked))
    theirs = {
        case.name: case.context[best[0][1] : best[0][2]]
        for case, best in zip(asked, places, strict=True)
    }
    figures = [evaluate(golds, predictions) for predictions in (ours, theirs)]
    return [
        Row(
            f"SQuAD 2, {shown}",
            len(asked),
            Score(figures[0][name] / 100, ours_s),
            Score(figures[1][name] / 100, theirs_s),
        )
        for name, shown in (("f1", "F1"), ("exact", "exact match"))
    ]


def squad(data: Path, limit: int) -> tuple[list[Case], list[Question]]:
    """So many questions from all over the file, and what people answered.

    Raises:
        OSError: the file cannot be read.
    """
    content = json.loads((data / "squad" / "cs224n-dev-v2.0.json").read_text("utf-8"))
    chosen = spread(
        [
            (question, paragraph["context"])
            for article in content["data"]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        ],
        limit,
    )
    cases = [Case(asked["id"], asked["question"], text, OPTIONS) for asked, text in chosen]
    golds = [
        Question(asked["id"], tuple(answer["text"] for answer in asked["answers"]))
        for asked, _ in chosen
    ]
    return cases, golds
