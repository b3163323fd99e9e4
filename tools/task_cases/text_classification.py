"""Labels of sentences beside Transformers' pipeline."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import transformers
from transformers.pipelines.text_classification import ClassificationFunction

from npdistil.tasks.classification.text_classification import TextClassification
from npdistil.tasks.task_model import open_task_model
from tests.data.real_texts import sst2
from tools.task_cases.figure import Figure, absolute, is_decided, largest, relative
from tools.task_cases.models import RANDOM, Case, RandomHead

HEAD = RandomHead("text-classification", ("contradiction", "neutral", "entailment"))
MODELS = (*RANDOM, "sst2")
NONE = ClassificationFunction.NONE


def compare(case: Case, inputs: int) -> Figure:
    """All labels' logits and scores, and their order, of the first sentences of SST-2 dev."""
    return compare_labels("text classification", case, sst2(case.data)[:inputs])


def compare_labels(
    task: str, case: Case, inputs: Sequence[Any], problem_type: str | None = None
) -> Figure:
    """All labels' logits and scores, and their order.

    Args:
        task: the figure's name of it.
        case: with a head for sequences.
        inputs: texts, or pairs as of Transformers' pipelines.
        problem_type: instead of what the folder says.
    """
    peer = transformers.pipeline("text-classification", str(case.folder), device="cpu")
    model = open_task_model(case.folder, "text-classification")
    if problem_type is not None:
        peer.model.config.problem_type = problem_type
        model = replace(model, settings=replace(model.settings, problem_type=problem_type))
    ours = TextClassification(model)
    items = list(inputs)
    logits, scores, unlike, decided = list[float](), list[float](), 0, 0
    for item, raw, found in zip(
        items,
        ours(items, top_k=None, function_to_apply="none"),
        ours(items, top_k=None),
        strict=True,
    ):
        passed = peer.forward(peer.preprocess(item))  # once for both; a pass takes most of the time
        theirs = peer.postprocess(passed, NONE, top_k=None, _legacy=False)
        logits.append(absolute(*_by_label(raw, theirs)))
        wanted = peer.postprocess(passed, top_k=None, _legacy=False)
        scores.append(relative(*_by_label(found, wanted)))
        unlike += [row["label"] for row in found] != [row["label"] for row in wanted]
        if problem_type == "multi_label_classification":  # each label for or against
            decided += is_decided(max(max(row["score"], 1 - row["score"]) for row in wanted), 2)
        else:
            decided += is_decided(wanted[0]["score"], len(wanted))
    return Figure(
        task, case.model, len(items),
        largest(logits), largest(scores), unlike, decided / len(items),
    )  # fmt: skip


def _by_label(found: list[Any], wanted: list[Any]) -> tuple[list[float], list[float]]:
    """The scores of both, in one order."""
    theirs = {row["label"]: row["score"] for row in wanted}
    assert len(theirs) == len(found)
    return [row["score"] for row in found], [theirs[row["label"]] for row in found]
