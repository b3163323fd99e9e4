"""One number for a pair beside Transformers' pipeline."""

from collections.abc import Sequence
from statistics import fmean

import transformers

from npdistil.tasks.classification.text_classification import TextClassification
from tests.data.real_texts import pairs_of
from tools.task_cases.figure import LOGITS, Figure, absolute
from tools.task_cases.models import RANDOM, Case, RandomHead

HEAD = RandomHead("text-classification", ("score",), (("problem_type", "regression"),))
MODELS = RANDOM


def compare(case: Case, inputs: int) -> Figure:
    """The numbers of the first pairs of STS-B dev; decided are those that `apart` counts."""
    pairs = [
        {"text": first, "text_pair": second}
        for first, second in pairs_of(case.data, "STS-B")[:inputs]
    ]
    peer = transformers.pipeline("text-classification", str(case.folder), device="cpu")
    wanted = [row["score"] for row in peer(pairs)]
    found = TextClassification.from_pretrained(case.folder)(pairs)
    return Figure(
        task="pairs, regression",
        model=case.model,
        inputs=len(pairs),
        logits=absolute([row["score"] for row in found], wanted),
        scores=None,
        unlike=sum(row["label"] != "score" for row in found),
        decided=apart(wanted) / len(pairs),
    )


def apart(values: Sequence[float]) -> int:
    """How many are further from the mean of all than a hundred times what a logit may differ."""
    mean = fmean(values)
    return sum(abs(value - mean) > 100 * LOGITS for value in values)
