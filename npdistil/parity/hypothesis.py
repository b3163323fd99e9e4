"""What a hypothesis about the other side is, and the divergence that it is to explain."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ..dims import Floats
from ..trace.names import encoder_names
from .bounds import FLOATS, bound, unit
from .differences import kept
from .ours import Ours
from .side import Observed, Tokens
from .texts import Text

# What is compared beside activations, by its names in a report.
IDS, TYPES, LOGITS, SENTENCE = "input_ids", "token_type_ids", "head.logits", "sentence_embedding"
BEHIND = {LOGITS: "scores", SENTENCE: "embeddings"}  # fields of an `Observed`
FEW = 2  # texts that a hypothesis is tried on first
ENLARGED = 16  # roundings of a difference that a hypothesis may leave of it

# Our own side under a hypothesis, of texts and of what our tokenizer makes of them.
Compute = Callable[[Sequence[Text], Tokens], Observed]


class Hypothesis(NamedTuple):
    """One thing that the other side may do differently.

    Attributes:
        key: its name, as in `causes.Cause`.
        begins: the first thing that it changes: ids, an activation, or the embedding.
        sentence: what is likely wrong and what to do, if it turns out to be so.
        compute: our own side under it.
        tensor: which one is to blame; "": none alone.
    """

    key: str
    begins: str
    sentence: str
    compute: Compute
    tensor: str = ""


@dataclass(frozen=True, eq=False)
class Case:
    """A divergence.

    Attributes:
        ours: our own side.
        texts: what both sides computed.
        tokens: what our tokenizer makes of them.
        base: what we compute of them, float64.
        theirs: what the other side shows.
        told_first: what differs first, by the report; None, or what is not shown here: look.
        told_bounds: see `bounds`; None: compute them.
    """

    ours: Ours
    texts: Sequence[Text]
    tokens: Tokens
    base: Observed
    theirs: Observed
    told_first: str | None = None
    told_bounds: dict[str, float] | None = None

    @cached_property
    def order(self) -> list[str]:
        """Everything that may be compared, in the order of computation."""
        has_pooler = self.ours.params.pooler is not None
        return [IDS, TYPES, *encoder_names(self.ours.config, has_pooler), LOGITS, SENTENCE]

    @cached_property
    def lengths_B(self) -> list[int]:
        """Tokens of each text, on our side."""
        return [len(row) for row in self.tokens.input_ids]

    @cached_property
    def apart(self) -> dict[str, Floats]:
        """How far the sides are apart; see `apart_from`."""
        return self.apart_from(self.base)

    def apart_from(self, mine: Observed) -> dict[str, Floats]:
        """Of all that both sides show, the largest difference of each text [B], in order.

        Of ids it is 1 where any differs. What has another size is infinitely far away.
        """
        assert mine.input_ids is not None  # ours are never silent
        found: dict[str, Floats] = {}
        for name in self.order:
            own, other = _shown(mine, name), _shown(self.theirs, name)
            if own is not None and other is not None:
                rows = zip(own, other, mine.input_ids, strict=True)
                found[name] = np.array([_apart(a, b, len(row)) for a, b, row in rows])
        return found

    @cached_property
    def bounds(self) -> dict[str, float]:
        """Of all that both sides show, what rounding explains; see `bounds.py`."""
        if self.told_bounds is not None:
            return self.told_bounds
        rough = self.ours.compute(self.tokens, "float32")
        bounds = dict.fromkeys((IDS, TYPES), 0.0)
        for name in self.apart:
            if name not in bounds:
                exact, rounded, other = (_shown(x, name) for x in (self.base, rough, self.theirs))
                error = float(np.abs(exact - rounded).max())
                bounds[name] = bound(error, float(np.abs(exact).max()), self.dtype(other))
        return bounds

    def share(self, name: str) -> float:
        """The part of a difference that their rounding may leave, whatever the bound is.

        A mistake that enlarges values, or sharpens attention, enlarges errors with them.
        """
        if name in (IDS, TYPES):
            return 0
        return ENLARGED * unit(self.dtype(_shown(self.theirs, name)))

    def dtype(self, other: Any) -> DTypeLike:
        """What they compute in: what they say, if that is coarser than what they show."""
        told = self.theirs.settings.get("dtype")
        kinds = [np.asarray(other).dtype, *([told] if told in FLOATS else [])]
        coarser: DTypeLike = max(kinds, key=unit)
        return coarser

    @cached_property
    def first(self) -> str | None:
        """What differs first; None: nothing does."""
        if self.told_first != IDS and self.told_first in self.apart:  # types are called ids, too
            return self.told_first
        over = (name for name, apart_B in self.apart.items() if apart_B.max() > self.bounds[name])
        return next(over, None)

    @cached_property
    def differing(self) -> list[int]:
        """The texts in which it does, shortest first."""
        assert self.first is not None
        apart_B, limit = self.apart[self.first], self.bounds[self.first]
        found = [b for b in range(len(self.texts)) if apart_B[b] > limit]
        return sorted(found, key=self.lengths_B.__getitem__)

    @cached_property
    def few(self) -> "Case":
        """The case of some short texts that show the divergence."""
        chosen = self.differing[:FEW]
        base, theirs = (rows_of(seen, chosen) for seen in (self.base, self.theirs))
        assert base.input_ids is not None  # likewise
        tokens = Tokens(base.input_ids, base.token_type_ids)
        texts = [self.texts[b] for b in chosen]
        return Case(self.ours, texts, tokens, base, theirs, self.first, self.bounds)

    def may_begin(self, name: str) -> bool:
        """Whether something that changes `name` first can be the cause.

        Not if it stands behind what differs first, nor if it would have changed what is the same.
        """
        assert self.first is not None
        seen = [self.order.index(other) for other in self.apart]
        first = self.order.index(self.first)
        before = max((place for place in seen if place < first), default=-1)
        return before < self.order.index(name) <= first

    def values(self, seen: Observed) -> Floats:
        """What differs first as one row of numbers, without padding."""
        assert self.first is not None
        shown = _shown(seen, self.first)
        parts = [kept(x, L).ravel() for x, L in zip(shown, self.lengths_B, strict=True)]
        return np.concatenate(parts).astype(np.float64)


def rows_of(seen: Observed, chosen: Sequence[int]) -> Observed:
    """What was seen of some of the texts, by their numbers."""
    take = [*chosen]
    rows = (seen.input_ids, seen.token_type_ids)
    ids, types = (None if row is None else [row[b] for b in take] for row in rows)
    return seen._replace(
        input_ids=ids,
        token_type_ids=types,
        activations={name: value[take] for name, value in seen.activations.items()},
        embeddings=None if seen.embeddings is None else seen.embeddings[take],
        scores=None if seen.scores is None else seen.scores[take],
    )


def _shown(seen: Observed, name: str) -> Any:
    """What is compared under a name, one item a text; None: it is not shown."""
    if name in BEHIND:
        return getattr(seen, BEHIND[name])
    return getattr(seen, name) if name in (IDS, TYPES) else seen.activations.get(name)


def _apart(own: Any, other: Any, length: int) -> float:
    """The largest difference of one text's values, at its own tokens."""
    if isinstance(own, list):
        return float([*own] != [*other])
    a, b = kept(own, length), kept(other, length)
    if a.shape != b.shape or not np.isfinite(b).all():
        return np.inf
    return float(np.abs(a - b.astype(np.float64)).max(initial=0))
