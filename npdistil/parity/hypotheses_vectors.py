"""What may be done otherwise behind the encoder: another pooling, or another length of vectors."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..encoder.numpy_backend import POOLING
from ..reference.pooling import normalize
from .hypothesis import SENTENCE, Case, Compute, Hypothesis
from .ours import Ours
from .side import Observed, Tokens


def vector_hypotheses(case: Case) -> Iterator[Hypothesis]:
    """Other parts of `heads/sentence_embedding.py`."""
    ours = case.ours
    own = " + ".join(ours.pooling)
    for mode in POOLING if len(ours.pooling) == 1 else ():
        if (mode,) != ours.pooling:
            yield Hypothesis(
                "first_token_pooling" if mode == "cls" else "pooling",
                SENTENCE,
                f"They pool by {mode!r}; this model does by {own!r} (1_Pooling/config.json).",
                _with(ours, pooling=(mode,)),
            )
    if ours.params.pooler is not None and not any(ours.sentence.modules):  # no Dense behind it
        yield Hypothesis(
            "pooling",
            SENTENCE,
            f"Their embedding is the pooler's output; this model pools by {own!r}.",
            lambda _, tokens: _pooler(ours, tokens),
        )
    yield Hypothesis(
        "normalize",
        SENTENCE,
        "They do not scale embeddings to length 1, as this model's Normalize module does."
        if ours.normalize
        else "They scale embeddings to length 1; this model has no Normalize module.",
        _with(ours, normalize=not ours.normalize),
    )


def _with(ours: Ours, **parts: Any) -> Compute:
    return lambda _, tokens: replace(ours, **parts).compute(tokens)


def _pooler(ours: Ours, tokens: Tokens) -> Observed:
    found = ours.compute(tokens)
    pooled_BD = found.activations["pooler"]
    return found._replace(embeddings=normalize(pooled_BD) if ours.normalize else pooled_BD)
