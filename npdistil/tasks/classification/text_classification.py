"""`TextClassification`: texts and pairs to labels, as Transformers' pipeline does it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ...arguments import as_integer
from ...dims import Floats
from ...errors import InputError
from ...heads.sequence_classification import SequenceClassification
from ..call_defaults import with_defaults
from ..head_task import HeadTask
from ..results import Answer, Answers
from ..stream import BATCH_TOKENS, answers
from .samples import as_samples, is_sample
from .scores import FUNCTIONS, checked_function, default_function
from .sequence_logits import checked_limits, sequence_logits

TopK = int | Literal["default"] | None


class TextClassification(HeadTask[SequenceClassification]):
    """A tokenizer, an encoder and a head for sequences. Safe to share between threads.

    Attributes:
        model: tokenizer, encoder, head, and the settings of config.json.
    """

    task = "text-classification"

    def _prepare(self) -> None:
        # Not filled into calls: whether a call said top_k decides what one text gives.
        self._top_k = _checked_top_k(self.call_defaults.pop("top_k", "default"))

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each class, in the order of the logits."""
        return self.model.settings.labels

    @with_defaults
    def __call__(
        self,
        inputs: str | dict[str, str] | Path | Iterable[str | dict[str, str]],
        *,
        top_k: TopK = "default",
        function_to_apply: str | None = None,
        truncation: bool | str = True,
        max_length: int | None = None,
        batch_tokens: int = BATCH_TOKENS,
        batch_size: int | None = None,
    ) -> Any:
        """Classify one input, a list of them, or a stream of them; none depends on the others.

        Args:
            inputs: a text; {"text": ..., "text_pair": ...} for two that are read together; a list,
                tuple or array of these; the `Path` of a file with a text a line; or any iterable.
            top_k: how many labels, best first; None means all, and so does more than there are.
                "default" gives the best one without a list around it, or as many as the object
                was made with.
            function_to_apply: "sigmoid", "softmax" or "none". None means what Transformers decides:
                nothing for a regression, a sigmoid where labels do not exclude each other or there
                is only one, else a softmax.
            truncation: cut inputs that are longer than the model takes: True or "longest_first",
                "only_first", "only_second"; with False they are an error.
            max_length: tokens of an input, special ones included; None means the model's limit.
            batch_tokens: tokens computed at a time; bounds memory, changes no result.
            batch_size: inputs computed at a time; None: as many as `batch_tokens` allows.

        Returns:
            For each input {"label": str, "score": float}, or with `top_k` a list of such dicts, as
            Transformers' pipelines of this name; each says with `num_truncated_tokens` how much was
            cut off. A list of these for a list, an iterator for a stream. For one text it is a list
            of one where `top_k` was not passed to this call: that is how Transformers does it.

        Raises:
            InputError: an input that is no text or pair of texts; the message has its number.
        """
        wanted = self._top_k if top_k == "default" else _checked_top_k(top_k)
        name = checked_function(function_to_apply)
        limits = checked_limits(truncation, max_length, batch_tokens, batch_size)

        def window(items: list[Any], first: int) -> list[Answer | Answers]:
            logits_BC, truncated_B = sequence_logits(self.model, as_samples(items, first), limits)
            return [
                self._answer(logits_C, name, wanted, int(truncated))
                for logits_C, truncated in zip(logits_BC, truncated_B, strict=True)
            ]

        found = answers(inputs, is_sample, window, "texts")
        if isinstance(inputs, str) and top_k == "default":
            return Answers([found], found.num_truncated_tokens)
        return found

    def _answer(
        self, logits_C: Floats, function: str | None, top_k: TopK, truncated: int
    ) -> Answer | Answers:
        settings = self.model.settings
        name = function or default_function(settings.problem_type, settings.num_labels)
        scores = FUNCTIONS[name](logits_C).tolist()
        if top_k == "default":
            best = int(np.argmax(scores))
            return Answer({"label": self.labels[best], "score": scores[best]}, truncated)
        rows = [
            {"label": label, "score": score}
            for label, score in zip(self.labels, scores, strict=True)
        ]
        rows.sort(key=lambda row: row["score"], reverse=True)
        return Answers(rows[:top_k], truncated)


def _checked_top_k(top_k: object) -> TopK:
    if top_k is None or top_k == "default":
        return top_k
    number = as_integer(top_k, "top_k")
    if number < 1:
        raise InputError(f"top_k: expected a positive integer or None, received {number}.")
    return number
