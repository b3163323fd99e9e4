"""A question beside one stretch of its context after another: what the model reads at a time."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...text.overflow import windows
from ...text.tokenizer import Tokenizer
from .options import SPECIAL, Options

Int32s = NDArray[np.int32]


class QuestionTokens(NamedTuple):
    """A question as the model reads it."""

    ids_L: Int32s
    truncated: int  # tokens that max_question_len cuts off


class ContextTokens(NamedTuple):
    """A whole context, without special tokens around it."""

    ids_L: Int32s
    words_L: Int32s  # number of the word, which ends at spaces and at punctuation
    spans_L2: Int32s  # characters of the context, half open


class ContextWindow(NamedTuple):
    """[CLS] question [SEP] stretch [SEP]; with padding on the left the stretch comes first."""

    ids_L: Int32s
    types_L: Int32s  # 0 for what comes first and its [SEP]; 1 behind, if the model is told types
    first: int  # where among these tokens the stretch begins
    words_N: Int32s  # of the stretch
    spans_N2: Int32s


def question_tokens(
    tokenizer: Tokenizer, questions: Sequence[str], options: Options
) -> list[QuestionTokens]:
    """The questions, cut to `max_question_len` tokens where that is given."""
    limit = options.max_question_len
    batch = tokenizer(
        questions,
        padding=False,
        truncation=limit is not None,
        max_length=None if limit is None else limit + 2,
        return_num_truncated_tokens=True,
    )
    truncated_B: Any = batch.num_truncated_tokens
    return [
        QuestionTokens(ids_L[1:-1], truncated)
        for ids_L, truncated in zip(batch.input_ids, truncated_B.tolist(), strict=True)
    ]


def context_tokens(tokenizer: Tokenizer, contexts: Sequence[str]) -> list[ContextTokens]:
    """The contexts, whole."""
    batch = tokenizer(contexts, padding=False, truncation=False, return_offsets_mapping=True)
    spans: Any = batch.offset_mapping
    return [
        ContextTokens(
            batch.input_ids[index][1:-1],
            np.array(batch.word_ids(index)[1:-1], np.int32),
            spans[index][1:-1],
        )
        for index in range(len(contexts))
    ]


def room_and_stride(asked: int, tokens: int, options: Options) -> tuple[int, int]:
    """How many tokens of the context a window holds, and how many of them two windows share.

    Args:
        asked: tokens of the question.
        tokens: of the context.
        options: of the call.

    Raises:
        InputError: the question leaves no room for the context, or no more than the stride that
            the call wants.
    """
    room, stride = options.max_seq_len - SPECIAL - asked, options.doc_stride
    if room >= tokens or room > stride:
        return room, stride
    if room <= 0:
        raise InputError(
            f"the question's {asked} tokens leave no room for the context in a window of "
            f"{options.max_seq_len}; shorten it, or cut it by max_question_len."
        )
    if options.own_stride:
        raise InputError(
            f"beside a question of {asked} tokens a window holds {room} of the context, which is "
            f"too few for doc_stride={stride}; lower it, or raise max_seq_len."
        )
    return room, room // 2


def context_windows(
    question: QuestionTokens,
    context: ContextTokens,
    tokenizer: Tokenizer,
    options: Options,
    number: int,
) -> Iterator[ContextWindow]:
    """One window after another, at least one; neighbours share `doc_stride` tokens of the context.

    A default stride that a long question leaves no room for is half of that room instead; the
    pipeline of Transformers fails there.

    Args:
        question: of these there is one.
        context: of any length.
        tokenizer: knows the special tokens and its sides.
        options: of the call.
        number: of the item among all, for messages.

    Raises:
        InputError: the question leaves no room for the context, or no more than the stride that
            the call wants.
    """
    settings = tokenizer.settings
    asked, tokens = len(question.ids_L), len(context.ids_L)
    try:
        room, stride = room_and_stride(asked, tokens, options)
    except InputError as failure:
        raise InputError(f"inputs[{number}]: {failure}") from None
    context_first = settings.padding_side == "left"
    cls_, sep = [np.array([i], np.int32) for i in (tokenizer.cls_token_id, tokenizer.sep_token_id)]
    on_the_left = settings.truncation_side == "left"
    for start, stop in windows(tokens, room, stride, left=on_the_left):
        stretch_N = context.ids_L[start:stop]
        texts = (stretch_N, question.ids_L) if context_first else (question.ids_L, stretch_N)
        ids_L = np.concatenate([cls_, texts[0], sep, texts[1], sep])
        types_L = (np.arange(len(ids_L)) >= len(texts[0]) + 2).astype(np.int32)
        if not settings.returns_token_type_ids:  # the model is told none
            types_L[:] = 0
        yield ContextWindow(
            ids_L,
            types_L,
            1 if context_first else 2 + asked,
            context.words_L[start:stop],
            context.spans_L2[start:stop],
        )
