"""Fitted heads on SST-2 and SQuAD 2.0, beside Transformers on the same folders."""

import json
from functools import partial
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
QUESTIONS = 600  # of SQuAD: the other library answers one at a time


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
        found, seconds = timed(partial(task, texts))
        scores.append(Score(accuracy([answer["label"] for answer in found], wanted), seconds))
    return [Row("SST-2 dev, accuracy", len(items), *scores)]


def answers(data: Path, limit: int | None, place: Path) -> list[Row]:
    """Answers to questions, beside the pipeline of Transformers 4.57.6; the official figures.

    All questions with "no answer" allowed, and those that have an answer without.

    Args:
        data: the folder of real texts.
        limit: so many questions; None: QUESTIONS, from all over the file.
        place: the environment of Transformers 4.57.6, which is made if it is not there.

    Raises:
        OSError: the data, or the fitted head, is missing.
    """
    folder = fitted_folder("squad")
    python = environment(place)
    task = pipeline("question-answering", folder)
    asked = squad(data, limit or QUESTIONS)
    rows = []
    for what, chosen, options in (
        ("SQuAD 2", asked, {"handle_impossible_answer": True}),
        ("SQuAD 2 answerable", [pair for pair in asked if pair[1].answers], {}),
    ):
        cases = [case._replace(options=options) for case, _ in chosen]
        inputs = [{"question": case.question, "context": case.context} for case in cases]
        found, ours_s = timed(partial(task, inputs, **options))
        places, theirs_s = timed(partial(answers_of, python, folder, cases))
        ours = {case.name: answer["answer"] for case, answer in zip(cases, found, strict=True)}
        theirs = {
            case.name: case.context[best[0][1] : best[0][2]]
            for case, best in zip(cases, places, strict=True)
        }
        golds = [gold for _, gold in chosen]
        mine, other = (evaluate(golds, predictions) for predictions in (ours, theirs))
        for name, shown in (("f1", "F1"), ("exact", "exact match")):
            scores = Score(mine[name] / 100, ours_s), Score(other[name] / 100, theirs_s)
            rows.append(Row(f"{what}, {shown}", len(cases), *scores))
    return rows


def squad(data: Path, limit: int) -> list[tuple[Case, Question]]:
    """So many questions from all over the file, and what people answered.

    Raises:
        OSError: the file cannot be read.
    """
    content = json.loads((data / "squad" / "cs224n-dev-v2.0.json").read_text("utf-8"))
    everything = [
        (
            Case(asked["id"], asked["question"], paragraph["context"], {}),
            Question(asked["id"], tuple(answer["text"] for answer in asked["answers"])),
        )
        for article in content["data"]
        for paragraph in article["paragraphs"]
        for asked in paragraph["qas"]
    ]
    return spread(everything, limit)
