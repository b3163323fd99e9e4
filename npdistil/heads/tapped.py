"""A head's own activations: the layers of any head through a tap, on rows that were computed."""

from collections.abc import Callable

import numpy as np

from ..dims import Floats
from ..encoder.backend import Dense
from ..encoder.numpy_backend import WordScores
from ..encoder.output import EncoderOutput
from ..encoder.traced import PaddedTap
from .masked_lm import MaskedLM
from .question_answering import QuestionAnswering
from .sequence_classification import SequenceClassification
from .token_classification import TokenClassification

Head = MaskedLM | QuestionAnswering | SequenceClassification | TokenClassification


def head_names(head: Head, pooler: Dense | None) -> tuple[str, ...]:
    """The names of a head's activations in the order of computation.

    `head.logits` [B, L, V], [B, L, C], [B, L, 2] or, of one answer a text, [B, C] are its scores;
    `head.transform` [B, L, D] is the layer before a masked word's, `head.norm.mean` and `rstd`
    [B, L, 1] are of the LayerNorm between them (numpy alone); `head.hidden.N` are other layers
    between encoder and scores. A pooler that a head stands on is the encoder's `pooler`.

    Args:
        head: of a task.
        pooler: the encoder's.
    """
    if isinstance(head, MaskedLM):
        return ("head.transform", "head.norm.mean", "head.norm.rstd", "head.logits")
    own = [layer for layer in _layers(head) if layer is not pooler]
    return (*(f"head.hidden.{n}" for n in range(len(own) - 1)), "head.logits")


def run_head(
    head: Head,
    hidden_TD: Floats,
    output: EncoderOutput,
    tap: PaddedTap,
    pooler: Dense | None,
) -> Floats:
    """Scores of every row, [T, V] or [T, C]; of a head with one answer a text [B, C].

    Args:
        head: of a task.
        hidden_TD: the last layer's rows.
        output: the same padded, and what the pooler makes of column 0.
        tap: sees and may replace what `head_names` lists.
        pooler: the encoder's.
    """
    if isinstance(head, MaskedLM):
        bent_TD = tap.rows("head.transform", head.transform(hidden_TD))
        scores = head.word_scores
        if isinstance(scores, WordScores):
            score_TV = scores(bent_TD, tap.within("head"))
        else:
            score_TV = scores(bent_TD)
        return tap.rows("head.logits", score_TV)
    layers, x_NE = _layers(head), hidden_TD
    show: Callable[[str, Floats], Floats] = tap.rows
    if isinstance(head, SequenceClassification):
        show, x_NE = tap.sequences, np.ascontiguousarray(output.last_hidden_state[:, 0])
        if layers[0] is pooler and output.pooler_output is not None:
            x_NE, layers = output.pooler_output, layers[1:]
    for name, layer in zip(head_names(head, pooler), layers, strict=True):
        x_NE = show(name, layer(x_NE))
    return x_NE


def _layers(
    head: QuestionAnswering | SequenceClassification | TokenClassification,
) -> tuple[Dense, ...]:
    return (head.layer,) if isinstance(head, QuestionAnswering) else head.layers
