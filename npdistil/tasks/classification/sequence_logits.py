"""Texts and pairs to logits: tokenise, order by length, compute, put back in order."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_positive_or_none, one_of
from ...dims import Floats
from ...heads.sequence_classification import SequenceClassification
from ..stream import BATCH_TOKENS, by_length, checked_bounds
from ..task_model import TaskModel
from ..tokenized import tokenized
from .samples import Sample

TRUNCATIONS = (True, False, "longest_first", "only_first", "only_second")

SequenceModel = TaskModel[SequenceClassification]


class Limits(NamedTuple):
    """How much of an input is read, and how much is computed at a time."""

    truncation: bool | str = True
    max_length: int | None = None
    batch_tokens: int = BATCH_TOKENS
    batch_size: int | None = None


def checked_limits(
    truncation: object, max_length: object, batch_tokens: object, batch_size: object
) -> Limits:
    """The arguments of these names.

    Args:
        truncation: True or "longest_first", "only_first", "only_second"; or False.
        max_length: tokens of an input, special ones included; None: as many as the model takes.
        batch_tokens: tokens computed at a time; bounds memory, changes no result.
        batch_size: inputs computed at a time; None: as many as `batch_tokens` allows.

    Raises:
        InputError: one of them is unusable.
    """
    strategy = one_of(truncation, TRUNCATIONS, "truncation")
    return Limits(
        strategy if isinstance(strategy, bool) else str(strategy),
        as_positive_or_none(max_length, "max_length"),
        *checked_bounds(batch_tokens, batch_size),
    )


def sequence_logits(
    model: SequenceModel, samples: Sequence[Sample], limits: Limits
) -> tuple[Floats, NDArray[Any]]:
    """Logits of texts and pairs, which may be mixed.

    Args:
        model: with a head for sequences.
        samples: at least one.
        limits: as `checked_limits` gives them.

    Returns:
        logits_BC, and how many tokens of each sample were cut off, integers [B].

    Raises:
        InputError: a sample that is too long and must not, or cannot, be cut.
    """
    logits_BC: Floats = np.empty((len(samples), model.settings.num_labels), np.float32)
    truncated_B = np.zeros(len(samples), np.int64)
    for in_pairs in (False, True):
        numbers = [
            n for n, sample in enumerate(samples) if (sample.text_pair is not None) == in_pairs
        ]
        if not numbers:
            continue
        found = tokenized(
            model.tokenizer,
            model.encoder.config,
            [samples[n].text for n in numbers],
            [samples[n].text_pair or "" for n in numbers] if in_pairs else None,
            max_length=limits.max_length,
            truncation=limits.truncation,
        )
        places = np.array(numbers)
        truncated_B[places] = found.num_truncated_tokens
        for chosen, part in by_length(found.batch, limits.batch_tokens, limits.batch_size):
            logits_BC[places[chosen]] = model.head.logits(model.encoder.backend, part)
    return logits_BC, truncated_B
