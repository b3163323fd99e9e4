"""Which heads the tensors of a file make, and those of one task, all that is wrong at once."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..config import EncoderConfig
from ..errors import ConfigError, ModelFileError
from .head_names import (
    CLASSIFIERS,
    LAYERS,
    MASKED_LM,
    NEXT_SENTENCE,
    POOLER,
    Layer,
    Task,
)
from .match import dtype_fault
from .tensor_source import TensorInfo

# An axis whose size nothing but the file says -> its name in messages.
_FREE = {"C": "the labels", "E": "the teacher's width"}


class LayerFiles(NamedTuple):
    """Where a file has the tensors of one linear layer of a head."""

    layer: Layer
    weight: str
    bias: str


class LayersFiles(NamedTuple):
    """Likewise of all its layers but the pooler, whose tensors are the encoder's."""

    on_pooler: bool  # whether they stand on the pooler's output
    layers: tuple[LayerFiles, ...]
    num_scores: int


class MaskedLMFiles(NamedTuple):
    """Likewise of a head of masked words."""

    transform_weight: str
    transform_bias: str
    norm_weight: str
    norm_bias: str
    decoder: str | None  # None: not there, it is the table of word embeddings
    bias: str


def held_heads(
    names: Collection[str], has_pooler: bool, architectures: Sequence[str], model_type: str
) -> list[str]:
    """The tasks that the tensors of a file can serve, as Transformers calls them.

    What a `classifier` is for, its name does not say; the architectures do. Where they are silent
    it may serve whatever else is there.

    Args:
        names: of all tensors that may belong to heads, in today's spelling.
        has_pooler: whether the encoder has one.
        architectures: of config.json.
        model_type: the family.
    """
    held = []
    if "classifier.weight" in names:
        told = [task for name in architectures for end, task in CLASSIFIERS.items() if end in name]
        first = "pre_classifier.weight" in names or "projection.weight" in names or has_pooler
        guesses = ["text-classification"] if first else []
        held += told or [*guesses, "token-classification"]
    if "qa_outputs.weight" in names:
        held.append("question-answering")
    if f"{MASKED_LM[model_type].transform}.weight" in names:
        held.append("fill-mask")
    if NEXT_SENTENCE in names:
        held.append("next-sentence-prediction")
    return held


def expect_head(task: Task, held: Sequence[str], folder: Path) -> None:
    """Refuse a folder that has no head of the task.

    Raises:
        ConfigError: it has none; says what it has.
    """
    if task not in held:
        raise ConfigError(
            f"{folder}: holds no {task} head; it holds: {', '.join(held) or 'an encoder alone'}."
        )


def match_layers(
    task: Task,
    heads: Mapping[str, str],
    entries: Mapping[str, TensorInfo],
    config: EncoderConfig,
    path: Path,
    has_pooler: bool,
) -> LayersFiles:
    """The linear layers of a head, in their order.

    Args:
        task: any but "fill-mask".
        heads: tensors that may belong to heads: name in today's spelling -> name in the file.
        entries: all tensors of the file.
        config: of the encoder, which gives the rows.
        path: of the file, for messages.
        has_pooler: whether the encoder has one.

    Raises:
        ModelFileError: tensors are missing, misshapen or of another type, or the pooler is missing.
    """
    *others, usual = LAYERS[config.model_type][task]
    chosen = next((layers for layers in others if f"{layers[0].name}.weight" in heads), usual)
    on_pooler, layers = POOLER in chosen, [layer for layer in chosen if layer is not POOLER]
    problems = []
    if on_pooler and not has_pooler:
        problems.append(f"no {POOLER.name}, whose output the classifier of a BERT reads")
    sizes = {"D": config.hidden_size, "2": 2}
    for layer in layers:
        for name, axes in (
            (f"{layer.name}.weight", layer.axes),
            (f"{layer.name}.bias", layer.axes[0]),
        ):
            fault = _fault(name, axes, heads, entries, sizes)
            problems += [fault] if fault else []
    if problems:
        raise ModelFileError(f"{path}: the {task} head cannot be used: {'; '.join(problems)}.")
    files = [
        LayerFiles(layer, heads[f"{layer.name}.weight"], heads[f"{layer.name}.bias"])
        for layer in layers
    ]
    return LayersFiles(on_pooler, tuple(files), sizes[layers[-1].axes[0]])


def match_masked_lm(
    heads: Mapping[str, str],
    entries: Mapping[str, TensorInfo],
    config: EncoderConfig,
    path: Path,
    is_tied: bool,
) -> MaskedLMFiles:
    """The tensors of a head of masked words.

    Args:
        heads: as for `match_layers`.
        entries: likewise.
        config: likewise.
        path: likewise.
        is_tied: whether the decoder may be missing, because it is the table of word embeddings.

    Raises:
        ModelFileError: tensors are missing, misshapen or of another type.
    """
    names = MASKED_LM[config.model_type]
    bias = next((name for name in names.biases if name in heads), names.biases[-1])
    wanted = {
        f"{names.transform}.weight": "DD",
        f"{names.transform}.bias": "D",
        f"{names.norm}.weight": "D",
        f"{names.norm}.bias": "D",
        names.decoder: "VD",
        bias: "V",
    }
    if is_tied and names.decoder not in heads:
        del wanted[names.decoder]
    sizes = {"D": config.hidden_size, "V": config.vocab_size}
    faults = [_fault(name, axes, heads, entries, sizes) for name, axes in wanted.items()]
    if problems := [fault for fault in faults if fault]:
        raise ModelFileError(f"{path}: the fill-mask head cannot be used: {'; '.join(problems)}.")
    transform, norm = names.transform, names.norm
    return MaskedLMFiles(
        transform_weight=heads[f"{transform}.weight"],
        transform_bias=heads[f"{transform}.bias"],
        norm_weight=heads[f"{norm}.weight"],
        norm_bias=heads[f"{norm}.bias"],
        decoder=heads.get(names.decoder),
        bias=heads[bias],
    )


def _fault(
    name: str,
    axes: str,
    heads: Mapping[str, str],
    entries: Mapping[str, TensorInfo],
    sizes: dict[str, int],
) -> str | None:
    """What is wrong with one tensor; sizes that are not known yet are taken from it."""
    if name not in heads:
        return f"no {name}"
    dtype, shape = entries[heads[name]]
    if len(shape) == len(axes):
        for axis, size in zip(axes, shape, strict=True):
            if size > 0:
                sizes.setdefault(axis, size)
    if shape != tuple(sizes.get(axis, 0) for axis in axes):
        wanted = ", ".join(str(sizes.get(axis, _FREE.get(axis))) for axis in axes)
        return f"{heads[name]} {shape}, where ({wanted}) is needed"
    return dtype_fault(heads[name], dtype)
