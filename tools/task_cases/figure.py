"""How far a task's answers are from a peer's, in one row of the README's table."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LOGITS, SCORES, DECIDED = 1e-4, 1e-3, 0.5  # the most, the most, and the least that is allowed


class Figure(NamedTuple):
    """One task on one model, beside a peer on the same inputs.

    Attributes:
        task: as in the table, such as "text classification".
        model: its name.
        inputs: how many were compared.
        logits: largest absolute difference; None: the peer does not show them.
        scores: largest relative difference; None: the answers have none.
        unlike: labels, spans, offsets, words or ranks that differ.
        decided: share of the inputs whose best score is clearly above uniform ones.
    """

    task: str
    model: str
    inputs: int
    logits: float | None
    scores: float | None
    unlike: int
    decided: float


def faults(figure: Figure) -> list[str]:
    """What misses its bound; a number that is no number misses it, too."""
    found = []
    if figure.inputs < 1:
        found.append("nothing was compared")
    if figure.logits is not None and not figure.logits <= LOGITS:
        found.append(f"logits differ by {figure.logits:.1e}, at most {LOGITS:g} is allowed")
    if figure.scores is not None and not figure.scores <= SCORES:
        found.append(f"scores differ by {figure.scores:.1e} of their size, at most {SCORES:g}")
    if figure.unlike != 0:
        found.append(f"{figure.unlike} answers differ")
    if not figure.decided > DECIDED:
        found.append(f"only {figure.decided:.0%} of the inputs have a best score above uniform")
    return [f"{figure.task}, {figure.model}: {fault}" for fault in found]


def absolute(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The largest difference; NaN where one is NaN.

    Raises:
        AssertionError: not as many of ours as of theirs.
    """
    found, wanted = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    return float(np.max(np.abs(found - wanted), initial=0.0))


def relative(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The largest difference, as a share of theirs; NaN where one is NaN.

    Raises:
        AssertionError: not as many of ours as of theirs.
    """
    found, wanted = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    return float(np.max(np.abs(found - wanted) / np.abs(wanted), initial=0.0))


def largest(differences: Sequence[float]) -> float:
    """The largest of several; NaN where one is NaN, which Python's own `max` may pass over.

    >>> max(0.0, float("nan")), largest([0.0, float("nan")])
    (0.0, nan)
    """
    return float(np.max(differences))


def is_decided(best: float, choices: int) -> bool:
    """Whether the best of so many scores that sum to 1 is clearly above the mean.

    It is twice the mean, or half way from there to 1 where that is less.

    >>> is_decided(0.7, 2), is_decided(0.8, 2), is_decided(0.15, 9), is_decided(0.25, 9)
    (False, True, False, True)
    """
    uniform = 1 / choices
    return best > min(2 * uniform, (1 + uniform) / 2)
