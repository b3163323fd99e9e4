"""Windows beside the rows that the tokenizer makes of what it cuts off."""

import json

import numpy as np
import pytest

from npdistil import InputError, Tokenizer
from npdistil.tasks.answering.context_windows import (
    context_tokens,
    context_windows,
    question_tokens,
)
from tests.tasks.answering.test_spans import options
from tests.text.tiny import VOCAB

QUESTION = "the unable a"
CONTEXT = "a b c unable, the é! zzz 中 b " * 6


def made(tokenizer, question, context, number=0, **changed):
    chosen = options(**changed)
    (asked,) = question_tokens(tokenizer, [question], chosen)
    (tokens,) = context_tokens(tokenizer, [context])
    return asked, [*context_windows(asked, tokens, tokenizer, chosen, number)]


def folder(tmp_path, **settings):
    """A tokenizer with settings of a folder."""
    (tmp_path / "vocab.txt").write_text("".join(f"{token}\n" for token in VOCAB), "utf-8")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    return Tokenizer.from_pretrained(tmp_path, backend="python")


@pytest.mark.parametrize("padding_side", ["right", "left"])
@pytest.mark.parametrize("truncation_side", ["right", "left"])
@pytest.mark.parametrize("length, stride", [(20, 0), (20, 3), (17, 6), (300, 10)])
def test_windows_are_the_rows_of_the_tokenizer(
    tmp_path, padding_side, truncation_side, length, stride
):
    """Catches a stride off by one, a lost last window, a swapped order, types or offsets."""
    tokenizer = folder(tmp_path, padding_side=padding_side, truncation_side=truncation_side)
    question_first = padding_side == "right"
    pair = (QUESTION, CONTEXT) if question_first else (CONTEXT, QUESTION)
    batch = tokenizer(
        *pair,
        padding=False,
        truncation="only_second" if question_first else "only_first",
        max_length=length,
        stride=stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    _, found = made(tokenizer, QUESTION, CONTEXT, max_seq_len=length, doc_stride=stride)
    assert len(found) == len(batch.input_ids) and (len(found) > 3) == (length < 300)
    for row, window in enumerate(found):
        assert window.ids_L.tolist() == batch.input_ids[row].tolist()
        assert window.types_L.tolist() == batch.token_type_ids[row].tolist()
        of_context = np.array([place == int(question_first) for place in batch.sequence_ids(row)])
        assert np.flatnonzero(of_context)[0] == window.first
        assert of_context.sum() == len(window.words_N)
        words = np.array(batch.word_ids(row))[of_context]
        assert window.words_N.tolist() == words.tolist()
        spans = np.array(batch.offset_mapping[row])[of_context]
        assert window.spans_N2.tolist() == spans.tolist()


def test_a_model_that_is_told_no_types(tmp_path):
    """Catches types that the folder says the model does not get."""
    names = ["input_ids", "attention_mask"]
    _, found = made(folder(tmp_path, model_input_names=names), QUESTION, CONTEXT, max_seq_len=20)
    assert found and not any(window.types_L.any() for window in found)


def test_every_token_of_the_context_is_in_a_window(tmp_path):
    """Catches a context whose end is never read."""
    _, found = made(folder(tmp_path), QUESTION, CONTEXT, max_seq_len=16, doc_stride=2)
    read = {tuple(span) for window in found for span in window.spans_N2.tolist()}
    (whole,) = context_tokens(folder(tmp_path), [CONTEXT])
    assert read == {tuple(span) for span in whole.spans_L2.tolist()}


def test_an_empty_context_is_one_window(tmp_path):
    """Catches no window at all, and so no answer."""
    _, (window,) = made(folder(tmp_path), QUESTION, " \t")
    assert (window.first, len(window.words_N)) == (len(window.ids_L) - 1, 0)


def test_a_question_is_cut_and_counted(tmp_path):
    """Catches a limit that cuts pieces anew, counts [CLS], or is not reported."""
    whole, _ = made(folder(tmp_path), QUESTION, CONTEXT)
    cut, windows = made(folder(tmp_path), QUESTION, CONTEXT, max_question_len=2)
    assert (whole.truncated, cut.truncated) == (0, len(whole.ids_L) - 2)
    assert cut.ids_L.tolist() == whole.ids_L[:2].tolist()
    assert windows[0].first == 4


def test_a_long_question_shortens_a_default_stride(tmp_path):
    """Catches a question that is refused for a stride which nobody chose, or a lost token."""
    asked, found = made(folder(tmp_path), QUESTION, CONTEXT, max_seq_len=14)
    room = 14 - 3 - len(asked.ids_L)
    assert room <= 14 // 2
    assert {len(window.words_N) for window in found[:-1]} == {room}
    first, second = (window.spans_N2.tolist() for window in found[:2])
    assert first[-(room // 2) :] == second[: room // 2]


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"max_seq_len": 6, "doc_stride": 0}, r"inputs\[7\]: the question's \d+ tokens leave no"),
        ({"max_seq_len": 14, "doc_stride": 9}, r"inputs\[7\]: beside a question of \d+ tokens"),
    ],
)
def test_no_room_for_the_context(tmp_path, changed, message):
    """Catches a window that never moves on."""
    with pytest.raises(InputError, match=message):
        made(folder(tmp_path), QUESTION, CONTEXT, 7, **changed)
