"""The results of question answering: what the pipeline returned, and what it did not say."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..results import Answer, Answers


class SpanAnswer(Answer):
    """One answer; equal to the plain dict.

    Attributes:
        num_truncated_tokens: of the question; a context is read whole, however long.
        null_odds: how far the sum of [CLS]'s logits is above that of the best answer; the larger,
            the likelier there is no answer.
    """

    null_odds: float

    def __init__(
        self, values: Mapping[str, Any], num_truncated_tokens: int, null_odds: float
    ) -> None:
        super().__init__(values, num_truncated_tokens)
        self.null_odds = null_odds


class SpanAnswers(Answers):
    """Several answers, best first; equal to the plain list.

    Attributes:
        num_truncated_tokens: as in `SpanAnswer`.
        null_odds: likewise.
    """

    null_odds: float

    def __init__(self, values: Iterable[Any], num_truncated_tokens: int, null_odds: float) -> None:
        super().__init__(values, num_truncated_tokens)
        self.null_odds = null_odds


def span_result(
    found: list[dict[str, Any]], num_truncated_tokens: int, null_odds: float
) -> SpanAnswer | SpanAnswers:
    """One answer is a dict, however many were asked for; as Transformers 4.57.6 has it."""
    if len(found) == 1:
        return SpanAnswer(found[0], num_truncated_tokens, null_odds)
    return SpanAnswers(found, num_truncated_tokens, null_odds)
