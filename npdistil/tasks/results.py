"""The dicts and lists of Transformers' pipelines, which also say what was cut off."""

from collections.abc import Iterable, Mapping
from typing import Any


class Answer(dict[str, Any]):
    """A result that is a dict; equal to the plain one.

    Attributes:
        num_truncated_tokens: how many tokens of the input were left out because the model takes no
            more; 0 where it was read whole.

    >>> answer = Answer({"label": "POSITIVE", "score": 0.98}, num_truncated_tokens=3)
    >>> answer == {"label": "POSITIVE", "score": 0.98}, answer.num_truncated_tokens
    (True, 3)
    """

    num_truncated_tokens: int

    def __init__(self, values: Mapping[str, Any], num_truncated_tokens: int = 0) -> None:
        super().__init__(values)
        self.num_truncated_tokens = num_truncated_tokens


class Answers(list[Any]):
    """A result that is a list; equal to the plain one.

    Attributes:
        num_truncated_tokens: as in `Answer`.
    """

    num_truncated_tokens: int

    def __init__(self, values: Iterable[Any], num_truncated_tokens: int = 0) -> None:
        super().__init__(values)
        self.num_truncated_tokens = num_truncated_tokens
