"""Dense modules of a folder: their arithmetic, and folders that contradict themselves."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from npdistil import ConfigError, ModelFileError, SentenceEncoder
from tests.models import TINY
from tests.tasks.folders import (
    make,
    random_texts,
    write_dense,
    write_model,
    write_settings,
)
from tests.tolerances import HIDDEN_FLOAT32

D = TINY.hidden_size
TORCH = "torch.nn.modules"


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_two_layers_and_their_normalisations(tmp_path, rng, backend):
    """Catches a layer left out, a bias or a residual forgotten, another order or activation."""
    kinds = ("Transformer", "Pooling", "Normalize", "Dense", "Dense", "Normalize")
    folder = write_settings(write_model(tmp_path / "m"), kinds=kinds)
    first = write_dense(
        folder / "3_Dense", rng, D, 17, bias=False,
        activation_function=f"{TORCH}.activation.Tanh", use_residual=True,
    )  # fmt: skip
    second = write_dense(
        folder / "4_Dense", rng, 17, 17,
        activation_function=f"{TORCH}.activation.ReLU", use_residual=True,
    )  # fmt: skip
    texts = random_texts()
    encoder = SentenceEncoder.from_pretrained(folder, backend)
    x = make(backend, normalize=True).encode(texts).astype(np.float64)
    x = np.tanh(x @ first["linear.weight"].T) + x @ first["residual.weight"].T
    x = np.maximum(x @ second["linear.weight"].T + second["linear.bias"], 0) + x
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    found = encoder.encode(texts)
    assert encoder.embedding_dimension == 17 and found.shape == x.shape
    assert np.abs(found - x).max() <= HIDDEN_FLOAT32
    if backend == "numba":
        assert encoder.encode(texts[::-1], batch_size=3)[::-1].tobytes() == found.tobytes()


def dense_folder(tmp_path: Path, rng, **config) -> Path:
    kinds = ("Transformer", "Pooling", "Dense")
    folder = write_settings(write_model(tmp_path / "m"), kinds=kinds)
    write_dense(folder / "2_Dense", rng, config.pop("inputs", D), 5, **config)
    return folder


@pytest.mark.parametrize(
    "config, message",
    [
        ({"activation_function": "os.system"}, "activation_function: 'os.system' is not built"),
        ({"activation_function": "torch.nn.Mish"}, "'torch.nn.Mish' is not built, only Tanh"),
        ({"module_input_name": "token_embeddings"}, "module_input_name: .* is not built here"),
        ({"in_features": "12"}, "in_features: expected an integer"),
        ({"bias": "yes"}, "bias: expected true or false"),
        ({"inputs": D + 1}, f"2_Dense: in_features is {D + 1}, but {D} reach it"),
    ],
)
def test_configurations_that_are_refused(tmp_path, rng, config, message):
    """Catches a layer that is computed with another function than it was trained with."""
    folder = dense_folder(tmp_path, rng, **config)
    with pytest.raises(ConfigError, match=message):
        SentenceEncoder.from_pretrained(folder)


@pytest.mark.parametrize("fault", ["absent", "no bias", "another shape", "integers", "one more"])
def test_weights_that_do_not_fit(tmp_path, rng, fault):
    """Catches a bias of zeros where the file lost it, and arrays that a kernel would overrun."""
    folder = dense_folder(tmp_path, rng)
    path = folder / "2_Dense" / "model.safetensors"
    tensors = {"linear.weight": np.ones((5, D), np.float32), "linear.bias": np.ones(5, np.float32)}
    if fault == "absent":
        path.unlink()
    else:
        tensors |= {
            "no bias": {},
            "another shape": {"linear.weight": np.ones((D, 5), np.float32)},
            "integers": {"linear.bias": np.ones(5, np.int32)},
            "one more": {"more": np.ones(5, np.float32)},
        }[fault]
        if fault == "no bias":
            del tensors["linear.bias"]
        save_file(tensors, path)
    with pytest.raises(ModelFileError, match="2_Dense"):
        SentenceEncoder.from_pretrained(folder)
