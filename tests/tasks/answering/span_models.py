"""A tiny model with a span head, made without torch."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from tests.tasks.folders import write_json, write_model


def write_span_model(folder: Path, head: str = "qa_outputs", **settings: object) -> Path:
    """BertForQuestionAnswering as Transformers saves it; scores of tokens differ widely."""
    path = write_model(folder) / "model.safetensors"
    draw = np.random.default_rng(11)
    tensors = {
        f"bert.{name}": array
        for name, array in load_file(path).items()
        if not name.startswith("pooler.")
    }
    tensors[f"{head}.weight"] = 2 * draw.standard_normal((2, 12)).astype(np.float32)
    tensors[f"{head}.bias"] = draw.standard_normal(2).astype(np.float32)
    save_file(tensors, path)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    kind = "QuestionAnswering" if head == "qa_outputs" else "TokenClassification"
    write_json(folder / "config.json", {**config, "architectures": [f"BertFor{kind}"]})
    if settings:
        write_json(folder / "tokenizer_config.json", settings)
    return folder
