"""How one may ask, and what is refused."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from npdistil import InputError
from npdistil.tasks.answering.asked import as_asked, as_inputs
from tests.tasks.answering.test_spans import options

PAIR = {"question": "q", "context": "c"}


@pytest.mark.parametrize(
    "called, asked",
    [
        ((None, "q", "c"), PAIR),
        (("q", None, "c"), PAIR),
        ((PAIR, None, None), PAIR),
        (([PAIR], None, None), [PAIR]),
        ((None, ["q"], "c"), [PAIR]),
        ((None, ["q", "r"], "c"), [PAIR, {"question": "r", "context": "c"}]),
        ((None, ("q", "r"), ["c", "d"]), [PAIR, {"question": "r", "context": "d"}]),
        ((["q"], None, ["c"]), [PAIR]),
        ((None, np.array(["q"]), pd.Series(["c"])), [PAIR]),
    ],
)
def test_ways_to_ask(called, asked):
    """Catches a form of Transformers' pipeline that means something else here."""
    assert as_inputs(*called) == asked


@pytest.mark.parametrize(
    "called, message",
    [
        ((None, None, None), "nothing is asked"),
        ((None, "q", None), "goes together with context"),
        ((PAIR, "q", "c"), "goes together with context, and with nothing else"),
        ((None, ["q", "r"], ["c"]), "1 contexts for 2 questions"),
        ((None, "q", ["c", "d"]), "2 contexts for one question"),
    ],
)
def test_calls_that_do_not_fit_together(called, message):
    """Catches a context that is asked nothing, or pairs that are cut short by zip."""
    with pytest.raises(InputError, match=message):
        as_inputs(*called)


@pytest.mark.parametrize(
    "item, message",
    [
        ("q", "expected a dict with question and context, received str"),
        ({"question": "q"}, "expected a context of str, received none"),
        ({"question": None, "context": "c"}, "expected a question of str, received one of None"),
        ({"question": "q", "context": ["c"]}, "context of str, received one of list"),
        ({"question": "", "context": "c"}, "the question is empty"),
        ({"question": "q", "context": ""}, "the context is empty"),
    ],
)
def test_items_that_nobody_can_answer(item, message):
    """Catches an empty or foreign item that reaches the model."""
    with pytest.raises(InputError, match=message):
        as_asked(item)
    assert as_asked({**PAIR, "id": 3}) == ("q", "c")


def test_a_file_of_json_lines(tmp_path):
    """Catches a file that is read as questions, and a bad line without its number."""
    path = tmp_path / "asked.jsonl"
    path.write_text(json.dumps(PAIR) + "\n{\n", "utf-8")
    records = as_inputs(path, None, None)
    assert next(records) == PAIR
    with pytest.raises(InputError, match="line 2 is no JSON"):
        next(records)
    with pytest.raises(InputError, match="no such file"):
        as_inputs(tmp_path / "none", None, None)


def test_defaults_are_those_of_transformers():
    """Catches a default of the pipeline that is remembered wrongly, at small models too."""
    assert options()[:5] == (1, 128, False, 15, 384)
    assert options(max_seq_len=100)[:5] == (1, 50, False, 15, 100)
    assert options(limit=41, doc_stride=20)[:5] == (1, 20, True, 15, 41)
    assert (options().candidates, options(top_k=3, align_to_words=False).candidates) == (12, 3)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"top_k": 0}, "top_k: at least 1, received 0"),
        ({"top_k": 1.5}, "top_k: expected an int"),
        ({"max_answer_len": 0}, "max_answer_len: at least 1"),
        ({"max_question_len": 0}, "max_question_len: at least 1"),
        ({"max_seq_len": 4}, "max_seq_len: at least 5"),
        ({"max_seq_len": 513}, "the model takes 512 tokens at most"),
        ({"doc_stride": -1}, "doc_stride: at least 0"),
        ({"doc_stride": 381}, "leave nothing new in one of 384"),
        ({"doc_stride": 60, "max_seq_len": 50}, "lower it"),
        ({"align_to_words": 1}, "align_to_words: expected True or False"),
        ({"handle_impossible_answer": "no"}, "handle_impossible_answer: expected True or False"),
        ({"null_threshold": "0"}, "null_threshold: expected a number or None"),
        ({"null_threshold": True}, "null_threshold: expected a number or None"),
        ({"null_threshold": math.nan}, "NaN"),
    ],
)
def test_options_that_are_refused(changed, message):
    """Catches a number out of range that would become a wrong answer, or none at all."""
    with pytest.raises(InputError, match=message):
        options(**changed)
