"""The options of a call, checked against each other and against the model."""

import math
from typing import NamedTuple

from ...arguments import as_flag, as_integer
from ...errors import InputError

MAX_SEQ_LEN, DOC_STRIDE = 384, 128  # unless the call or the model says otherwise
SPECIAL = 3  # [CLS], and a [SEP] behind each text
# Candidates of a window: aligned to words, several of them may be the same answer.
SPARE_FACTOR, SPARE = 2, 10


class Options(NamedTuple):
    """What `QuestionAnswering.__call__` takes, checked and with its defaults filled in."""

    top_k: int
    doc_stride: int
    own_stride: bool  # the call said it; a default gives way where a question leaves little room
    max_answer_len: int
    max_seq_len: int
    max_question_len: int | None  # None: a question is kept whole
    handle_impossible_answer: bool
    align_to_words: bool
    null_threshold: float | None

    @property
    def candidates(self) -> int:
        """Spans that each window proposes."""
        return SPARE_FACTOR * self.top_k + SPARE if self.align_to_words else self.top_k


def checked_options(
    *,
    limit: int,
    top_k: object = 1,
    doc_stride: object = None,
    max_answer_len: object = 15,
    max_seq_len: object = None,
    max_question_len: object = None,
    handle_impossible_answer: object = False,
    align_to_words: object = True,
    null_threshold: object = None,
) -> Options:
    """Check the options; `limit` is the most tokens that the model takes.

    Raises:
        InputError: a wrong type, a number out of range, or a stride that leaves no way forward.
    """
    length = min(limit, MAX_SEQ_LEN)
    if max_seq_len is not None:
        length = _at_least(SPECIAL + 2, max_seq_len, "max_seq_len")
        if length > limit:
            raise InputError(f"max_seq_len: {length}, but the model takes {limit} tokens at most.")
    stride = min(length // 2, DOC_STRIDE)
    if doc_stride is not None:
        stride = _at_least(0, doc_stride, "doc_stride")
        if stride >= length - SPECIAL:
            raise InputError(
                f"doc_stride: {stride} tokens that windows share leave nothing new in one of "
                f"{length} (max_seq_len); lower it."
            )
    question = None
    if max_question_len is not None:
        question = _at_least(1, max_question_len, "max_question_len")
    return Options(
        top_k=_at_least(1, top_k, "top_k"),
        doc_stride=stride,
        own_stride=doc_stride is not None,
        max_answer_len=_at_least(1, max_answer_len, "max_answer_len"),
        max_seq_len=length,
        max_question_len=question,
        handle_impossible_answer=as_flag(handle_impossible_answer, "handle_impossible_answer"),
        align_to_words=as_flag(align_to_words, "align_to_words"),
        null_threshold=_number_or_none(null_threshold),
    )


def _at_least(least: int, value: object, name: str) -> int:
    number = as_integer(value, name)
    if number < least:
        raise InputError(f"{name}: at least {least}, received {number}.")
    return number


def _number_or_none(value: object) -> float | None:
    if value is None:
        return None
    try:
        if isinstance(value, bool | str):
            raise TypeError
        number = float(value)  # type: ignore[arg-type]  # TypeError is caught
    except (TypeError, ValueError):
        raise InputError(
            f"null_threshold: expected a number or None, received {value!r:.80}."
        ) from None
    if math.isnan(number):
        raise InputError("null_threshold: NaN is above and below nothing; pass a number or None.")
    return number
