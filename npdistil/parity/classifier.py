"""Folders with a classifier of whole texts: what config.json says, and the head in float64."""

from pathlib import Path

import numpy as np

from ..checkpoint.load import load_encoder
from ..checkpoint.load_task import open_task
from ..checkpoint.task_settings import read_architectures
from ..checkpoint.weights_file import folder_of
from ..config import EncoderConfig
from ..params import DenseParams, EncoderParams

CLASSIFIER = "ForSequenceClassification"  # how Transformers' classes with such a head end

# The encoder, the layers of the head, and whether they stand on the encoder's pooler.
Loaded = tuple[EncoderConfig, EncoderParams, tuple[DenseParams, ...], bool]


def has_classifier(folder: Path) -> bool:
    """Whether config.json names such a class.

    Raises:
        ConfigError: config.json cannot be read.
    """
    return any(name.endswith(CLASSIFIER) for name in read_architectures(folder))


def load_with_head(model: Path) -> Loaded:
    """The encoder in float64, and its classifier where there is one.

    Args:
        model: a folder, or a file of weights in it.

    Raises:
        ConfigError: config.json cannot be used, or names a head that is not there.
        ModelFileError: the weights are missing, damaged or do not fit.
    """
    if not has_classifier(folder_of(model)):
        return *load_encoder(model, np.float64), (), False
    with open_task(model, "text-classification", np.float64) as found:
        params = found.params._replace(layers=tuple(found.params.layers))
        head = tuple(layer for layer in found.head if isinstance(layer, DenseParams))
        return found.config, params, head, found.on_pooler
