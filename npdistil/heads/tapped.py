"""A head's own activations: the layers of any head through a tap, on rows that were computed."""

from ..dims import Floats
from ..encoder.backend import Dense
from ..encoder.numpy_backend import WordScores
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
    first_BD: Floats,
    pooled_BD: Floats | None,
    tap: PaddedTap,
    pooler: Dense | None,
) -> Floats:
    """Scores of every row, [T, V] or [T, C]; of a head with one answer a text [B, C].

    Args:
        head: of a task.
        hidden_TD: the last layer's rows.
        first_BD: those of column 0.
        pooled_BD: what the pooler makes of them, for a head that stands on it.
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
    of_texts, layers = isinstance(head, SequenceClassification), _layers(head)
    show, x_NE = (tap.sequences, first_BD) if of_texts else (tap.rows, hidden_TD)
    if layers[0] is pooler and pooled_BD is not None:
        x_NE, layers = pooled_BD, layers[1:]
    for name, layer in zip(head_names(head, pooler), layers, strict=True):
        x_NE = show(name, layer(x_NE))
    return x_NE


def _layers(
    head: QuestionAnswering | SequenceClassification | TokenClassification,
) -> tuple[Dense, ...]:
    return (head.layer,) if isinstance(head, QuestionAnswering) else head.layers
