"""Parameters to what the kernels read, and the memory that they write; packed once, at load."""

import math

import numpy as np

from ..config import EncoderConfig
from ..dims import Floats
from ..kernels.ir.target import HOST
from ..kernels.pack_weights import PackedLinear, aligned_zeros, pack_linear
from ..kernels.transformer_layer import LayerWeights, Workspace
from ..params import LayerParams, LinearParams


def pack_layer(layer: LayerParams, config: EncoderConfig) -> LayerWeights:
    """One layer's weights in panels, with 1 / sqrt(head size) folded into the queries."""
    attention, feed_forward = layer.attention, layer.feed_forward
    scale = np.float32(1 / math.sqrt(config.head_size))
    query = LinearParams(attention.query.weight_EI * scale, attention.query.bias_E * scale)
    return LayerWeights(
        qkv=_pack(query, attention.key, attention.value),
        attention_output=_pack(attention.output),
        attention_norm_weight_D=_as_float32(attention.norm.weight_D),
        attention_norm_bias_D=_as_float32(attention.norm.bias_D),
        intermediate=_pack(feed_forward.intermediate),
        output=_pack(feed_forward.output),
        norm_weight_D=_as_float32(feed_forward.norm.weight_D),
        norm_bias_D=_as_float32(feed_forward.norm.bias_D),
    )


def pack_pooler(pooler: LinearParams) -> PackedLinear:
    """The pooler's weights in panels."""
    return _pack(pooler)


def make_workspace(rows: int, longest: int, config: EncoderConfig) -> Workspace:
    """Working memory for up to `rows` token rows, in sequences of up to `longest`."""
    D, F, W = config.hidden_size, config.intermediate_size, HOST.panel
    padded = -(-longest // W) * W
    return Workspace(
        qkv_TE=aligned_zeros(rows, 3 * D),
        context_TD=aligned_zeros(rows, D),
        attended_TD=aligned_zeros(rows, D),
        wide_TF=aligned_zeros(rows, F),
        keys_P=aligned_zeros(config.head_size * padded),
        values_P=aligned_zeros(-(-config.head_size // W) * W * longest),
        score_RM=aligned_zeros(HOST.rows, padded),
        tile_RW=aligned_zeros(HOST.rows, W),
        zero_W=aligned_zeros(W),
    )


def _pack(*linears: LinearParams) -> PackedLinear:
    return pack_linear(
        [linear.weight_EI for linear in linears], [linear.bias_E for linear in linears]
    )


def _as_float32(array: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray(array, np.float32)
