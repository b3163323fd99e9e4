"""Results are plain dicts and lists for whoever takes them so."""

import copy
import json
import pickle

import pytest

from npdistil.tasks.results import Answer, Answers


@pytest.mark.parametrize(
    "made, plain",
    [(Answer({"score": 0.5}, 3), {"score": 0.5}), (Answers([{"score": 0.5}], 3), [{"score": 0.5}])],
)
def test_equal_to_the_plain_one(made, plain):
    """Catches a repr, a comparison, JSON or a copy that shows the class or loses the count."""
    assert made == plain and plain == made and repr(made) == repr(plain)
    assert json.dumps(made) == json.dumps(plain)
    assert isinstance(made, type(plain)) and made.num_truncated_tokens == 3
    for again in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert again == made and type(again) is type(made)
        assert again.num_truncated_tokens == 3


def test_nothing_cut_off_is_the_default():
    """Catches an attribute that is missing where nobody set it."""
    assert Answer({}).num_truncated_tokens == Answers([]).num_truncated_tokens == 0
