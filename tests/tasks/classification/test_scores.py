"""Logits to scores: which function, and that none depends on its neighbours or overflows."""

import numpy as np
import pytest

from npdistil import InputError
from npdistil.tasks.classification.scores import (
    FUNCTIONS,
    checked_function,
    default_function,
    sigmoid,
    softmax,
)

LOGITS = np.array([0.0, 1.5, -2.0, 88.0, -88.0, 700.0, -745.0, 3e38, -3e38], np.float32)


@pytest.mark.parametrize(
    "problem_type, num_labels, wanted",
    [
        (None, 1, "sigmoid"),
        (None, 2, "softmax"),
        ("regression", 1, "none"),
        ("regression", 3, "none"),
        ("multi_label_classification", 3, "sigmoid"),
        ("single_label_classification", 2, "softmax"),
        ("single_label_classification", 1, "sigmoid"),
    ],
)
def test_the_function_that_transformers_applies(problem_type, num_labels, wanted):
    """Catches the rules asked in another order: one label before regression, for example."""
    assert default_function(problem_type, num_labels) == wanted


def test_sigmoid():
    """Catches an overflow (an error here) and the negative half mixed up with the positive."""
    found = sigmoid(LOGITS)
    exact = [0.5, 0.8175744761936437, 0.11920292202211755, 1.0, 6.054601895401186e-39]
    np.testing.assert_allclose(found[:5], exact, rtol=1e-6)
    assert found.dtype == np.float32 and found[5:].tolist() == [1, 0, 1, 0]


def test_softmax():
    """Catches an overflow (an error here), and a sum that is not 1."""
    np.testing.assert_allclose(softmax(LOGITS[:3]), [0.17805, 0.79800, 0.02410], atol=3e-4)
    assert softmax(LOGITS).tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert softmax(LOGITS[:1]).tolist() == [1]


def test_none_is_the_logits():
    """Catches logits that are scaled or rounded."""
    assert FUNCTIONS["none"](LOGITS).tobytes() == LOGITS.tobytes()


def test_names():
    """Catches a name that is compared with its case, which Transformers does not."""
    assert checked_function("SoftMax") == "softmax" and checked_function(None) is None
    for wrong in ("default", "relu", 1, True, ["sigmoid"]):
        with pytest.raises(InputError, match="function_to_apply: expected one of"):
            checked_function(wrong)
