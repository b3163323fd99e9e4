"""The name of every activation, the same for BERT and DistilBERT, and how a caller chooses some.

    embeddings                          [B, L, D]     layers.N.attention.query, key, value
    embeddings.norm.mean, rstd          [B, L, 1]     layers.N.attention.context, output  [B, L, D]
    layers.N.attention.scores, probs    [B, H, L, L]  layers.N.attention.norm.output
    layers.N.attention.norm.mean, rstd  [B, L, 1]     layers.N.feed_forward.intermediate, activation
    layers.N.feed_forward.norm.mean,    [B, L, 1]                                         [B, L, F]
                          rstd                        layers.N.feed_forward.output        [B, L, D]
    pooler                              [B, D]        layers.N.output                     [B, L, D]

Scores are divided by sqrt(K) already. Head h owns features h * K up to (h + 1) * K of query, key,
value and context. `attention.output` and `feed_forward.output` are what is added to the residual;
`attention.norm.output` and `layers.N.output` stand behind the addition and its LayerNorm. Masked
places hold zeros.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeAlias

from ..config import EncoderConfig
from ..errors import InputError

NamesFilter: TypeAlias = str | Iterable[str] | Callable[[str], bool] | None

_NORM = {"mean": "BL1", "rstd": "BL1"}
_LAYER = {
    **{f"attention.{name}": "BLD" for name in ("query", "key", "value")},
    **{f"attention.{name}": "BHLL" for name in ("scores", "probs")},
    **{f"attention.{name}": "BLD" for name in ("context", "output")},
    **{f"attention.norm.{name}": axes for name, axes in {**_NORM, "output": "BLD"}.items()},
    **{f"feed_forward.{name}": "BLF" for name in ("intermediate", "activation")},
    "feed_forward.output": "BLD",
    **{f"feed_forward.norm.{name}": axes for name, axes in _NORM.items()},
    "output": "BLD",
}
# What the compiled backend shows, beside the pooler where there is one.
COMPILED = ("embeddings", "layers.*.attention.probs", "layers.*.output")


def encoder_names(config: EncoderConfig, has_pooler: bool) -> dict[str, str]:
    """Every name of an encoder in the order of computation, with the letters of its axes."""
    names = {f"embeddings.norm.{name}": axes for name, axes in _NORM.items()}
    names["embeddings"] = "BLD"
    for n in range(config.num_hidden_layers):
        names.update({f"layers.{n}.{name}": axes for name, axes in _LAYER.items()})
    if has_pooler:
        names["pooler"] = "BD"
    return names


def selected(
    names_filter: NamesFilter, names: Collection[str], argument: str, passed: Collection[str] = ()
) -> frozenset[str]:
    """Which of `names` a caller means.

    Args:
        names_filter: None means all. A string is a name, or the beginning of names up to a dot;
            `*` stands for any one part between dots: "layers.*.output", "layers.0.attention". Of
            several strings all that they name; of a function all that it says True to.
        names: all that there are.
        argument: what the caller calls the filter, for messages.
        passed: what a pass that begins later has behind it. A string with `*` may name these alone,
            as may a function: it then means nothing.

    Raises:
        InputError: a string that names nothing, or something that is no filter.
    """
    if names_filter is None:
        return frozenset(names)
    if callable(names_filter):
        return frozenset(name for name in names if names_filter(name))
    patterns = [names_filter] if isinstance(names_filter, str) else names_filter
    if not isinstance(patterns, Iterable):
        raise InputError(
            f"{argument}: expected names, a function of a name, or None, received "
            f"{names_filter!r:.80}."
        )
    found: set[str] = set()
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise InputError(f"{argument}: a name is a str, received {pattern!r:.80}.")
        meant = set(_matching(pattern, names))
        behind = not meant and any(_matching(pattern, passed))
        if behind and "*" not in pattern:
            raise InputError(
                f"{argument}: {pattern!r:.80} names no activation that is computed: this pass "
                "begins behind it."
            )
        if not (meant or behind):
            raise InputError(f"{argument}: {pattern!r:.80} names no activation{_like(names)}.")
        found |= meant
    return frozenset(found)


def _matching(pattern: str, names: Collection[str]) -> Iterator[str]:
    """Names that it spells whole; where there are none, those that it is the beginning of."""
    wanted = pattern.split(".")
    beneath = []
    whole = False
    for name in names:
        parts = name.split(".")
        if all(want in ("*", part) for want, part in zip(wanted, parts, strict=False)):
            if len(parts) == len(wanted):
                whole = True
                yield name
            elif len(parts) > len(wanted):
                beneath.append(name)
    if not whole:
        yield from beneath


def _like(names: Collection[str]) -> str:
    """What there is, in the short form of a message."""
    short = dict.fromkeys(
        ".".join("N" if part.isdigit() else part for part in name.split(".")) for name in names
    )
    return f"; there are {', '.join(short)}" if short else "; there is none"
