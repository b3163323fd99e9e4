"""Answers of npdistil beside the pipeline's, as scores and places."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .cases import Case
from .models import GOLDEN

SCORES = 1e-3  # relative
LEAST = 1e-30  # no score is divided by less
ABOVE_UNIFORM = 4  # twice what tools/task_cases/figure.py asks of scores that sum to 1

Answer = tuple[float, int, int]  # score, start, end


class Comparison(NamedTuple):
    """Our results beside the peer's."""

    inputs: int
    unlike: int  # answers, places, order or number
    scores: float  # largest relative difference
    decided: float  # share of inputs whose best score is ABOVE_UNIFORM times a uniform one

    def __str__(self) -> str:
        return (
            f"{self.inputs} inputs, {self.unlike} unlike, scores within {self.scores:.1e}, "
            f"{self.decided:.0%} decided"
        )

    @property
    def good(self) -> bool:
        """Nothing differs, and it could have."""
        return not self.unlike and self.scores <= SCORES and self.decided > 0.5


def plain(result: Any, case: Case) -> list[Answer]:
    """A result as scores and places, after a look at its texts.

    Left out are answers of score 0, unless there is no other: where a context has fewer spans than
    the pipeline looks for, it fills up with spans that end before they begin or hold [CLS], in an
    order that NumPy's partition leaves to chance.

    Raises:
        ValueError: the pipeline refused the case, or an answer is not what stands at its place.
    """
    if result is None:
        raise ValueError(f"{case.name}: was refused.")
    answers = [result] if isinstance(result, dict) else result
    for answer in answers:
        if answer["answer"] != case.context[answer["start"] : answer["end"]]:
            raise ValueError(f"{case.name}: {answer} is not at its place.")
    kept = [answer for answer in answers if answer["score"] > 0] or answers[:1]
    return [(float(f"{a['score']:.7g}"), a["start"], a["end"]) for a in kept]


def compare(
    answerer: Callable[..., Any], cases: Sequence[Case], wanted: Sequence[Sequence[Sequence[Any]]]
) -> Comparison:
    """Ask npdistil.

    Args:
        answerer: a `QuestionAnswering`.
        cases: what is asked.
        wanted: score, start and end of the peer's answers to each.
    """
    unlike, scores, decided = 0, 0.0, 0
    for case, theirs in zip(cases, wanted, strict=True):
        result = answerer(question=case.question, context=case.context, **case.options)
        ours = plain(result, case)
        unlike += [mine[1:] for mine in ours] != [(start, end) for _, start, end in theirs]
        for mine, other in zip(ours, theirs, strict=False):
            scores = max(scores, abs(mine[0] - other[0]) / max(other[0], LEAST))
        spans = max(1, len(case.context.split())) * case.options.get("max_answer_len", 15)
        decided += theirs[0][0] > ABOVE_UNIFORM / spans
    return Comparison(len(cases), unlike, scores, decided / len(cases))


def golden(name: str, part: str) -> dict[str, list[list[Any]]]:
    """Of one model the answers to each case, by its name; `part` is "written" or "real"."""
    content = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    found: dict[str, list[list[Any]]] = content[part]
    return found


def golden_of(name: str, part: str, cases: Sequence[Case]) -> list[list[list[Any]]]:
    """The answers to these cases.

    Raises:
        ValueError: one is missing: the files are of other cases.
    """
    found = golden(name, part)
    missing = [case.name for case in cases if case.name not in found]
    if missing:
        raise ValueError(
            f"{name}: no golden answer to {missing[0]!r}; run tools/make_qa_goldens.py."
        )
    return [found[case.name] for case in cases]


def differences(old: Any, new: Any) -> list[str]:
    """Names of the cases whose places differ, or whose scores do by more than SCORES."""
    wrong = []
    for part in ("written", "real"):
        for name in {**old[part], **new[part]}:
            pair = [tuple(map(tuple, source[part].get(name, ()))) for source in (old, new)]
            same = [answer[1:] for answer in pair[0]] == [answer[1:] for answer in pair[1]]
            if not same or any(
                abs(a[0] - b[0]) > SCORES * max(a[0], b[0]) for a, b in zip(*pair, strict=True)
            ):
                wrong.append(name)
    return wrong
