"""The models of the question-answering goldens, the same bits wherever they are made.

Three have random weights of real shapes: whole numbers of a PCG64 stream, which NumPy keeps the
same for ever, made into floats by operations that IEEE 754 rounds in one way only. The fourth is
all-MiniLM-L6-v2 with the span head of tests/golden/question_answering/span_head.json.
"""

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from npdistil.checkpoint.registry import entries
from npdistil.config import KEYS, EncoderConfig

ROOT = Path(__file__).resolve().parents[2]
MINILM = ROOT / "weights" / "all-MiniLM-L6-v2"
GOLDEN = ROOT / "tests" / "golden" / "question_answering"
HEAD = GOLDEN / "span_head.json"
FITTED = "all-MiniLM-L6-v2"
SEEDS = {"xtremedistil-l6-h256": 61, "xtremedistil-l12-h384": 62, "distilbert": 63}
MODELS = (*SEEDS, FITTED)
WRITTEN_MODELS = ("xtremedistil-l6-h256", FITTED)  # asked the written cases too

QUERY_GAIN = 1.5  # large queries and keys: attention is far from uniform
BRANCH_GAIN = 0.5  # of what a layer adds: random layers at full strength make all tokens alike
HEAD_GAIN = 10.0  # a span's logits must differ, or every score is near uniform
Floats = NDArray[np.float32]


def write_model(name: str, folder: Path) -> Path:
    """A folder with config.json, model.safetensors and the uncased vocabulary; returns it.

    Needs weights/all-MiniLM-L6-v2, for its vocabulary at least.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if name == FITTED:
        _write_fitted(folder)
        return folder
    config = next(entry.config for entry in entries() if entry.name == name)
    save_file(dict(random_tensors(config, SEEDS[name])), folder / "model.safetensors")
    kind = "Bert" if config.model_type == "bert" else "DistilBert"
    values = {key: getattr(config, field) for field, key in KEYS[config.model_type].items()}
    values |= {
        "model_type": config.model_type,
        "architectures": [f"{kind}ForQuestionAnswering"],
    }
    _write_json(folder / "config.json", values)
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": f"{kind}Tokenizer", "do_lower_case": True, "model_max_length": 512},
    )
    shutil.copyfile(MINILM / "vocab.txt", folder / "vocab.txt")
    return folder


def random_tensors(config: EncoderConfig, seed: int) -> Iterator[tuple[str, Floats]]:
    """Every tensor of BertForQuestionAnswering or DistilBertForQuestionAnswering, by its name."""
    bits = np.random.PCG64(seed)

    def draw(*shape: int, scale: float) -> Floats:
        raw = bits.random_raw(int(np.prod(shape)))
        unit = (raw >> np.uint64(40)).astype(np.float32) * np.float32(2**-23) - np.float32(1)
        drawn: Floats = (unit * np.float32(scale * math.sqrt(3))).reshape(shape)
        return drawn

    def linear(name: str, outputs: int, inputs: int, gain: float = 1.0) -> Iterator[Any]:
        yield f"{name}.weight", draw(outputs, inputs, scale=gain / math.sqrt(inputs))
        yield f"{name}.bias", draw(outputs, scale=0.2)

    def norm(name: str) -> Iterator[Any]:
        yield f"{name}.weight", np.float32(1) + draw(D, scale=0.2)
        yield f"{name}.bias", draw(D, scale=0.2)

    D, F = config.hidden_size, config.intermediate_size
    bert = config.model_type == "bert"
    prefix = "bert" if bert else "distilbert"
    tables = {"word": (config.vocab_size, 1.0), "position": (config.max_position_embeddings, 0.4)}
    if bert:
        tables["token_type"] = (config.type_vocab_size, 0.4)
    for table, (rows, scale) in tables.items():
        yield f"{prefix}.embeddings.{table}_embeddings.weight", draw(rows, D, scale=scale)
    yield from norm(f"{prefix}.embeddings.LayerNorm")
    names = _LAYER[config.model_type]
    for layer in range(config.num_hidden_layers):
        query, key, value, out, out_norm, up, down, down_norm = [
            f"{prefix}.{names['layers']}.{layer}.{name}" for name in names["parts"]
        ]
        yield from linear(query, D, D, QUERY_GAIN)
        yield from linear(key, D, D, QUERY_GAIN)
        yield from linear(value, D, D)
        yield from linear(out, D, D, BRANCH_GAIN)
        yield from norm(out_norm)
        yield from linear(up, F, D)
        yield from linear(down, D, F, BRANCH_GAIN)
        yield from norm(down_norm)
    yield from linear("qa_outputs", 2, D, HEAD_GAIN)


_LAYER: dict[str, dict[str, Any]] = {
    "bert": {
        "layers": "encoder.layer",
        "parts": (
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
            "attention.output.LayerNorm",
            "intermediate.dense",
            "output.dense",
            "output.LayerNorm",
        ),
    },
    "distilbert": {
        "layers": "transformer.layer",
        "parts": (
            "attention.q_lin",
            "attention.k_lin",
            "attention.v_lin",
            "attention.out_lin",
            "sa_layer_norm",
            "ffn.lin1",
            "ffn.lin2",
            "output_layer_norm",
        ),
    },
}


def _write_fitted(folder: Path) -> None:
    head = json.loads(HEAD.read_text("utf-8"))
    tensors = {
        f"bert.{name}": array
        for name, array in load_file(MINILM / "model.safetensors").items()
        if not name.startswith("pooler.") and not name.endswith("position_ids")
    }
    for name in ("weight", "bias"):
        tensors[f"qa_outputs.{name}"] = np.array(head[name], np.float32)
    save_file(tensors, folder / "model.safetensors")
    config = json.loads((MINILM / "config.json").read_text("utf-8"))
    _write_json(folder / "config.json", {**config, "architectures": ["BertForQuestionAnswering"]})
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(MINILM / name, folder / name)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2), "utf-8")
