"""Parameters to what the kernels read: every weight packed, once, at load.

Three identities save work and change nothing but roundings. 1 / sqrt(head size) goes into the
queries' weights. The keys' bias adds the same to all scores of a query, which softmax takes off
again, so it is left out. The values' bias passes through attention as it is, because the weights of
the mean sum to 1; so it joins the bias of the output projection: b + W b_value.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import EncoderConfig
from ..dims import Floats
from ..kernels.entries import pack_panels
from ..kernels.epilogues import ACTIVATION_CODES
from ..kernels.model import LayerWeights, Model
from ..kernels.pack_weights import (
    Array,
    aligned_zeros,
    whole_heads,
    whole_panels,
    whole_vectors,
)
from ..params import AttentionParams, EncoderParams, LayerParams, LinearParams
from ..workers import shared_workers

Parts = tuple[Floats, ...]  # of one tensor
UNDER_WAY = 1 << 25  # bytes of layers that are read and packed at a time, if more than one is


def pack_model(
    params: EncoderParams,
    config: EncoderConfig,
    passing: Callable[[int, LayerParams], object] = lambda n, layer: None,
    num_threads: int = 1,
) -> Model:
    """All weights of a model, those of the layers in one block of memory.

    Args:
        params: layers on demand are asked for once each, in order, by each thread for itself.
        config: their sizes.
        passing: gets each layer, with its number, before it is gone.
        num_threads: the most layers that are read and packed at a time; of large ones fewer, so
            that memory stays below that of a second model.
    """
    tables, D = params.embeddings, whole_panels(config.hidden_size)
    token_type_GD = tables.token_type_GD
    if token_type_GD is None:  # one zero row: adding it changes nothing
        token_type_GD = np.zeros((1, config.hidden_size), np.float32)

    ends = _ends(config)
    layers_NZ = aligned_zeros(len(params.layers), ends[-1])
    question = []

    def pack_layer(n: int) -> None:
        layer = params.layers[n]
        passing(n, layer)
        tensors = _parts_of_layer(layer, config)
        for parts, start, end in zip(tensors, (0, *ends[:-1]), ends, strict=True):
            _pack(parts, layers_NZ[n, start:end])
        if n == len(params.layers) - 1:
            question.append(_pack_question(layer.attention.key.weight_EI, config))

    at_a_time = min(num_threads, max(1, UNDER_WAY // layers_NZ[0].nbytes))
    shared_workers(at_a_time).each(pack_layer, range(len(params.layers)))
    return Model(
        frozen(tables.word_VD),
        frozen(tables.position_PD),
        frozen(token_type_GD),
        frozen(_padded(tables.norm.weight_D, D)),
        frozen(_padded(tables.norm.bias_D, D)),
        frozen(layers_NZ),
        ends,
        frozen(question[0]),
        config.hidden_size,
        ACTIVATION_CODES[config.activation],
        config.layer_norm_eps,
    )


def _ends(config: EncoderConfig) -> tuple[int, ...]:
    """Where each tensor of a layer ends, in floats; of each all outputs of whole panels."""
    D, F = config.hidden_size, config.intermediate_size
    A = config.num_attention_heads * whole_heads(config.head_size)
    sizes = {  # outputs and inputs
        "qkv": (3 * A, D),
        "qkv_bias": (3 * A, 1),
        "attention_output": (D, A),
        "intermediate": (F, D),
        "intermediate_bias": (F, 1),
        "output": (D, whole_panels(F)),
    }
    found = (sizes.get(name, (D, 1)) for name in LayerWeights._fields)
    return tuple(np.cumsum([whole_panels(E) * I for E, I in found]).tolist())


def _pack_question(key_EI: Floats, config: EncoderConfig) -> Array:
    """W_k^T of each head: a question [D] from a query [K]; see `reference/first_token.py`."""
    D, H, K = config.hidden_size, config.num_attention_heads, config.head_size
    E, I = whole_panels(D), whole_heads(K)
    key_HKD = key_EI.reshape(H, K, D)
    question_HP = aligned_zeros(H, E * I)
    for key_KD, question_P in zip(key_HKD, question_HP, strict=True):
        _pack((_padded(key_KD.T, E, I),), question_P)
    return question_HP.ravel()


def pack_linear(linear: LinearParams) -> tuple[Array, Array]:
    """One linear layer by itself: (weight_P, bias_E), its outputs filled up to whole panels."""
    E, I = linear.weight_EI.shape
    weight_P = aligned_zeros(whole_panels(E) * I)
    _pack((linear.weight_EI,), weight_P)
    return weight_P, _padded(linear.bias_E, whole_panels(E))


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory, contiguous and read-only, which is how kernels take what they only read."""
    view = np.ascontiguousarray(array)[...]
    view.flags.writeable = False
    return view


def _parts_of_layer(layer: LayerParams, config: EncoderConfig) -> list[Parts]:
    """A layer's tensors in their common order, each in parts whose outputs follow one another."""
    attention, feed_forward = layer.attention, layer.feed_forward
    F = whole_panels(config.intermediate_size)
    H, K = config.num_attention_heads, config.head_size
    slab = whole_heads(K)

    def by_head(weight_EI: Floats) -> Floats:
        """Outputs of each head filled up: [H K, ...] to [H slab, ...]."""
        split_HKI = weight_EI.reshape(H, K, -1)
        return _padded(split_HKI, H, slab, split_HKI.shape[2]).reshape(H * slab, -1)

    scale = np.float32(1 / math.sqrt(K))
    none_D = np.zeros_like(attention.key.bias_E)
    weights = (
        attention.query.weight_EI * scale,
        attention.key.weight_EI,
        attention.value.weight_EI,
    )
    biases = (attention.query.bias_E * scale, none_D, none_D)
    tensors = {
        "qkv": tuple(map(by_head, weights)),
        "qkv_bias": tuple(by_head(bias).ravel() for bias in biases),
        "attention_output": (by_head(attention.output.weight_EI.T).T,),
        "attention_output_bias": (_bias_with_values(attention),),
        "attention_norm_weight": (attention.norm.weight_D,),
        "attention_norm_bias": (attention.norm.bias_D,),
        "intermediate": (feed_forward.intermediate.weight_EI,),
        "intermediate_bias": (feed_forward.intermediate.bias_E,),
        "output": (_padded(feed_forward.output.weight_EI, config.hidden_size, F),),
        "output_bias": (feed_forward.output.bias_E,),
        "norm_weight": (feed_forward.norm.weight_D,),
        "norm_bias": (feed_forward.norm.bias_D,),
    }
    return [tensors[name] for name in LayerWeights._fields]


def _bias_with_values(attention: AttentionParams) -> Floats:
    """b + W b_value, added in float64: the sum is made once and should lose nothing."""
    output, value = attention.output, attention.value
    passed_E = np.einsum("ei,i->e", output.weight_EI, value.bias_E, dtype=np.float64)
    return np.asarray(output.bias_E + passed_E, np.float32)


def _padded(array: Floats, *shape: int) -> Floats:
    """The array with zeros behind it along each axis."""
    if array.shape == shape:
        return array
    padded = np.zeros(shape, np.float32)
    padded[tuple(slice(size) for size in array.shape)] = array
    return padded


def _pack(parts: Parts, place: Array) -> None:
    """Outputs of one part behind those of another, as panels, or as they are; `place` is zero."""
    first = 0
    for part in parts:
        if part.ndim == 2:
            E, I = part.shape
            whole_EI = _padded(part, whole_vectors(E), I)
            pack_panels(np.ascontiguousarray(whole_EI), first, place)
        else:
            place[first : first + len(part)] = part
        first += len(part)
