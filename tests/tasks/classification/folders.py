"""Tiny folders with a head for sequences, made without torch."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from tests.models import TINY, Draw
from tests.tasks.folders import write_json, write_model

NLI = ("contradiction", "neutral", "entailment")


def write_classifier(
    folder: Path, labels: Sequence[str] | int = 3, scale: float = 3.0, **config: object
) -> Path:
    """A BERT with a classifier as Transformers saves it.

    Args:
        folder: to write.
        labels: their names, or how many there are without names.
        scale: of the classifier; a large one gives decided scores.
        config: more keys of config.json.
    """
    write_model(folder)
    weights = folder / "model.safetensors"
    body = {name: array for name, array in load_file(weights).items()}
    named = {name if name.startswith("bert.") else f"bert.{name}": body[name] for name in body}
    C = labels if isinstance(labels, int) else len(labels)
    classifier = Draw(np.random.default_rng(11)).linear(C, TINY.hidden_size)
    named["classifier.weight"] = np.array(classifier.weight_EI * np.float32(scale))
    named["classifier.bias"] = np.array(classifier.bias_E)
    save_file(named, weights)
    settings = json.loads((folder / "config.json").read_text())
    settings["architectures"] = ["BertForSequenceClassification"]
    if not isinstance(labels, int):
        settings["id2label"] = {str(n): label for n, label in enumerate(labels)}
        settings["label2id"] = {label: n for n, label in enumerate(labels)}
    write_json(folder / "config.json", {**settings, **config})
    return folder
