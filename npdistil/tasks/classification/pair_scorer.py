"""Pairs to scores: the prompt before the first text, logits, and the function applied to them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_flag
from ...named_tuple import NamedTuple
from ...progress import progress
from .activations import RowFunction
from .samples import Sample
from .sequence_logits import Limits, SequenceModel, sequence_logits

PAIRS_AT_A_TIME = 1024  # that are tokenised and ordered by length


class Scored(NamedTuple):
    """Scores of pairs that follow each other, and how many tokens of each were cut off."""

    scores_BC: NDArray[np.float32]
    truncated_B: NDArray[Any]


class PairScorer(NamedTuple):
    """The model of a `CrossEncoder`, and what one call of it asks for."""

    model: SequenceModel
    prompt: str  # put before the first text of each pair
    function: RowFunction
    limits: Limits

    def score(self, pairs: list[Sample]) -> Scored:
        """The scores of pairs, at least one."""
        if self.prompt:
            pairs = [Sample(self.prompt + pair.text, pair.text_pair) for pair in pairs]
        logits_BC, truncated_B = sequence_logits(self.model, pairs, self.limits)
        return Scored(np.stack([self.function(logits_C) for logits_C in logits_BC]), truncated_B)

    def score_all(self, pairs: list[Sample], unit: str, show: object) -> Scored:
        """The scores of any number of pairs, with a progress bar that counts them as `unit`.

        Raises:
            InputError: `show` is neither True, nor False, nor None.
        """
        shown = None if show is None else as_flag(show, "show_progress_bar")
        scores_BC = np.empty((len(pairs), self.model.settings.num_labels), np.float32)
        truncated_B = np.zeros(len(pairs), np.int64)
        with progress(len(pairs), unit, shown) as bar:
            for start in range(0, len(pairs), PAIRS_AT_A_TIME):
                part = slice(start, start + PAIRS_AT_A_TIME)
                scores_BC[part], truncated_B[part] = self.score(pairs[part])
                bar.update(len(pairs[part]))
        return Scored(scores_BC, truncated_B)
