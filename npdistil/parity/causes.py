"""The likely cause of a divergence: what makes our own side compute what theirs does.

Each hypothesis is our side with one thing changed, which is then computed. The one that reproduces
theirs is named. None is taken from how a divergence looks, and where none reproduces it, none is
named.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..dims import Floats
from .hypotheses_formulas import formula_hypotheses
from .hypotheses_text import text_hypotheses
from .hypotheses_vectors import vector_hypotheses
from .hypotheses_weights import weight_hypotheses
from .hypothesis import Case, Hypothesis
from .ours import Ours
from .side import Observed
from .texts import Text

FALL = 1 / 5  # what a cause may leave of a difference, which may be little more than rounding
CERTAIN = 1 / 100  # who leaves no more of it, and explains everything, is the one


class Cause(NamedTuple):
    """What is likely wrong on the other side.

    Attributes:
        key: "tanh_gelu", "layer_norm_eps", "padding_mask", "positions", "token_types",
            "transposed_weight", "query_key_swapped", "missing_scale", "norm_before_residual",
            "first_token_pooling", "max_length", "normalize", "lower_case", "strip_accents",
            "float16_weights"; or, of their kind, "hidden_act" and "pooling".
        where: what it changes first: ids, an activation or the sentence embedding; for a weight
            or a table the path of the tensor in `EncoderParams`.
        sentence: what is likely wrong, and what to do.
        before: the largest difference where the sides differ first; of ids 1, or 0.
        after: what is left of it when we compute as they seem to.
    """

    key: str
    where: str
    sentence: str
    before: float
    after: float


class Found(NamedTuple):
    """What trying a hypothesis has shown.

    Attributes:
        reach: how many of the things that are compared are explained, from the first one on.
        rest: the largest difference among them as a power of 2 of what rounding allows; below a
            tenth of that all are alike.
        before: as in `Cause`.
        after: likewise.
    """

    reach: int
    rest: int
    before: float
    after: float


def likely_cause(
    ours: Ours, texts: Sequence[Text], theirs: Observed, first: str | None
) -> Cause | None:
    """Try every hypothesis that may begin where the sides differ first, and name the best.

    Args:
        ours: our own side.
        texts: what both computed.
        theirs: what the other side made of them.
        first: what differs first, as the report says it; None, or what is not shown: look.

    Returns:
        None: nothing differs, or no hypothesis reproduces theirs.

    Raises:
        InputError: something that is no text, or no texts.
        ConfigError: the vocabulary is larger than the encoder's table.
    """
    tokens = ours.tokens(texts)
    case = Case(ours, texts, tokens, ours.compute(tokens), theirs, first)
    if case.first is None:
        return None
    explaining = []
    for hypothesis in hypotheses(case):
        if _tried(case.few, hypothesis) is None:
            continue
        found = _tried(case, hypothesis)
        if found is not None:
            explaining.append((found, hypothesis))
            if found.reach == len(case.apart) and found.after <= CERTAIN * found.before:
                break  # all of it: nothing can do better
    if not explaining:
        return None
    # The first of those that leave as little.
    found, best = min(explaining, key=lambda pair: (-pair[0].reach, pair[0].rest))
    return Cause(best.key, best.tensor or best.begins, best.sentence, found.before, found.after)


def hypotheses(case: Case) -> Iterator[Hypothesis]:
    """All that may begin where the sides differ first; the frequent and few come first."""
    for kind in text_hypotheses, vector_hypotheses, formula_hypotheses, weight_hypotheses:
        yield from (hypothesis for hypothesis in kind(case) if case.may_begin(hypothesis.begins))


def _tried(case: Case, hypothesis: Hypothesis) -> Found | None:
    """What a hypothesis explains; None: not what differs first, or not all of that stage.

    Behind the stage the sides may differ again: then there is a second mistake.
    """
    assert case.first is not None
    with np.errstate(all="ignore"):  # a mistake may well overflow
        left = case.apart_from(hypothesis.compute(case.texts, case.tokens))
    before, after = (_size(x[case.first]) for x in (case.apart, left))
    if not after <= FALL * before:
        return None
    reach, rest, own = 0, 0.1, _stage(case.first)
    for name, apart_B in case.apart.items():
        limit, size = case.bounds[name], _size(left[name])
        if np.isfinite(whole := _size(apart_B)):
            limit = max(limit, case.share(name) * whole)
        if not size <= limit:
            break
        reach, rest = reach + 1, max(rest, size / limit if limit else 0)
    if any(_stage(name) == own for name in [*case.apart][reach:]):
        return None
    return Found(reach, round(math.log2(rest)), before, after)


def _size(apart_B: Floats) -> float:
    return float(apart_B.max())


def _stage(name: str) -> str:
    """The half of a layer, or what else is computed in one go: what must be explained whole."""
    parts = name.split(".")
    if parts[0] != "layers":
        return parts[0]
    return f"{parts[1]} attention" if parts[2] == "attention" else f"{parts[1]} feed-forward"
