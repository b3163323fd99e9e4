"""Tiny models of odd sizes, written by hand: no two axes are equal, so that a swap shows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

BERT: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": 37,
    "hidden_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 20,
    "max_position_embeddings": 11,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
    "pad_token_id": 0,
}
DISTILBERT: dict[str, Any] = {
    "model_type": "distilbert",
    "vocab_size": 37,
    "dim": 12,
    "n_layers": 2,
    "n_heads": 3,
    "hidden_dim": 20,
    "max_position_embeddings": 11,
    "activation": "gelu",
    "sinusoidal_pos_embds": False,
}

_BERT_LAYER = {
    "attention.self.query": (12, 12),
    "attention.self.key": (12, 12),
    "attention.self.value": (12, 12),
    "attention.output.dense": (12, 12),
    "attention.output.LayerNorm": (12,),
    "intermediate.dense": (20, 12),
    "output.dense": (12, 20),
    "output.LayerNorm": (12,),
}
_DISTILBERT_LAYER = {
    "attention.q_lin": (12, 12),
    "attention.k_lin": (12, 12),
    "attention.v_lin": (12, 12),
    "attention.out_lin": (12, 12),
    "sa_layer_norm": (12,),
    "ffn.lin1": (20, 12),
    "ffn.lin2": (12, 20),
    "output_layer_norm": (12,),
}


def bert_shapes() -> dict[str, tuple[int, ...]]:
    """Every tensor of the tiny BERT, written out without the loader's tables."""
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (37, 12),
        "embeddings.position_embeddings.weight": (11, 12),
        "embeddings.token_type_embeddings.weight": (2, 12),
        **_module("embeddings.LayerNorm", (12,)),
        **_module("pooler.dense", (12, 12)),
    }
    for n in range(2):
        for name, shape in _BERT_LAYER.items():
            shapes |= _module(f"encoder.layer.{n}.{name}", shape)
    return shapes


def distilbert_shapes() -> dict[str, tuple[int, ...]]:
    """Every tensor of the tiny DistilBERT."""
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (37, 12),
        "embeddings.position_embeddings.weight": (11, 12),
        **_module("embeddings.LayerNorm", (12,)),
    }
    for n in range(2):
        for name, shape in _DISTILBERT_LAYER.items():
            shapes |= _module(f"transformer.layer.{n}.{name}", shape)
    return shapes


def _module(name: str, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def random_tensors(
    shapes: Mapping[str, tuple[int, ...]], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Values that differ everywhere, so that two swapped tensors show."""
    return {name: rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


_CODES = {"<f4": "F32", "<f8": "F64", "<f2": "F16", "<i8": "I64", "|u1": "U8", "|b1": "BOOL"}


def file_bytes(tensors: Mapping[str, np.ndarray]) -> bytes:
    """A valid safetensors file, made without the package under test."""
    header, data = {}, b""
    for name, array in tensors.items():
        piece = array.tobytes()
        offsets = [len(data), len(data) + len(piece)]
        code = _CODES[array.dtype.str]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": offsets}
        data += piece
    return raw(header, data)


def raw(header: object, data: bytes = b"") -> bytes:
    """A file of any header: str and bytes as they are, everything else as JSON."""
    text = header if isinstance(header, str | bytes) else json.dumps(header)
    text = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return len(text).to_bytes(8, "little") + text + data


def write_folder(
    folder: Path, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> Path:
    """A model folder; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(file_bytes(tensors))
    return folder
