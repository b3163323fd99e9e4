"""Logits to scores, as Transformers decides it; one row at a time.

A row is computed by itself, so that no score depends on the rows beside it, and in float64, so that
nothing overflows; results are float32, which is what Transformers gives.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError

Row = NDArray[np.floating[Any]]
Scores = NDArray[np.float32]


def sigmoid(logits_C: Row) -> Scores:
    """1 / (1 + exp(-x)) of each value."""
    logits_C = logits_C.astype(np.float64)
    small_C = np.exp(-np.abs(logits_C))  # at most 1, whatever the sign
    upper_C = np.where(logits_C >= 0, 1.0, small_C)
    scores_C: Scores = (upper_C / (1.0 + small_C)).astype(np.float32)
    return scores_C


def softmax(logits_C: Row) -> Scores:
    """exp(x) of each value over the sum of all."""
    logits_C = logits_C.astype(np.float64)
    exp_C = np.exp(logits_C - logits_C.max())
    scores_C: Scores = (exp_C / exp_C.sum()).astype(np.float32)
    return scores_C


def identity(logits_C: Row) -> Scores:
    """The values themselves."""
    return logits_C.astype(np.float32)


FUNCTIONS: dict[str, Callable[[Row], Scores]] = {
    "sigmoid": sigmoid,
    "softmax": softmax,
    "none": identity,
}


def default_function(problem_type: str | None, num_labels: int) -> str:
    """Which function Transformers applies where a call does not say it.

    Args:
        problem_type: of config.json.
        num_labels: classes.

    Source: `TextClassificationPipeline.postprocess` of Transformers 5.23.
    """
    if problem_type == "regression":
        return "none"
    if problem_type == "multi_label_classification" or num_labels == 1:
        return "sigmoid"
    return "softmax"


def checked_function(function: object) -> str | None:
    """A name of `FUNCTIONS`, in either case; None stays None.

    Raises:
        InputError: anything else.
    """
    if function is None:
        return None
    name = function.lower() if isinstance(function, str) else ""
    if name not in FUNCTIONS:
        raise InputError(
            f"function_to_apply: expected one of {[*FUNCTIONS]} or None, received {function!r:.80}."
        )
    return name
