"""Weights as the hub's repositories hold them: their formats, prefixes, old names and leftovers."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self

import h5py
import torch
from transformers import PreTrainedModel

Tensors = dict[str, torch.Tensor]
# Made before torch 1.6, by their age; the others lie in a zip archive. Both are read alike.
LEGACY = ("bert-base", "distilbert", "tinybert-6x768", "tinybert-4x312", "minilm-12x384")
_OLD_NAMES = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}


class Weights(NamedTuple):
    """A model's float32 tensors under the names of its family, and its config.json."""

    name: str
    config: dict[str, object]
    tensors: Tensors

    @classmethod
    def of(cls, name: str, model: PreTrainedModel) -> Self:
        """They stay as they are, whatever the model is turned into later."""
        tensors = {name: tensor.detach() for name, tensor in model.state_dict().items()}
        return cls(name, model.config.to_dict(), tensors)


def write_torch(weights: Weights, folder: Path) -> None:
    """pytorch_model.bin, in the container of its time."""
    torch.save(
        hub_state(weights.name, weights.tensors),
        folder / "pytorch_model.bin",
        _use_new_zipfile_serialization=weights.name not in LEGACY,
    )


def write_h5(weights: Weights, folder: Path) -> None:
    """tf_model.h5, laid out as that of tests/golden/tensorflow, which TensorFlow wrote."""
    family = str(weights.config["model_type"])
    with h5py.File(folder / "tf_model.h5", "w") as file:
        for name, tensor in weights.tensors.items():
            path, turned = keras_path(name, tensor.ndim)
            array = tensor.numpy().T if turned else tensor.numpy()
            file[f"{family}/tf_{family}_model/{family}/{path}"] = array


def keras_path(name: str, dimensions: int) -> tuple[str, bool]:
    """Where Keras keeps a tensor of torch below its model, and whether transposed.

    >>> keras_path("encoder.layer.3.output.dense.weight", 2)
    ('encoder/layer_._3/output/dense/kernel:0', True)
    >>> keras_path("embeddings.LayerNorm.weight", 1)
    ('embeddings/LayerNorm/gamma:0', False)
    """
    *modules, last = name.split(".")
    path = re.sub(r"/layer/(\d+)/", r"/layer_._\1/", "/".join(modules))
    if "orm" in modules[-1]:  # LayerNorm, sa_layer_norm
        return f"{path}/{'gamma' if last == 'weight' else 'beta'}:0", False
    if last == "bias":
        return f"{path}/bias:0", False
    if modules[-1].endswith("_embeddings"):
        return f"{path}/{'weight' if modules[-1] == 'word_embeddings' else 'embeddings'}:0", False
    assert dimensions == 2
    return f"{path}/kernel:0", True


def hub_state(name: str, tensors: Tensors) -> Tensors:
    """The state dict under the names of the hub's file, with what else is in there."""
    positions = {"embeddings.position_ids": torch.arange(512)[None]}
    if name == "bert-base":
        old = {_old_name(key): tensor for key, tensor in tensors.items()}
        return {**_prefixed("bert.", positions | old), **_pretraining_heads(tensors)}
    if name.startswith("tinybert"):
        width = len(tensors["embeddings.LayerNorm.bias"])
        layers = len({key.split(".")[2] for key in tensors if key.startswith("encoder.")})
        fits: Tensors = {}
        for n in range(layers + 1):
            fits[f"fit_denses.{n}.weight"] = torch.ones(768, width)
            fits[f"fit_denses.{n}.bias"] = torch.ones(768)
        return {**_prefixed("bert.", tensors), **_pretraining_heads(tensors), **fits}
    if name == "distilbert":
        words = tensors["embeddings.word_embeddings.weight"]
        heads = {
            "vocab_transform.weight": torch.ones(words.shape[1], words.shape[1]),
            "vocab_layer_norm.bias": torch.ones(words.shape[1]),
            "vocab_projector.weight": words,
            "vocab_projector.bias": torch.ones(words.shape[0]),
        }
        return {**_prefixed("distilbert.", tensors), **heads}
    return positions | tensors


def _pretraining_heads(tensors: Tensors) -> Tensors:
    words = tensors["embeddings.word_embeddings.weight"]
    return {
        "cls.predictions.bias": torch.ones(words.shape[0]),
        "cls.predictions.transform.dense.weight": torch.ones(words.shape[1], words.shape[1]),
        "cls.predictions.transform.LayerNorm.gamma": torch.ones(words.shape[1]),
        "cls.predictions.decoder.weight": words,  # tied: one storage, two names
        "cls.seq_relationship.weight": torch.ones(2, words.shape[1]),
    }


def _prefixed(prefix: str, tensors: Tensors) -> Tensors:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def _old_name(name: str) -> str:
    for new, old in _OLD_NAMES.items():
        name = name.replace(new, old)
    return name


def write_config(weights: Weights, folder: Path) -> None:
    """config.json."""
    (folder / "config.json").write_text(json.dumps(weights.config), encoding="utf-8")


# Format -> what writes it; model.safetensors is written by Transformers itself.
WRITERS: dict[str, Callable[[Weights, Path], None]] = {
    "pytorch_model.bin": write_torch,
    "tf_model.h5": write_h5,
}
