"""Labels chosen at the call beside Transformers' pipeline."""

from typing import Any

import transformers

from npdistil.tasks.classification.zero_shot import ZeroShotClassification
from tests.data.real_texts import sst2
from tools.task_cases.figure import Figure, is_decided, largest, relative
from tools.task_cases.models import RANDOM, Case
from tools.task_cases.text_classification import HEAD as HEAD

MODELS = RANDOM
# Random heads tell apart what differs much, behind long sentences too.
LABELS = ("terrible!", "a slow, sad and clever story of two brothers at sea")
TEMPLATE = "It is {}"


def compare(case: Case, inputs: int) -> Figure:
    """The first sentences of SST-2 dev, every second one with labels that go together."""
    texts = sst2(case.data)[:inputs]
    ours = ZeroShotClassification.from_pretrained(case.folder)
    peer = transformers.pipeline("zero-shot-classification", str(case.folder), device="cpu")
    scores, unlike, decided = list[float](), 0, 0
    for multi_label in (False, True):
        chosen = texts[multi_label::2]
        options: dict[str, Any] = {"hypothesis_template": TEMPLATE, "multi_label": multi_label}
        found = ours(chosen, LABELS, **options)
        wanted = peer(chosen, list(LABELS), **options)
        for answer, other in zip(found, wanted, strict=True):
            theirs = dict(zip(other["labels"], other["scores"], strict=True))
            scores.append(relative(answer["scores"], [theirs[label] for label in answer["labels"]]))
            unlike += answer["labels"] != other["labels"]
            best = max(other["scores"][0], 1 - other["scores"][-1] if multi_label else 0.0)
            decided += is_decided(best, 2)
    return Figure(
        "zero-shot", case.model, len(texts), None, largest(scores), unlike, decided / len(texts)
    )
