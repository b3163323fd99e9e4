"""A model folder to an encoder with the head of a task: all is right, or one error says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..config import EncoderConfig
from ..dims import Floats
from ..params import (
    DenseParams,
    EncoderParams,
    HeadParams,
    LinearParams,
    MaskedLMParams,
    NormParams,
    cast,
    from_source,
)
from .head_names import Task
from .load import matched_weights
from .match_head import (
    LayerFiles,
    LayersFiles,
    MaskedLMFiles,
    expect_head,
    held_heads,
    match_layers,
    match_masked_lm,
)
from .task_settings import TaskSettings, is_tied, read_architectures, read_task_settings
from .tensor_source import TensorSource
from .weights_file import folder_of

LABELLED = ("text-classification", "token-classification")  # tasks whose scores have names


class OpenTask(NamedTuple):
    """What a folder holds for a task; layers of the encoder are read on demand."""

    config: EncoderConfig
    params: EncoderParams
    on_pooler: bool  # whether the head's first layer is the encoder's pooler, which `head` lacks
    head: HeadParams
    settings: TaskSettings


@contextmanager
def open_task(
    model: Path | str, task: Task, dtype: npt.DTypeLike = np.float32, num_threads: int = 1
) -> Iterator[OpenTask]:
    """As `open_encoder`, with the head of a task and its settings.

    Args:
        model: a local folder, or a file of weights in it.
        task: whose head is wanted.
        dtype: float type of all parameters.
        num_threads: as for `open_encoder`.

    Raises:
        ConfigError: as `open_encoder`; there is no head of the task, which says what there is; or
            labels are not one for each score.
        ModelFileError: as `open_encoder`; tensors of the head are missing or misshapen.
    """
    with matched_weights(model, num_threads) as (config, file, matched):
        folder, has_pooler = folder_of(Path(model)), "pooler.weight_EI" in matched.names
        architectures = read_architectures(folder)
        held = held_heads(matched.heads, has_pooler, architectures, config.model_type)
        expect_head(task, held, folder)
        found = matched.heads, file.entries, config, file.path
        layers, masked_lm, num_labels = LayersFiles(False, (), 0), None, 0
        if task == "fill-mask":
            masked_lm = match_masked_lm(*found, is_tied(folder))
            used = {name for name in masked_lm if name}
        else:
            layers = match_layers(task, *found, has_pooler)
            num_labels = layers.num_scores if task in LABELLED else 0
            used = {name for files in layers.layers for name in (files.weight, files.bias)}
        settings = read_task_settings(folder, num_labels)
        for name in matched.ignored:
            if name not in used:
                file.read(name)  # as `open_encoder`: a damaged file is refused as a whole
        names = matched.names
        params = from_source(lambda path: file.read(names[path]), names, config.num_hidden_layers)
        head: HeadParams = tuple(_read_layer(files, file) for files in layers.layers)
        if masked_lm is not None:
            head = _read_masked_lm(masked_lm, file, params.embeddings.word_VD, config.activation)
        yield OpenTask(config, cast(params, dtype), layers.on_pooler, cast(head, dtype), settings)


def _read_layer(files: LayerFiles, source: TensorSource) -> DenseParams:
    linear = LinearParams(source.read(files.weight), source.read(files.bias))
    return DenseParams(linear, files.layer.activation)


def _read_masked_lm(
    files: MaskedLMFiles, source: TensorSource, word_VD: Floats, activation: str
) -> MaskedLMParams:
    """A decoder that is the table of word embeddings, value by value, is not kept a second time."""
    decoder_VD = None if files.decoder is None else source.read(files.decoder)
    if decoder_VD is not None and np.array_equal(decoder_VD, word_VD):
        decoder_VD = None
    transform = LinearParams(source.read(files.transform_weight), source.read(files.transform_bias))
    return MaskedLMParams(
        transform=DenseParams(transform, activation),
        norm=NormParams(source.read(files.norm_weight), source.read(files.norm_bias)),
        decoder_VD=decoder_VD,
        bias_V=source.read(files.bias),
    )
