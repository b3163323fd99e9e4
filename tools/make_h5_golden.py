"""Write tests/golden/tensorflow/: what TensorFlow saved, and what it answered.

    python tools/make_h5_golden.py

Needs an environment of its own, since Transformers 5 no longer writes such files:

    pip install transformers==4.57.6 tensorflow-cpu tf-keras h5py

Each folder gets tf_model.h5 and config.json as `save_pretrained` writes them, and
activations.safetensors with inputs and hidden states in float32. Every weight is random, biases and
LayerNorms too, and no two sizes are equal, so that a swap or a missed transpose shows.
"""

import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import safetensors.numpy
import tensorflow as tf
from transformers import (
    BertConfig,
    DistilBertConfig,
    TFBertForPreTraining,
    TFDistilBertForMaskedLM,
)

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden" / "tensorflow"
COMMAND = "python tools/make_h5_golden.py"
VOCAB_ROWS, POSITIONS = 53, 17


def main() -> None:
    """Write both folders."""
    tf.keras.utils.set_random_seed(5)
    made_with = ", ".join(
        f"{name} {version(name)}" for name in ("transformers", "tensorflow", "tf-keras", "h5py")
    )
    bert = BertConfig(
        vocab_size=VOCAB_ROWS,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=POSITIONS,
        type_vocab_size=3,
    )
    TFBertForPreTraining(bert)  # so that the second one is called tf_bert_for_pre_training_1
    write(TFBertForPreTraining(bert), GOLDEN / "bert", made_with)
    distilbert = DistilBertConfig(
        vocab_size=VOCAB_ROWS,
        dim=24,
        n_layers=2,
        n_heads=4,
        hidden_dim=40,
        max_position_embeddings=POSITIONS,
    )
    write(TFDistilBertForMaskedLM(distilbert), GOLDEN / "distilbert", made_with)


def write(model: Any, folder: Path, made_with: str) -> None:
    """One model with random weights, its file and its answers."""
    rng = np.random.default_rng(7)
    batch = inputs(rng, types=hasattr(model.config, "type_vocab_size"))
    model(batch)  # builds it
    for weight in model.weights:
        # Query and key are larger than usual, so that attention is not uniform.
        scale = 0.9 if "/query/" in weight.name or "q_lin" in weight.name else 0.3
        noise = rng.standard_normal(weight.shape).astype(np.float32) * scale
        weight.assign(weight + noise)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved, safe_serialization=False)
        for name in ("tf_model.h5", "config.json"):
            (folder / name).write_bytes(Path(saved, name).read_bytes())
    config = json.loads((folder / "config.json").read_text("utf-8"))
    stated = {**config, "made_by": COMMAND, "made_with": made_with}
    (folder / "config.json").write_text(json.dumps(stated, indent=2, sort_keys=True) + "\n")

    encoder = model.bert if hasattr(model, "bert") else model.distilbert
    out = encoder(batch, output_hidden_states=True)
    arrays = {name: tensor.numpy() for name, tensor in batch.items()}
    arrays |= {f"hidden_states.{n}": state.numpy() for n, state in enumerate(out.hidden_states)}
    if "pooler_output" in out:
        arrays["pooler_output"] = out.pooler_output.numpy()
    safetensors.numpy.save_file(
        arrays,
        folder / "activations.safetensors",
        {"made_by": COMMAND, "made_with": made_with},
    )
    for path in sorted(folder.iterdir()):
        print(f"{path}: {path.stat().st_size:,} bytes")


def inputs(rng: np.random.Generator, types: bool) -> dict[str, Any]:
    """Three rows with padding on the right, in between, and none."""
    mask_BL = np.ones((3, 11), np.int32)
    mask_BL[0, 7:] = 0
    mask_BL[1, 3:6] = 0
    batch = {
        "input_ids": rng.integers(0, VOCAB_ROWS, mask_BL.shape).astype(np.int32),
        "attention_mask": mask_BL,
    }
    if types:
        batch["token_type_ids"] = rng.integers(0, 3, mask_BL.shape).astype(np.int32)
    return {name: tf.constant(array) for name, array in batch.items()}


if __name__ == "__main__":
    main()
