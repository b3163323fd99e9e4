"""What another forward pass may compute, beside the function of the reference that has it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..config import EPS_RANGE
from ..dims import Floats
from ..trace.hooks import Hooks
from .hypothesis import SENTENCE, Case, Compute, Hypothesis, rows_of
from .moved_norms import moved_norms
from .ours import Ours
from .side import Observed, Tokens
from .texts import Text

NAMED = {"gelu": "the exact GELU, with erf", "gelu_tanh": "the tanh form of GELU"}
# How config.json spells a function of reference/activation.py.
SPELLED = {"gelu": "gelu", "gelu_tanh": "gelu_new", "quick_gelu": "quick_gelu", "relu": "relu"}
RSTD, PROBS = "embeddings.norm.rstd", "layers.0.attention.probs"
FIRST_EPS = 1e-6  # where the search for an eps begins
EPS_STEPS = 5
NEAR = 1e-3
NO_SCORE = -1e9  # of a masked key: its probability is 0


def formula_hypotheses(case: Case) -> Iterator[Hypothesis]:
    """Another activation function, eps, mask, scale, or place of LayerNorm."""
    ours, config = case.ours, case.ours.config
    own = config.activation
    for name, hidden_act in SPELLED.items():
        if name != own:  # in `reference.forward.feed_forward`
            yield Hypothesis(
                "tanh_gelu" if {name, own} == NAMED.keys() else "hidden_act",
                "layers.0.feed_forward.activation",
                f"Their activation function is {NAMED.get(name, name)}; this model's is "
                f"{NAMED.get(own, own)} (hidden_act of config.json).",
                _with_config(ours, hidden_act=hidden_act),
            )
    for eps in (
        _solved_eps(case) if case.may_begin(RSTD) else ()
    ):  # in `reference.forward.layer_norm`
        yield Hypothesis(
            "layer_norm_eps",
            RSTD,
            f"The eps of their LayerNorms is {eps:.3g}; this model's is "
            f"{config.layer_norm_eps:.3g} (layer_norm_eps of config.json).",
            _with_config(ours, layer_norm_eps=eps),
        )
    yield from _masks(case)
    layers = range(config.num_hidden_layers)
    for where in dict.fromkeys(["*", *layers] if len(layers) > 1 else ["*"]):
        yield Hypothesis(  # in `reference.forward.attention_scores`
            "missing_scale",
            f"layers.{0 if where == '*' else where}.attention.scores",
            f"They do not divide the products of queries and keys by the square root of the size "
            f"of a head, {config.head_size}{'' if where == '*' else f', in layer {where}'}.",
            _with_hooks(ours, partial(unscaled, ours, where)),
        )
    for inside, begins, sentence in (
        (
            False,
            "layers.0.attention.norm.mean",
            "They normalise what attention and feed-forward make, and add the residual afterwards; "
            "add it first: LayerNorm(x + residual).",
        ),
        (
            True,
            "layers.0.attention.query",
            "They normalise what attention and feed-forward take, not what they make with the "
            "residual; this model does that: LayerNorm(x + residual).",
        ),
    ):
        moved = partial(moved_norms, ours, inside)
        yield Hypothesis("norm_before_residual", begins, sentence, _with_hooks(ours, moved))


def _solved_eps(case: Case) -> Iterator[float]:
    """Which eps would give what they have: the secant method on what differs first.

    Every value is nearly linear in eps, as eps is small beside a variance.
    """
    few, ours = case.few, case.ours
    goal_N = few.values(few.theirs)
    eps, at_N = ours.config.layer_norm_eps, few.values(few.base)
    if goal_N.shape != at_N.shape or not np.isfinite(goal_N).all():
        return
    low, high = EPS_RANGE
    other, slope_N = FIRST_EPS if eps < FIRST_EPS / 2 else eps / 2, np.zeros_like(goal_N)
    for _ in range(EPS_STEPS):
        compute = _with_config(ours, layer_norm_eps=other)
        other_N = few.values(compute(few.texts, few.tokens))
        if abs(other - eps) > NEAR * other:  # nearer by, the slope would be that of rounding
            slope_N = (other_N - at_N) / (other - eps)
        if not slope_N.any():
            return
        eps, at_N = other, other_N
        other += float(slope_N @ (goal_N - other_N) / (slope_N @ slope_N))
        other = min(max(other, low), high)
    yield from dict.fromkeys([float(f"{other:.0e}"), float(f"{other:.1e}"), other])


def _masks(case: Case) -> Iterator[Hypothesis]:
    """`encoder.packing` drops padding; here it is computed, to the width that they have."""
    ours, pad = case.ours, case.ours.config.pad_token_id
    shapes = [value.shape for value in case.theirs.activations.values() if value.ndim == 3]
    width = max([*case.lengths_B, *(shape[1] for shape in shapes)])

    def wide(rows: list[list[int]], filler: int) -> list[list[int]]:
        return [row + [filler] * (width - len(row)) for row in rows]

    def computed(tokens: Tokens, hooks: Hooks = ()) -> Observed:
        """Padding counts as text, in the pooling too."""
        types = tokens.token_type_ids
        whole = Tokens(wide(tokens.input_ids, pad), None if types is None else wide(types, 0))
        return replace(ours, hooks=hooks).compute(whole)._replace(**tokens._asdict())

    def attended(_: Sequence[Text], tokens: Tokens) -> Observed:
        """A text of padding alone is as wide as theirs, and makes the others so."""
        filler, types = [[0] * width], tokens.token_type_ids
        more = Tokens([*tokens.input_ids, [pad] * width], types and types + filler)
        found = replace(ours, mask_padding=False).compute(more)
        return rows_of(found, range(len(tokens.input_ids)))

    def pooled(_: Sequence[Text], tokens: Tokens) -> Observed:
        def hide(scores_BHLM: Floats, name: str) -> None:
            for score_HLM, row in zip(scores_BHLM, tokens.input_ids, strict=True):
                score_HLM[..., len(row) :] = NO_SCORE

        return computed(tokens, [("layers.*.attention.scores", hide)])

    yield Hypothesis(
        "padding_mask",
        PROBS,
        "Their tokens attend to padding: pass attention_mask, and add the lowest float to the "
        "scores of masked keys.",
        attended,
    )
    yield Hypothesis(
        "padding_mask",
        PROBS,
        "Padding counts as text in their attention and in their pooling: pass attention_mask to "
        "both.",
        lambda _, tokens: computed(tokens),
    )
    yield Hypothesis(
        "padding_mask",
        SENTENCE,
        "Their pooling takes in the rows of padding: pass attention_mask to it.",
        pooled,
    )


def unscaled(ours: Ours, layer: str | int) -> Hooks:
    """Scores that were not divided, as `reference.forward.attention_scores` does it."""
    factor = math.sqrt(ours.config.head_size)
    return [(f"layers.{layer}.attention.scores", lambda score_BHLM, _: score_BHLM * factor)]


def _with_config(ours: Ours, **values: Any) -> Compute:
    def compute(_: Sequence[Text], tokens: Tokens) -> Observed:
        return replace(ours, config=replace(ours.config, **values)).compute(tokens)

    return compute


def _with_hooks(ours: Ours, hooks: Callable[[], Hooks]) -> Compute:
    return lambda _, tokens: replace(ours, hooks=hooks()).compute(tokens)
