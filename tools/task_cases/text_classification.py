"""Labels of sentences beside Transformers' pipeline."""

import numpy as np
import transformers

from npdistil.tasks.task_model import open_task_model
from npdistil.tasks.tokenized import tokenized
from tests.data.real_texts import sst2
from tools.task_cases.figure import Figure, absolute, is_decided, relative
from tools.task_cases.models import RANDOM, Case, RandomHead

HEAD = RandomHead("text-classification", ("anger", "fear", "joy", "sadness", "surprise"))
MODELS = RANDOM


def compare(case: Case, inputs: int) -> Figure:
    """All labels' logits and scores, and their order, of the first sentences of SST-2 dev."""
    texts = sst2(case.data)[:inputs]
    peer = transformers.pipeline("text-classification", str(case.folder), device="cpu")
    ours = open_task_model(case.folder, "text-classification")
    batch, _ = tokenized(ours.tokenizer, ours.encoder.config, texts)
    logits_BC = ours.head.logits(ours.encoder.backend, batch).astype(np.float64)
    score_BC = np.exp(logits_BC - logits_BC.max(axis=1, keepdims=True))
    score_BC /= score_BC.sum(axis=1, keepdims=True)
    logits, scores, unlike, decided = [0.0], [0.0], 0, 0
    raw = peer(texts, top_k=None, function_to_apply="none")
    for found_C, score_C, theirs, usual in zip(
        logits_BC, score_BC, raw, peer(texts, top_k=None), strict=True
    ):
        labels = ours.settings.labels
        wanted_C = [_by_label(theirs)[label] for label in labels]
        logits.append(absolute(found_C, wanted_C))
        scores.append(relative(score_C, [_by_label(usual)[label] for label in labels]))
        order = [labels[n] for n in np.argsort(-score_C, kind="stable")]
        unlike += order != [answer["label"] for answer in usual]
        decided += is_decided(float(score_C.max()), len(labels))
    return Figure(
        "text classification", case.model, len(texts),
        float(np.max(logits)), float(np.max(scores)), unlike, decided / len(texts),
    )  # fmt: skip


def _by_label(answers: list[dict[str, object]]) -> dict[object, float]:
    return {answer["label"]: float(str(answer["score"])) for answer in answers}
