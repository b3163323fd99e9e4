"""The last layer, when only the first token of each sequence is wanted: as [CLS] of a sentence.

What the other tokens would become is then nobody's question, so queries, output projection and feed
forward are computed for one row a sequence. And keys and values, which every token would still
need, never are: a dot product does not care which side a matrix stands on.

    score_m = q . (W_k x_m + b_k) = (W_k^T q) . x_m + q . b_k
    context = sum_m p_m (W_v x_m + b_v) = W_v (sum_m p_m x_m) + b_v

The last term of the scores is the same for all tokens m, so softmax takes it off again; the weights
p sum to 1. Of a layer's 12 D^2 T multiplications 12 D^2 B remain, beside 2 H D T for looking at the
tokens as they are: each head's question, W_k^T q, attends to the hidden rows, which are both its
keys and its values.

The same reordering serves DeepSeek-V2 (arXiv:2405.04434, section 2.1.2) for its compressed keys.
"""

import math
from itertools import pairwise

import numpy as np

from ..config import EncoderConfig
from ..dims import Floats, Ints
from ..params import AttentionParams, EncoderParams, LayerParams
from .forward import (
    add_layer_norm,
    encode,
    feed_forward,
    linear,
    merge_heads,
    softmax,
    split_heads,
)
from .pooling import pool_first


def encode_first(
    input_ids_T: Ints,
    token_type_ids_T: Ints,
    position_ids_T: Ints,
    cu_seqlens: Ints,
    params: EncoderParams,
    config: EncoderConfig,
) -> Floats:
    """The first row of each sequence after the last layer, [B, D]; sequences may not be empty."""
    before = params._replace(layers=params.layers[:-1])
    ids = input_ids_T, token_type_ids_T, position_ids_T
    *_, (hidden_TD, _) = encode(*ids, cu_seqlens, before, config)
    return first_token_layer(hidden_TD, cu_seqlens, params.layers[-1], config)


def first_token_layer(
    hidden_TD: Floats, cu_seqlens: Ints, layer: LayerParams, config: EncoderConfig
) -> Floats:
    """The first row of each sequence of `forward.transformer_layer`, [B, D]."""
    eps, attention = config.layer_norm_eps, layer.attention

    first_BD = pool_first(hidden_TD, cu_seqlens)
    heads = config.num_attention_heads
    context_BD = first_token_attention(first_BD, hidden_TD, cu_seqlens, attention, heads)
    mixed_BD = linear(context_BD, attention.output.weight_EI, attention.output.bias_E)
    first_BD = add_layer_norm(
        mixed_BD, first_BD, attention.norm.weight_D, attention.norm.bias_D, eps
    )

    thought_BD = feed_forward(first_BD, layer.feed_forward, config.activation)
    norm = layer.feed_forward.norm
    return add_layer_norm(thought_BD, first_BD, norm.weight_D, norm.bias_D, eps)


def first_token_attention(
    first_BD: Floats,
    hidden_TD: Floats,
    cu_seqlens: Ints,
    params: AttentionParams,
    num_heads: int,
) -> Floats:
    """What `forward.attention` gives each first token, [B, D], from rows without keys or values."""
    query_BD = linear(first_BD, params.query.weight_EI, params.query.bias_E)
    query_HBK = split_heads(query_BD, num_heads)
    D, K = hidden_TD.shape[1], query_HBK.shape[2]
    key_HKD = params.key.weight_EI.reshape(num_heads, K, D)
    value_HKD = params.value.weight_EI.reshape(num_heads, K, D)

    question_HBD = query_HBK @ key_HKD
    mean_HBD = np.empty_like(question_HBD)
    for b, (start, end) in enumerate(pairwise(cu_seqlens)):
        hidden_MD = hidden_TD[start:end]
        prob_HM = softmax(question_HBD[:, b] @ hidden_MD.T / math.sqrt(K))
        mean_HBD[:, b] = prob_HM @ hidden_MD

    context_HBK = mean_HBD @ value_HKD.swapaxes(1, 2)
    return merge_heads(context_HBK) + params.value.bias_E
