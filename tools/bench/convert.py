"""Make a model's folder and the files that the peers read, once: python -m tools.bench.convert NAME

    .bench-cache/NAME/model/        config.json, weights, vocabulary; only for random weights
    .bench-cache/NAME/plain.onnx    exported from PyTorch
    .bench-cache/NAME/fused.onnx    after ONNX Runtime's optimizer for BERT
    .bench-cache/NAME/ctranslate2/
    .bench-cache/NAME/about.json    what made them, and how many fused operators there are

A process of its own, since it loads PyTorch.
"""

import hashlib
import json
import os
import shutil
import sys
import warnings
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tools.bench.models import CACHE, COMPARED, MINILM, SHAPES, Shape, folder_of
from tools.machine import versions

PACKAGES = ("ctranslate2", "onnx", "onnxruntime", "torch", "transformers")
TOKENIZER_FILES = ("vocab.txt", "tokenizer.json", "tokenizer_config.json")
# Added to every weight; twice as much makes float32 engines differ by 2e-5 at BERT-base's size.
NOISE = 0.05
FUSED = ("EmbedLayerNormalization", "Attention", "SkipLayerNormalization", "BiasGelu")


def about(name: str) -> dict[str, Any] | None:
    """What the cached files are; None where they are missing or were made otherwise."""
    path = CACHE / name / "about.json"
    if not path.exists():
        return None
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return known if known.get("made_by") == makers() else None


def makers() -> dict[str, str]:
    """What decides the files: packages, and this file."""
    source = Path(__file__).read_bytes()
    return {**versions(PACKAGES), "convert.py": hashlib.sha256(source).hexdigest()}


def convert(name: str) -> None:
    """Make everything anew; complete, or about.json is not there."""
    target = CACHE / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    folder = folder_of(name)
    if folder != MINILM:
        save_random_model(SHAPES[name], folder)
    fused = {}
    if name in COMPARED:
        export(folder, target / "plain.onnx")
        fused = fuse(target / "plain.onnx", target / "fused.onnx", SHAPES[name])
        to_ctranslate2(folder, target / "ctranslate2")
    known = {"made_by": makers(), "fused_operators": fused}
    (target / "about.json").write_text(json.dumps(known), encoding="utf-8")


def save_random_model(shape: Shape, folder: Path) -> None:
    """A BERT that Transformers made with seed 0, with MiniLM's tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    from tests.live.random_models import roughen

    torch.manual_seed(0)
    model = BertModel(BertConfig(**asdict(shape)))
    roughen(model, NOISE)
    model.save_pretrained(folder)
    for file in TOKENIZER_FILES:
        shutil.copyfile(MINILM / file, folder / file)
    path = folder / "config.json"  # CTranslate2 asks for a key that Transformers writes no more
    config = json.loads(path.read_text(encoding="utf-8"))
    config["position_embedding_type"] = "absolute"
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")


def export(folder: Path, path: Path) -> None:
    """ids and mask to last_hidden_state; eager attention is what the optimizer knows."""
    import torch
    from transformers import AutoModel

    class LastHiddenState(torch.nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(
                folder, attn_implementation="eager", add_pooling_layer=False
            )

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            out = self.model(input_ids=input_ids, attention_mask=attention_mask)
            return out.last_hidden_state

    ids_BL = torch.randint(1000, 30000, (2, 16))
    axes = {0: "B", 1: "L"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of tracing, for lengths that do not matter here
        torch.onnx.export(
            LastHiddenState().eval(),
            (ids_BL, torch.ones_like(ids_BL)),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["input_ids", "attention_mask"],
            output_names=["last_hidden_state"],
            dynamic_axes={
                name: axes for name in ("input_ids", "attention_mask", "last_hidden_state")
            },
        )


def fuse(plain: Path, fused: Path, shape: Shape) -> dict[str, int]:
    """Write the fused graph; returns its fused operators.

    Raises:
        SystemExit: some are missing, so ONNX Runtime would not be at its best.
    """
    import onnx
    from onnxruntime.transformers import optimizer

    optimizer.optimize_model(
        str(plain),
        model_type="bert",
        num_heads=shape.num_attention_heads,
        hidden_size=shape.hidden_size,
    ).save_model_to_file(str(fused))
    found = Counter(node.op_type for node in onnx.load(str(fused)).graph.node)
    layers = shape.num_hidden_layers
    wanted = dict(zip(FUSED, (1, layers, 2 * layers, layers), strict=True))
    counted = {operator: found[operator] for operator in FUSED}
    if counted != wanted:
        sys.exit(f"ONNX Runtime's optimizer fused {counted}, expected {wanted}.")
    return counted


def to_ctranslate2(folder: Path, target: Path) -> None:
    """Through CTranslate2's converter."""
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(folder)).convert(str(target), quantization="float32")


if __name__ == "__main__":
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    convert(sys.argv[1])
