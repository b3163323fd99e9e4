"""2_Dense: the sizes, the activation and the weights of a layer behind the pooling."""

from pathlib import Path

import numpy as np

from ...checkpoint.tensor_source import TensorSource
from ...checkpoint.weights_file import open_weights
from ...dims import Floats
from ...errors import ConfigError, ModelFileError
from ...fields import Fields, shown
from ...named_tuple import NamedTuple
from ...params import LinearParams

# The last part of a class path that begins with "torch." -> name of `Backend.dense`.
ACTIVATIONS = {
    "Tanh": "tanh",
    "Identity": "identity",
    "ReLU": "relu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Sigmoid": "sigmoid",
}
FLOATS = ("F64", "F32", "F16", "BF16")


class DenseConfig(NamedTuple):
    """config.json of a Dense module."""

    folder: Path
    in_features: int
    out_features: int
    bias: bool
    activation: str
    use_residual: bool


class DenseParams(NamedTuple):
    """The weights of a Dense module, float32; the biases are zero where there are none."""

    linear: LinearParams
    residual: LinearParams | None  # None: there is none, or it is the input itself


def read_dense(folder: Path) -> DenseConfig:
    """What the folder of a Dense module says; no weight is read.

    Raises:
        ConfigError: the file is missing or damaged, or asks for what is not built.
    """
    file = Fields.from_file(folder / "config.json", ConfigError)
    for name in ("module_input_name", "module_output_name"):
        if file.value.get(name, "sentence_embedding") not in ("sentence_embedding", None):
            raise file.fail(name, f"{shown(file.value[name])} is not built here.")
    path = file.text("activation_function", "torch.nn.modules.activation.Tanh")
    activation = ACTIVATIONS.get(path.rpartition(".")[2]) if path.startswith("torch.") else None
    if activation is None:
        raise file.fail(
            "activation_function",
            f"{shown(path)} is not built, only {', '.join(ACTIVATIONS)} of torch.nn.",
        )
    return DenseConfig(
        folder,
        file.integer("in_features", 1),
        file.integer("out_features", 1),
        file.flag("bias", True),
        activation,
        file.optional_flag("use_residual") is True,
    )


def load_dense(config: DenseConfig) -> DenseParams:
    """Read the weights, from model.safetensors or pytorch_model.bin.

    Raises:
        ModelFileError: they are missing, damaged, or do not fit the configuration.
    """
    inputs, outputs = config.in_features, config.out_features
    expected: dict[str, tuple[int, ...]] = {"linear.weight": (outputs, inputs)}
    if config.bias:
        expected["linear.bias"] = (outputs,)
    if config.use_residual and inputs != outputs:
        expected["residual.weight"] = (outputs, inputs)
    with open_weights(config.folder) as file:
        tensors = _tensors(file, expected)
    zero_E = np.zeros(outputs, np.float32)
    residual = tensors.get("residual.weight")
    return DenseParams(
        LinearParams(tensors["linear.weight"], tensors.get("linear.bias", zero_E)),
        None if residual is None else LinearParams(residual, zero_E),
    )


def _tensors(file: TensorSource, expected: dict[str, tuple[int, ...]]) -> dict[str, Floats]:
    found = {name: info.shape for name, info in file.entries.items()}
    types = {info.dtype for info in file.entries.values()}
    if found != expected or not types <= set(FLOATS):
        raise ModelFileError(
            f"{file.path}: its config.json calls for {_shapes(expected)} in floats, but it holds "
            f"{_shapes(found)} in {', '.join(sorted(types))}."
        )
    return {name: file.read(name).astype(np.float32, copy=False) for name in expected}


def _shapes(shapes: dict[str, tuple[int, ...]]) -> str:
    return f"{', '.join(f'{name} {shape}' for name, shape in shapes.items()):.200}"
