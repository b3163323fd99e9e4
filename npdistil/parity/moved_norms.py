"""LayerNorm in the wrong place, by hooks in the reference's pass.

`reference.forward.add_layer_norm` computes LayerNorm(f(x) + x), which came to be called "post-LN".
"""

from typing import Any

import numpy as np

from ..dims import Floats
from ..params import AttentionParams, FeedForwardParams
from ..reference.forward import layer_norm, linear
from ..trace.hooks import Hooks
from .ours import Ours

HALVES = [f"layers.*.{half}" for half in ("attention", "feed_forward")]
TAKE = [f"layers.*.attention.{name}" for name in ("query", "key", "value")]
TAKE += ["layers.*.feed_forward.intermediate"]


def moved_norms(ours: Ours, inside: bool) -> Hooks:
    """Hooks of one pass, which remember what they have seen of it.

    Args:
        ours: whose pass it is.
        inside: f(LayerNorm(x)) + x ("pre-LN"), else LayerNorm(f(x)) + x.
    """
    eps = ours.config.layer_norm_eps
    seen: dict[str, Floats] = {}
    taken = "residual" if inside else "made"  # by a LayerNorm

    def half(name: str) -> AttentionParams | FeedForwardParams:
        layer = ours.params.layers[int(name.split(".")[1])]
        return layer.attention if ".attention." in name else layer.feed_forward

    def normal(name: str) -> Floats:
        norm = half(name).norm
        return layer_norm(seen[taken], norm.weight_D, norm.bias_D, eps)

    def keep(what: str) -> Any:
        return lambda value, _: seen.__setitem__(what, value)

    def mean(_: Floats, __: str) -> Any:
        return seen[taken].mean(axis=-1, keepdims=True)

    def rstd(_: Floats, __: str) -> Any:
        return 1 / np.sqrt(seen[taken].var(axis=-1, keepdims=True) + eps)

    def projected(_: Floats, name: str) -> Floats:
        own = getattr(half(name), name.rpartition(".")[2])
        return linear(normal(name), own.weight_EI, own.bias_E)

    def added(_: Floats, name: str) -> Floats:
        seen["residual"] = seen["residual"] + (seen["made"] if inside else normal(name))
        return seen["residual"]

    return [
        ("embeddings", keep("residual")),
        (TAKE if inside else (), projected),
        ([f"{part}.output" for part in HALVES], keep("made")),
        ([f"{part}.norm.mean" for part in HALVES], mean),
        ([f"{part}.norm.rstd" for part in HALVES], rstd),
        (["layers.*.attention.norm.output", "layers.*.output"], added),
    ]
