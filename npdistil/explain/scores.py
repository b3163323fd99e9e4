"""What a head says of a text, of its tokens, and of each layer's rows, as labels and scores."""

from collections.abc import Sequence

import numpy as np

from ..dims import Floats
from ..heads.masked_lm import MaskedLM
from ..heads.question_answering import QuestionAnswering
from ..heads.sequence_classification import SequenceClassification
from ..heads.token_classification import TokenClassification
from ..tasks.classification.scores import FUNCTIONS, default_function, softmax
from ..tasks.traced_model import TracedModel

Scored = list[tuple[str, float]]  # best first
SHOWN = 5


def text_scores(model: TracedModel, logits: Floats) -> Scored | None:
    """All labels of a text, as the pipeline of Transformers scores them; None for other heads.

    Args:
        model: with a head.
        logits: of `run_with_cache`, for one text.
    """
    if not isinstance(model.head, SequenceClassification):
        return None
    labels = _labels(model, logits.shape[-1])
    problem_type = None if model.settings is None else model.settings.problem_type
    function = FUNCTIONS[default_function(problem_type, len(labels))]
    return _best(function(logits[0]), labels, len(labels))


def token_scores(model: TracedModel, logits: Floats) -> list[Scored] | None:
    """The best labels of each token; None for heads that score no tokens.

    Of a head that answers questions "start" and "end", each a softmax over all tokens.

    Args:
        model: with a head.
        logits: of `run_with_cache`, for one text.
    """
    if isinstance(model.head, QuestionAnswering):
        score_2L = [softmax(logit_L) for logit_L in logits[0].T]
        return [[("start", float(s)), ("end", float(e))] for s, e in zip(*score_2L, strict=True)]
    if not isinstance(model.head, TokenClassification):
        return None
    labels = _labels(model, logits.shape[-1])
    return [_best(softmax(logit_C), labels, SHOWN) for logit_C in logits[0]]


def lens_words(model: TracedModel, states: list[Floats]) -> list[list[Scored]] | None:
    """The words that a head of masked words reads in each row of each state; None without one.

    Args:
        model: with a head.
        states: [L, D] each, the embeddings first.
    """
    if not isinstance(model.head, MaskedLM):
        return None
    # The table may have more rows than there are words, and rows that no word points to.
    words = [*model.tokenizer.tokens]
    names = words + [None] * (model.encoder.config.vocab_size - len(words))
    unnamed = [v for v, name in enumerate(names) if name is None]
    found = []
    for state_LD in states:  # one at a time: scores take V floats for each token
        logit_LV = model.head.scores(np.ascontiguousarray(state_LD))
        of_state = []
        for logit_V in logit_LV:
            score_V = softmax(logit_V)
            score_V[unnamed] = -1
            of_state.append(_best(score_V, names, SHOWN))
        found.append(of_state)
    return found


def _best(score_C: Floats, labels: Sequence[str | None], count: int) -> Scored:
    """The best labels that there are; of equal ones the first."""
    count = min(count, len(score_C))
    least = np.partition(score_C, -count)[-count]
    near_C = np.flatnonzero(score_C >= least)
    best = near_C[np.argsort(-score_C[near_C], kind="stable")][:count]
    return [(label, float(score_C[c])) for c in best.tolist() if (label := labels[c]) is not None]


def _labels(model: TracedModel, count: int) -> list[str]:
    own = () if model.settings is None else model.settings.labels
    return [*own] if len(own) == count else [f"LABEL_{n}" for n in range(count)]
