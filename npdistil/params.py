"""Every parameter of encoder and heads, one line per tensor; the suffix is the shape (dims.py).

Weights keep the order they have on disk: `weight_EI` is (outputs, inputs) and a linear layer
computes x_NI @ weight_EI.T + bias_E.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from .dims import Floats
from .errors import ModelFileError
from .named_tuple import NamedTuple

Node = TypeVar("Node")


class LinearParams(NamedTuple):
    """y_NE = x_NI @ weight_EI.T + bias_E."""

    weight_EI: Floats
    bias_E: Floats


class NormParams(NamedTuple):
    """LayerNorm: scale and shift (gamma and beta of the paper)."""

    weight_D: Floats
    bias_D: Floats


class AttentionParams(NamedTuple):
    """Self-attention with the residual's LayerNorm; every linear is (D, D)."""

    query: LinearParams
    key: LinearParams
    value: LinearParams
    output: LinearParams
    norm: NormParams


class FeedForwardParams(NamedTuple):
    """The two linears around GELU, (F, D) and (D, F), with the residual's LayerNorm."""

    intermediate: LinearParams
    output: LinearParams
    norm: NormParams


class LayerParams(NamedTuple):
    """One post-LayerNorm transformer block."""

    attention: AttentionParams
    feed_forward: FeedForwardParams


class EmbeddingParams(NamedTuple):
    """The tables whose rows are summed, then normalised."""

    word_VD: Floats
    position_PD: Floats
    token_type_GD: Floats | None  # None: the model has no token types (DistilBERT)
    norm: NormParams


class EncoderParams(NamedTuple):
    """The whole encoder."""

    embeddings: EmbeddingParams
    layers: Sequence[LayerParams]  # a tuple, or `LayersOnDemand`
    pooler: LinearParams | None  # (D, D), applied to the first token; None: not in the file


class DenseParams(NamedTuple):
    """A layer behind the encoder, and what bends its result."""

    linear: LinearParams
    activation: str  # "identity", or a name of reference/activation.py


class MaskedLMParams(NamedTuple):
    """What scores each word of the vocabulary for the place of a mask."""

    transform: DenseParams  # (D, D), bent as the feed-forward layers are
    norm: NormParams
    decoder_VD: Floats | None  # None: the table of word embeddings (a tied decoder)
    bias_V: Floats


# The layers that make scores of a row, one after another; or those of masked words.
HeadParams = tuple[DenseParams, ...] | MaskedLMParams


class LayersOnDemand(Sequence[LayerParams]):
    """Layers that are read when they are asked for, every time, so that nobody holds them all."""

    def __init__(self, count: int, read: Callable[[int], LayerParams]) -> None:
        self._count = count
        self.read = read

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, n: int) -> LayerParams: ...

    @overload
    def __getitem__(self, n: slice) -> tuple[LayerParams, ...]: ...

    def __getitem__(self, n: int | slice) -> LayerParams | tuple[LayerParams, ...]:
        numbers = range(self._count)[n]
        if isinstance(numbers, int):
            return self.read(numbers)
        return tuple(map(self.read, numbers))


def map_arrays(function: Callable[[str, Floats], Floats], node: Node) -> Node:
    """Rebuild a tree of parameters with `function(path, array)` in the place of each array.

    The only walk over the tree: paths and order of everything else come from here. A path is
    the dotted way through the fields, such as `layers.0.attention.query.weight_EI`. Layers on
    demand stay so; `function` gets their arrays when somebody asks for them.
    """
    mapped: Node = _mapped(function, node, "")
    return mapped


def _mapped(function: Callable[[str, Floats], Floats], node: Any, path: str) -> Any:
    dot = "." if path else ""
    if isinstance(node, np.ndarray):
        return function(path, node)
    if isinstance(node, LayersOnDemand):
        read = node.read
        return LayersOnDemand(len(node), lambda n: _mapped(function, read(n), f"{path}{dot}{n}"))
    if isinstance(node, tuple):
        names = getattr(node, "_fields", range(len(node)))
        parts = [
            _mapped(function, part, f"{path}{dot}{name}")
            for name, part in zip(names, node, strict=True)
        ]
        return type(node)(*parts) if hasattr(node, "_fields") else tuple(parts)
    return node  # None: a part that this model does not have; or the name of an activation


def named_arrays(params: object) -> dict[str, Floats]:
    """All arrays by their dotted field path, in data-flow order."""
    found: dict[str, Floats] = {}

    def keep(path: str, array: Floats) -> Floats:
        found[path] = array
        return array

    map_arrays(keep, params)
    return found


def cast(params: Node, dtype: npt.DTypeLike) -> Node:
    """The same parameters in another float type; arrays that have it already are shared.

    Converted arrays are read-only, as those of a checkpoint are.

    Raises:
        ModelFileError: a value is too large for `dtype`.
    """

    def convert(path: str, array: Floats) -> Floats:
        if array.dtype == dtype:
            return array
        with np.errstate(over="ignore", under="ignore"):
            converted: Floats = array.astype(dtype)
        if not np.isfinite(converted).all():
            raise ModelFileError(f"{path}: holds values outside the range of {np.dtype(dtype)}.")
        converted.flags.writeable = False
        return converted

    return map_arrays(convert, params)


def from_named_arrays(arrays: Mapping[str, Floats], num_layers: int) -> EncoderParams:
    """Build the tree from `named_arrays`' form; the inverse of it.

    Token types and the pooler are optional, every other path must be present (KeyError).
    """
    params = from_source(arrays.__getitem__, arrays, num_layers)
    return params._replace(layers=tuple(params.layers))


def from_source(
    read: Callable[[str], Floats], paths: Container[str], num_layers: int
) -> EncoderParams:
    """The tree of arrays that `read(path)` gives, layers on demand.

    Args:
        read: called for every path that the tree has, of a layer when it is asked for.
        paths: those that there are; token types and the pooler may be missing.
        num_layers: how many layers there are.
    """

    def linear(path: str) -> LinearParams:
        return LinearParams(read(f"{path}.weight_EI"), read(f"{path}.bias_E"))

    def norm(path: str) -> NormParams:
        return NormParams(read(f"{path}.weight_D"), read(f"{path}.bias_D"))

    def layer(n: int) -> LayerParams:
        path = f"layers.{n}"
        attention = AttentionParams(
            query=linear(f"{path}.attention.query"),
            key=linear(f"{path}.attention.key"),
            value=linear(f"{path}.attention.value"),
            output=linear(f"{path}.attention.output"),
            norm=norm(f"{path}.attention.norm"),
        )
        feed_forward = FeedForwardParams(
            intermediate=linear(f"{path}.feed_forward.intermediate"),
            output=linear(f"{path}.feed_forward.output"),
            norm=norm(f"{path}.feed_forward.norm"),
        )
        return LayerParams(attention, feed_forward)

    types = "embeddings.token_type_GD"
    return EncoderParams(
        embeddings=EmbeddingParams(
            word_VD=read("embeddings.word_VD"),
            position_PD=read("embeddings.position_PD"),
            token_type_GD=read(types) if types in paths else None,
            norm=norm("embeddings.norm"),
        ),
        layers=LayersOnDemand(num_layers, layer),
        pooler=linear("pooler") if "pooler.weight_EI" in paths else None,
    )
