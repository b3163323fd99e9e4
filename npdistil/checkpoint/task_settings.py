"""What config.json says about a head, read closed: labels, kind of problem, function of the scores.

Source of the keys: transformers, configuration_utils.py; sentence-transformers, CrossEncoder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ..fields import Fields, shown
from .listed import listed
from .model_files import CONFIG, SETTINGS

PROBLEM_TYPES = ("regression", "single_label_classification", "multi_label_classification")


@dataclass(frozen=True, kw_only=True)
class TaskSettings:
    """A head's own settings.

    Attributes:
        architectures: the classes that were saved, such as "BertForSequenceClassification".
        labels: by the number of the score; empty for a head that has none.
        label2id: label -> number of the score, as the file has it.
        problem_type: one of PROBLEM_TYPES, or None: nothing is said.
        activation_fn: the function that sentence-transformers applies to the scores, by its torch
            name, such as "torch.nn.modules.activation.Sigmoid"; None: nothing is said.
    """

    architectures: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    label2id: Mapping[str, int]
    problem_type: str | None = None
    activation_fn: str | None = None

    @property
    def num_labels(self) -> int:
        """How many labels there are."""
        return len(self.labels)


def read_architectures(folder: Path) -> tuple[str, ...]:
    """The classes that config.json names; none where it is silent.

    Raises:
        ConfigError: config.json cannot be read, or does not name them in a list.
    """
    return _architectures(Fields.from_file(folder / CONFIG, ConfigError))


def is_tied(folder: Path) -> bool:
    """Whether words may be scored by their own embeddings: unless config.json says they are not.

    Raises:
        ConfigError: config.json cannot be read, or `tie_word_embeddings` is neither true nor false.
    """
    return Fields.from_file(folder / CONFIG, ConfigError).flag("tie_word_embeddings", True)


def read_task_settings(folder: Path, num_labels: int) -> TaskSettings:
    """Read config.json, and what sentence-transformers keeps beside it.

    Args:
        folder: of the model.
        num_labels: scores of the head; 0: they have no labels.

    Raises:
        ConfigError: a file that cannot be read, a value of the wrong type, or labels that are not
            one for each score.
    """
    config = Fields.from_file(folder / CONFIG, ConfigError)
    labels = _labels(config, num_labels)
    problem_type = None
    if config.value.get("problem_type") is not None:
        problem_type = config.choice("problem_type", PROBLEM_TYPES)
    if problem_type == "single_label_classification" and num_labels == 1:
        raise config.fail(
            "problem_type",
            "single_label_classification needs at least 2 labels, the classifier has 1 output; "
            'one score is a "regression".',
        )
    return TaskSettings(
        architectures=_architectures(config),
        labels=labels,
        label2id=_label2id(config, labels),
        problem_type=problem_type,
        activation_fn=_activation_fn(config, folder),
    )


def _architectures(config: Fields) -> tuple[str, ...]:
    names = config.value.get("architectures")
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise config.fail("architectures", f"expected a list of strings, received {shown(names)}.")
    return tuple(names)


def _labels(config: Fields, num_labels: int) -> tuple[str, ...]:
    """One for each score; LABEL_0, LABEL_1 ... where config.json has none, as Transformers says."""
    if num_labels == 0:
        return ()
    if config.value.get("id2label") is None:
        return tuple(f"LABEL_{n}" for n in range(num_labels))
    named = config.object("id2label")
    numbers = {str(n) for n in range(num_labels)}
    if len(named.value) != num_labels:
        raise config.fail(
            "id2label",
            f"names {len(named.value)} labels, but the classifier has {num_labels} outputs; "
            f"they must be the labels of 0 to {num_labels - 1}.",
        )
    if missing := sorted(numbers - named.value.keys(), key=int):
        raise config.fail(
            "id2label",
            f"no label for {listed(missing)}; the {num_labels} outputs of the classifier are "
            f"counted from 0 to {num_labels - 1}.",
        )
    return tuple(named.text(str(n)) for n in range(num_labels))


def _label2id(config: Fields, labels: tuple[str, ...]) -> dict[str, int]:
    """As the file has it; where it has labels of its own, or none, from these."""
    derived = {label: number for number, label in enumerate(labels)}
    if not labels or config.value.get("label2id") is None or config.value.get("id2label") is None:
        return derived
    stated = config.object("label2id")
    return {label: stated.integer(label, 0, len(labels) - 1) for label in stated.value}


def _activation_fn(config: Fields, folder: Path) -> str | None:
    """The newest spelling wins, as in sentence-transformers."""
    settings = Fields.from_optional_file(folder / SETTINGS, ConfigError)
    inside = "sentence_transformers"
    places = [
        (settings, "activation_fn"),
        *([(config.object(inside), "activation_fn")] if config.value.get(inside) else []),
        (config, "sbert_ce_default_activation_function"),
    ]
    for fields, name in places:
        if fields.value.get(name) is not None:
            return fields.text(name)
    return None
