"""What the checks of exercises share: the model, a sentence, and words for whoever is wrong."""

from pathlib import Path

import numpy as np

WEIGHTS = Path(__file__).parents[2] / "weights" / "all-MiniLM-L6-v2"
IDS = np.array([101, 2002, 2938, 2011, 1996, 2314, 2924, 1012, 102])  # He sat by the river bank.
SHOWN = 12  # as many numbers as a line of text bears


def expect(name, found, expected, hint):
    """Same shape and, but for rounding, the same numbers; else an AssertionError with the hint.

    Args:
        name: what was called, as the beginning of a sentence.
        found: the reader's answer.
        expected: the right one, an array.
        hint: what to think of.
    """
    shape = np.shape(found)
    assert shape == expected.shape, (
        f"{name} returned shape {shape}, expected {expected.shape}: {hint}"
    )
    assert not np.isnan(found).any(), f"{name} holds NaN: {hint}"
    far = np.abs(found - expected).max()
    if far < 1e-9:
        return
    if expected.size <= SHOWN:
        shown, right = np.round(found, 4).tolist(), np.round(expected, 4).tolist()
        raise AssertionError(f"{name} is {shown}, expected {right}: {hint}")
    raise AssertionError(f"{name} is off by up to {far:.3g}: {hint}")
