"""A layer's attention as the file has it, from packed weights: for whoever looks inside.

Packing folds away the scale of the queries and two biases (`pack_model.py`). The biases are kept
beside the packed weights, so that nothing of a model is lost by preparing it for speed.
"""

import math

import numpy as np

from ..config import EncoderConfig
from ..dims import Floats
from ..kernels.model import LayerWeights, Model
from ..kernels.pack_weights import unpack_panels, whole_heads, whole_panels
from ..named_tuple import NamedTuple
from ..params import AttentionParams, LayerParams, LinearParams, NormParams


class FoldedBiases(NamedTuple):
    """What is not in the packed weights of a layer, or not by itself."""

    key_E: Floats
    value_E: Floats
    output_E: Floats


def folded_biases(layer: LayerParams) -> FoldedBiases:
    """Those of a layer; small copies, which keep no weights alive."""
    a = layer.attention
    return FoldedBiases(a.key.bias_E.copy(), a.value.bias_E.copy(), a.output.bias_E.copy())


def unpack_attention(
    model: Model, n: int, folded: FoldedBiases, config: EncoderConfig
) -> AttentionParams:
    """Layer n's attention parameters.

    All are what was packed, bit for bit, but for the queries', which were multiplied by
    1 / sqrt(head size) and are divided by it again: two roundings.
    """
    D, H, K = config.hidden_size, config.num_attention_heads, config.head_size
    slab = whole_heads(K)
    tensors = LayerWeights(*np.split(model.layers_NZ[n], model.ends[:-1]))
    qkv_EI = unpack_panels(tensors.qkv, whole_panels(3 * H * slab))[: 3 * H * slab]
    query_DI, key_DI, value_DI = qkv_EI.reshape(3, H, slab, -1)[:, :, :K].reshape(3, D, -1)
    bias_HK = tensors.qkv_bias[: H * slab].reshape(H, slab)[:, :K]
    output_EI = unpack_panels(tensors.attention_output, whole_panels(D))
    output_DD = output_EI[:D].reshape(D, H, slab)[:, :, :K].reshape(D, D)
    scale = np.float32(1 / math.sqrt(K))
    return AttentionParams(
        query=LinearParams(query_DI / scale, bias_HK.ravel() / scale),
        key=LinearParams(key_DI, folded.key_E),
        value=LinearParams(value_DI, folded.value_E),
        output=LinearParams(output_DD, folded.output_E),
        norm=NormParams(tensors.attention_norm_weight[:D], tensors.attention_norm_bias[:D]),
    )
