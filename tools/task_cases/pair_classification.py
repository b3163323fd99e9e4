"""Labels of pairs that do not exclude each other, beside Transformers' pipeline."""

from tests.data.real_texts import pairs_of
from tools.task_cases.figure import Figure
from tools.task_cases.models import RANDOM, Case
from tools.task_cases.text_classification import HEAD as HEAD
from tools.task_cases.text_classification import compare_labels

MODELS = RANDOM


def compare(case: Case, inputs: int) -> Figure:
    """Pairs of MRPC and QNLI dev in turn, several labels for each."""
    both = zip(pairs_of(case.data, "MRPC"), pairs_of(case.data, "QNLI"), strict=False)
    pairs = [{"text": first, "text_pair": second} for in_turn in both for first, second in in_turn]
    return compare_labels(
        "pairs, several labels", case, pairs[:inputs], "multi_label_classification"
    )
