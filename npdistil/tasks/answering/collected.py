"""The answers of all windows of a context, and what is made of them."""

from typing import Any

from .options import Options
from .spans import WindowSpans


class Collected:
    """Takes windows in their order; equal answers are one, whose scores add up.

    Answers are equal where their lower-cased text is; the first one met keeps its place. So a score
    may exceed 1: each window has a distribution of its own.
    Source: the question-answering pipeline of Transformers 4.57.6.
    """

    def __init__(self, context: str) -> None:
        self._context = context
        self._answers: dict[str, dict[str, Any]] = {}
        self._null_score = self._null_logit = float("inf")  # least of all windows
        self._best_logit = -float("inf")

    def add(self, found: WindowSpans) -> None:
        """The next window."""
        for score, start, end in found.spans:
            text = self._context[start:end]
            lower = text.lower()
            known = self._answers.get(lower)
            if known:
                known["score"] += score
            else:
                answer = {"score": score, "start": start, "end": end, "answer": text}
                self._answers[lower] = answer
        self._null_score = min(self._null_score, found.null_score)
        self._null_logit = min(self._null_logit, found.null_logit)
        self._best_logit = max(self._best_logit, found.best_logit)

    @property
    def null_odds(self) -> float:
        """How far "no answer" is above the best answer, as a difference of sums of logits.

        Source: null_odds.json of BERT's run_squad.py.
        """
        return self._null_logit - self._best_logit

    def best(self, options: Options) -> list[dict[str, Any]]:
        """The `top_k` best answers, or fewer; at least one."""
        found = [*self._answers.values()]
        no_answer = {"score": self._null_score, "start": 0, "end": 0, "answer": ""}
        if options.null_threshold is None and options.handle_impossible_answer:
            found.append(no_answer)
        found.sort(key=lambda answer: -answer["score"])
        if options.null_threshold is not None and self.null_odds > options.null_threshold:
            found.insert(0, no_answer)
        if not found:  # a context without a token
            found = [{**no_answer, "score": 0.0}]
        return found[: options.top_k]
