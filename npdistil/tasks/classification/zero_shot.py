"""`ZeroShotClassification`: labels that are chosen at the call, by a model of inference (NLI)."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...arguments import as_flag, as_texts
from ...dims import Floats
from ...errors import ConfigError, InputError
from ...heads.sequence_classification import SequenceClassification
from ..call_defaults import with_defaults
from ..head_task import HeadTask
from ..results import Answer
from ..stream import BATCH_TOKENS, answers
from ..user_warning import warn_user
from .samples import Sample
from .scores import softmax
from .sequence_logits import Limits, SequenceModel, checked_limits, sequence_logits

SPECIAL = 3  # [CLS], and a [SEP] behind text and hypothesis
PAIRS_AT_A_TIME = 1024  # that are tokenised; a text makes as many as there are labels


class ZeroShotClassification(HeadTask[SequenceClassification]):
    """Asks for each label whether the text entails "This example is LABEL.".

    Source: Yin, Hay and Roth 2019, arXiv:1909.00161, section 5.

    Attributes:
        model: tokenizer, encoder, head, and the settings of config.json.
        entailment_id: the class that means "entailed".
    """

    task = "text-classification"

    def _prepare(self) -> None:
        """Find the class that means "entailed".

        Raises:
            ConfigError: it is none of the head's.

        Warns:
            UserWarning: no label begins with "entail"; the last class is taken, as Transformers
                does.
        """
        self.entailment_id = _entailment_id(self.model)

    @with_defaults
    def __call__(
        self,
        inputs: str | Path | Iterable[str],
        candidate_labels: str | Sequence[str],
        *,
        hypothesis_template: str = "This example is {}.",
        multi_label: bool = False,
        batch_tokens: int = BATCH_TOKENS,
        batch_size: int | None = None,
    ) -> Any:
        """Classify one text, a list of them, or a stream of them; none depends on the others.

        Args:
            inputs: a text; a list, tuple or array of texts; the `Path` of a file with a text a
                line; or any iterable of texts.
            candidate_labels: a list, or a str with commas between the labels.
            hypothesis_template: holds {} where the label goes. It is never cut; the text is.
            multi_label: True scores each label by itself, entailment against contradiction; False
                makes the scores of a text sum to 1.
            batch_tokens: tokens computed at a time; bounds memory, changes no result.
            batch_size: pairs computed at a time; None: as many as `batch_tokens` allows.

        Returns:
            For each text {"sequence": str, "labels": [str], "scores": [float]}, best first, as
            Transformers' pipeline of this name. `num_truncated_tokens` is that of the pair which
            lost most. A list of these for a list, an iterator for a stream.

        Raises:
            InputError: no labels, one that leaves a text no room, a template without {}, an empty
                text, or an input that is no text; the message has its number.
        """
        labels = _as_labels(candidate_labels)
        hypotheses = _hypotheses(hypothesis_template, labels)
        self._expect_room(labels, hypotheses)
        alone = as_flag(multi_label, "multi_label") or len(labels) == 1
        limits = checked_limits("only_first", None, batch_tokens, batch_size)

        def window(items: list[Any], first: int) -> list[Answer]:
            texts = as_texts(items, "inputs", first)
            for number, text in enumerate(texts, first):
                if not text:
                    raise InputError(f"inputs[{number}]: is empty; there is nothing to classify.")
            found: list[Answer] = []
            step = max(1, PAIRS_AT_A_TIME // len(labels))
            for start in range(0, len(texts), step):
                found += self._answers(
                    texts[start : start + step], hypotheses, labels, alone, limits
                )
            return found

        return answers(inputs, lambda item: isinstance(item, str), window, "texts")

    def _expect_room(self, labels: list[str], hypotheses: list[str]) -> None:
        for label, hypothesis in zip(labels, hypotheses, strict=True):
            asked = len(self.model.tokenizer.tokenize(hypothesis))
            if asked + SPECIAL >= self.model.max_length:
                raise InputError(
                    f"candidate_labels: {label[:40]!r} makes {asked} tokens, which leave a text no "
                    f"room in the {self.model.max_length} that the model takes; shorten it."
                )

    def _answers(
        self,
        texts: list[str],
        hypotheses: list[str],
        labels: list[str],
        alone: bool,
        limits: Limits,
    ) -> list[Answer]:
        pairs = [Sample(text, hypothesis) for text in texts for hypothesis in hypotheses]
        logits_BC, truncated_B = sequence_logits(self.model, pairs, limits)
        found = []
        for number, text in enumerate(texts):
            own = slice(number * len(labels), (number + 1) * len(labels))
            scores = self._scores(logits_BC[own], alone)
            # The order of equal scores is that of Transformers, which sorts upwards and turns it.
            order = np.argsort(scores)[::-1]
            answer = {
                "sequence": text,
                "labels": [labels[label] for label in order],
                "scores": scores[order].tolist(),
            }
            found.append(Answer(answer, int(truncated_B[own].max())))
        return found

    def _scores(self, logits_NC: Floats, alone: bool) -> Floats:
        """One score a label, [N]."""
        if not alone:
            return softmax(logits_NC[:, self.entailment_id])
        contradiction_id = -1 if self.entailment_id == 0 else 0
        both = [contradiction_id, self.entailment_id]
        scores: Floats = np.array([softmax(logits_C[both])[1] for logits_C in logits_NC])
        return scores


def _entailment_id(model: SequenceModel) -> int:
    for label, number in model.settings.label2id.items():
        if label.lower().startswith("entail"):
            if not 0 <= number < model.settings.num_labels:
                raise ConfigError(
                    f"label2id: {label!r:.80} is class {number}, but the head has "
                    f"{model.settings.num_labels}."
                )
            return number
    warn_user(
        f"none of the labels {[*model.settings.label2id]!r:.120} begins with 'entail', so the last "
        "class is taken for entailment; name the labels in config.json (label2id) to be sure."
    )
    return -1


def _as_labels(candidate_labels: object) -> list[str]:
    if isinstance(candidate_labels, str):
        parts = (part.strip() for part in candidate_labels.split(","))
        candidate_labels = [part for part in parts if part]
    labels = as_texts(candidate_labels, "candidate_labels")
    if not labels:
        raise InputError("candidate_labels: expected at least one label, received none.")
    return labels


def _hypotheses(template: object, labels: list[str]) -> list[str]:
    if not isinstance(template, str):
        raise InputError(f"hypothesis_template: expected a str, received {template!r:.80}.")
    try:
        hypotheses = [template.format(label) for label in labels]
    except (ValueError, LookupError, AttributeError) as failure:
        raise InputError(
            f"hypothesis_template: {template!r:.120} cannot be filled in with a label: {failure}; "
            "write {} where the label goes, and {{ for a brace."
        ) from None
    if hypotheses[0] == template:
        raise InputError(
            f"hypothesis_template: {template!r:.120} has no place for the label; write {{}} where "
            "it goes."
        )
    return as_texts(hypotheses, "hypothesis_template")
