"""`QuestionAnswering`: the stretch of a text that answers a question, with its place."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...encoder.packing import pack_rows
from ...errors import InputError
from ...heads.question_answering import QuestionAnswering as Head
from ..call_defaults import with_defaults
from ..head_task import HeadTask
from ..stream import BATCH_TOKENS, Bounds, answers, checked_bounds
from .asked import Asked, as_asked, as_inputs
from .collected import Collected
from .context_windows import (
    ContextWindow,
    context_tokens,
    context_windows,
    question_tokens,
    room_and_stride,
)
from .options import SPECIAL, Options, checked_options
from .span_answer import SpanAnswer, SpanAnswers, span_result
from .spans import window_spans


class QuestionAnswering(HeadTask[Head]):
    """Extractive question answering, as the pipeline of Transformers 4.57.6. Safe for threads.

    The answers are those of that pipeline with its fast tokenizer, with these differences:

    * A list of one item gives a list of one result.
    * Where a context has fewer than `top_k` spans there are fewer answers; the pipeline adds spans
      of score 0, which end before they begin or hold [CLS].
    * `max_question_len` works; with a fast tokenizer the pipeline forgets it. Hence the default.
    * A question that leaves no room for the default `doc_stride` shortens it; the pipeline fails.
    * "[CLS]" that somebody wrote into a question is no part of an answer.
    * With a tokenizer that pads on the left, where the context comes first, an answer still lies in
      the context; the pipeline takes the question's words for words of the context there.

    Attributes:
        model: tokenizer, encoder, head and settings.
    """

    task = "question-answering"

    @with_defaults
    def __call__(
        self,
        inputs: object = None,
        context: object = None,
        *,
        question: object = None,
        top_k: int = 1,
        doc_stride: int | None = None,
        max_answer_len: int = 15,
        max_seq_len: int | None = None,
        max_question_len: int | None = None,
        handle_impossible_answer: bool = False,
        align_to_words: bool = True,
        null_threshold: float | None = None,
        batch_tokens: int = BATCH_TOKENS,
        batch_size: int | None = None,
    ) -> Any:
        """Answer questions, each from its context, of any length.

        A context that does not fit beside its question is read in windows that overlap. Start and
        end of an answer are distributions over each window's tokens, with [CLS] for "no answer";
        equal answers of several windows are one, and their scores add up.

        Args:
            inputs: a dict with question and context, or any iterable of such; a `Path` of JSON
                lines; or what `question` takes, if a context follows.
            context: a str, or as many as there are questions.
            question: a str; or a list, tuple, one-dimensional array or column of them.
            top_k: how many answers; there may be fewer.
            doc_stride: tokens that neighbouring windows share; None means 128, or half of
                `max_seq_len` where that is less, or half of what a long question leaves.
            max_answer_len: the most tokens of an answer.
            max_seq_len: tokens of a window, the question and special tokens included; None means
                384, or as many as the model takes.
            max_question_len: tokens of the question that are read; None reads all of it.
            handle_impossible_answer: let "" compete, with the product of [CLS]'s probabilities in
                the window where it is least.
            align_to_words: let answers begin and end where words do.
            null_threshold: if given, and [CLS]'s sum of logits is above that of the best answer by
                more than this, then "" comes first, else it is not an answer at all;
                `handle_impossible_answer` is not asked then. As the script of SQuAD 2.
            batch_tokens: tokens computed at a time; bounds memory, changes no result.
            batch_size: windows computed at a time; None: as many as `batch_tokens` allows.

        Returns:
            For one question {"score", "start", "end", "answer"}, start and end in characters of
            the context, "" at 0 for no answer; a list of these, best first, where there are more
            than one. Results have `num_truncated_tokens`, of the question, and `null_odds`, the
            difference that `null_threshold` is compared with. For a list, a list of results; for
            another iterable, an iterator of them.

        Raises:
            InputError: no text, an empty one, an option out of range, a `doc_stride` that leaves
                nothing new in a window, or a question that leaves no room for the context.
            ModelFileError: scores that are no numbers.
        """
        options = checked_options(
            limit=self.model.max_length,
            top_k=top_k,
            doc_stride=doc_stride,
            max_answer_len=max_answer_len,
            max_seq_len=max_seq_len,
            max_question_len=max_question_len,
            handle_impossible_answer=handle_impossible_answer,
            align_to_words=align_to_words,
            null_threshold=null_threshold,
        )
        bounds = checked_bounds(batch_tokens, batch_size)
        asked = as_inputs(inputs, question, context)

        def window(items: list[Any], first: int) -> list[SpanAnswer | SpanAnswers]:
            return self._answers(items, first, options, bounds)

        return answers(asked, lambda item: isinstance(item, Mapping), window, "questions")

    def expect_room(
        self,
        question: str,
        context: str,
        *,
        doc_stride: int | None = None,
        max_seq_len: int | None = None,
        max_question_len: int | None = None,
    ) -> None:
        """Refuse a question that no window can hold, before many others are answered.

        Args:
            question: what is asked.
            context: what is to answer it.
            doc_stride: as for a call.
            max_seq_len: likewise.
            max_question_len: likewise.

        Raises:
            InputError: the question leaves no room for the context, or an option is out of range.
        """
        options = checked_options(
            limit=self.model.max_length,
            doc_stride=doc_stride,
            max_seq_len=max_seq_len,
            max_question_len=max_question_len,
        )
        (tokens,) = question_tokens(self.model.tokenizer, [question], options)
        asked = len(tokens.ids_L)
        if options.max_seq_len - SPECIAL - asked <= options.doc_stride:  # else any context fits
            (read,) = context_tokens(self.model.tokenizer, [context])
            room_and_stride(asked, len(read.ids_L), options)

    def _answers(
        self, items: list[Any], first: int, options: Options, bounds: Bounds
    ) -> list[SpanAnswer | SpanAnswers]:
        asked = _checked(items, first)
        questions = question_tokens(
            self.model.tokenizer, [item.question for item in asked], options
        )
        found = [Collected(item.context) for item in asked]
        waiting: list[tuple[Collected, ContextWindow]] = []
        rows = 0
        places = {context: n for n, context in enumerate(dict.fromkeys(a.context for a in asked))}
        contexts = context_tokens(self.tokenizer, [*places])  # each once
        for index, item in enumerate(asked):
            context = contexts[places[item.context]]
            for window in context_windows(
                questions[index], context, self.model.tokenizer, options, first + index
            ):
                if waiting and (
                    rows + len(window.ids_L) > bounds.batch_tokens
                    or len(waiting) == bounds.batch_size
                ):
                    self._compute(waiting, options)
                    waiting, rows = [], 0
                waiting.append((found[index], window))
                rows += len(window.ids_L)
        self._compute(waiting, options)
        return [
            span_result(collected.best(options), question.truncated, collected.null_odds)
            for collected, question in zip(found, questions, strict=True)
        ]

    def _compute(self, waiting: list[tuple[Collected, ContextWindow]], options: Options) -> None:
        windows = [window for _, window in waiting]
        ends = np.cumsum([0, *(len(window.ids_L) for window in windows)])
        config = self.model.encoder.config
        batch = pack_rows(
            np.concatenate([window.ids_L for window in windows]),
            ends,
            config,
            np.concatenate([window.types_L for window in windows]),
        )
        logits_T2 = self.model.head.logits(self.model.encoder.backend, batch)
        for (collected, window), start, stop in zip(waiting, ends[:-1], ends[1:], strict=True):
            collected.add(window_spans(logits_T2[start:stop], window, options))


def _checked(items: list[Any], first: int) -> list[Asked]:
    asked = []
    for number, item in enumerate(items, first):
        try:
            asked.append(as_asked(item))
        except InputError as failure:
            raise InputError(f"inputs[{number}]: {failure}") from None
    return asked
