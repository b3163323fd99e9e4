"""A BERT encoder from token ids to sentence embedding, top to bottom in the order data flows.

A batch here has no padding: all its sequences lie one after another in T token rows, and
`cu_seqlens` says where each begins. Everything but attention treats each row by itself; attention
looks at one sequence at a time. So there is no mask either. Transformers keeps padding, adds the
lowest float to the scores of padded keys, and softmax turns those into exact zeros: leaving the
padding out is the same function.

Axis letters are in `dims.py`. Everything works in the dtype of the parameters it is given; float64
is what the fast kernels are held to. `npdistil/kernels/` has one kernel for each function here, of
the same name.

Values with a name of their own go through a `tap` (`tap.py`), which gives them back as they are
unless somebody looks inside; `npdistil/trace/names.py` lists the names.

Architecture: Devlin et al. 2018, arXiv:1810.04805, section 3; Vaswani et al. 2017,
arXiv:1706.03762, section 3.
"""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..config import EncoderConfig
from ..dims import Floats, Ints
from ..params import AttentionParams, EncoderParams, FeedForwardParams, LayerParams
from .activation import ACTIVATIONS
from .tap import CLOSED, Tap

# ------------------------------------------------------------------------------------ the model


def encode(
    input_ids_T: Ints,
    token_type_ids_T: Ints,
    position_ids_T: Ints,
    cu_seqlens: Ints,
    params: EncoderParams,
    config: EncoderConfig,
    tap: Tap = CLOSED,
) -> Iterator[tuple[Floats, list[Floats]]]:
    """Yield (hidden_TD, attention maps) for the embeddings and then for each layer.

    The last hidden_TD is the result. The attention maps of a layer are one prob_HLM for each
    sequence; the embeddings have none.
    """
    hidden_TD = embed(input_ids_T, token_type_ids_T, position_ids_T, params, config, tap)
    yield hidden_TD, []
    yield from encode_from(0, hidden_TD, cu_seqlens, params, config, tap)


def encode_from(
    first: int,
    hidden_TD: Floats,
    cu_seqlens: Ints,
    params: EncoderParams,
    config: EncoderConfig,
    tap: Tap = CLOSED,
) -> Iterator[tuple[Floats, list[Floats]]]:
    """As `encode`, for the layers from number `first` on, which get hidden_TD."""
    for n, layer in enumerate(params.layers[first:], first):
        here = tap.within(f"layers.{n}")
        hidden_TD, probs = transformer_layer(hidden_TD, cu_seqlens, layer, config, here)
        yield hidden_TD, probs


def embed(
    input_ids_T: Ints,
    token_type_ids_T: Ints,
    position_ids_T: Ints,
    params: EncoderParams,
    config: EncoderConfig,
    tap: Tap = CLOSED,
) -> Floats:
    """What the token is + where it stands + which of two texts it belongs to, then normalised.

    DistilBERT has no third table.
    """
    tables = params.embeddings
    hidden_TD = tables.word_VD[input_ids_T] + tables.position_PD[position_ids_T]
    if tables.token_type_GD is not None:
        hidden_TD = hidden_TD + tables.token_type_GD[token_type_ids_T]
    norm, eps = tables.norm, config.layer_norm_eps
    here = tap.within("embeddings.norm")
    return tap.rows("embeddings", layer_norm(hidden_TD, norm.weight_D, norm.bias_D, eps, here))


def transformer_layer(
    hidden_TD: Floats,
    cu_seqlens: Ints,
    layer: LayerParams,
    config: EncoderConfig,
    tap: Tap = CLOSED,
) -> tuple[Floats, list[Floats]]:
    """Let tokens look at each other, then think about each alone; add and normalise after both."""
    eps = config.layer_norm_eps

    heads, here = config.num_attention_heads, tap.within("attention")
    mixed_TD, probs = self_attention(hidden_TD, cu_seqlens, layer.attention, heads, here)
    norm, at_norm = layer.attention.norm, here.within("norm")
    hidden_TD = add_layer_norm(mixed_TD, hidden_TD, norm.weight_D, norm.bias_D, eps, at_norm)
    hidden_TD = at_norm.rows("output", hidden_TD)

    here = tap.within("feed_forward")
    thought_TD = feed_forward(hidden_TD, layer.feed_forward, config.activation, here)
    norm, at_norm = layer.feed_forward.norm, here.within("norm")
    hidden_TD = add_layer_norm(thought_TD, hidden_TD, norm.weight_D, norm.bias_D, eps, at_norm)
    return tap.rows("output", hidden_TD), probs


def self_attention(
    hidden_TD: Floats,
    cu_seqlens: Ints,
    params: AttentionParams,
    num_heads: int,
    tap: Tap = CLOSED,
) -> tuple[Floats, list[Floats]]:
    """Each token asks (query), each answers (key) and hands over what it has (value)."""
    query, key, value = params.query, params.key, params.value
    query_TD = tap.rows("query", linear(hidden_TD, query.weight_EI, query.bias_E))
    key_TD = tap.rows("key", linear(hidden_TD, key.weight_EI, key.bias_E))
    value_TD = tap.rows("value", linear(hidden_TD, value.weight_EI, value.bias_E))
    context_TD, probs = attention(query_TD, key_TD, value_TD, cu_seqlens, num_heads, tap)
    mixed_TD = linear(context_TD, params.output.weight_EI, params.output.bias_E)
    return tap.rows("output", mixed_TD), probs


def feed_forward(
    hidden_TD: Floats, params: FeedForwardParams, activation: str, tap: Tap = CLOSED
) -> Floats:
    """Widen to intermediate_size, bend (`activation.py`), and narrow again."""
    wide_TF = linear(hidden_TD, params.intermediate.weight_EI, params.intermediate.bias_E)
    wide_TF = tap.rows("intermediate", wide_TF)
    bent_TF = tap.rows("activation", ACTIVATIONS[activation](wide_TF))
    return tap.rows("output", linear(bent_TF, params.output.weight_EI, params.output.bias_E))


# -------------------------------------------------------------------------------- its operations


def attention(
    query_TD: Floats,
    key_TD: Floats,
    value_TD: Floats,
    cu_seqlens: Ints,
    num_heads: int,
    tap: Tap = CLOSED,
) -> tuple[Floats, list[Floats]]:
    """softmax(Q K^T / sqrt(K)) V, for each head of each sequence.

    Returns:
        context_TD, and one prob_HLM for each sequence: row l says how much token l attends to
        each token m; the rows sum to 1.

    Source: Vaswani et al. 2017, section 3.2.
    """
    spans = [slice(start, end) for start, end in pairwise(cu_seqlens)]
    scores = (attention_scores(query_TD[span], key_TD[span], num_heads) for span in spans)
    probs = [*tap.maps("probs", map(softmax, tap.maps("scores", scores)))]

    context_TD = np.empty_like(query_TD)
    for span, prob_HLM in zip(spans, probs, strict=True):
        value_HMK = split_heads(value_TD[span], num_heads)
        context_TD[span] = merge_heads(prob_HLM @ value_HMK)
    return tap.rows("context", context_TD), probs


def attention_scores(query_LD: Floats, key_MD: Floats, num_heads: int) -> Floats:
    """Q K^T / sqrt(K) of each head, [H, L, M]: how well token m answers what token l asks."""
    query_HLK, key_HMK = split_heads(query_LD, num_heads), split_heads(key_MD, num_heads)
    score_HLM: Floats = query_HLK @ key_HMK.swapaxes(-1, -2) / math.sqrt(query_HLK.shape[-1])
    return score_HLM


def split_heads(x_LD: Floats, num_heads: int) -> Floats:
    """[L, D] to [H, L, K]: head h owns features h * K up to (h + 1) * K."""
    length, hidden_size = x_LD.shape
    return x_LD.reshape(length, num_heads, hidden_size // num_heads).swapaxes(0, 1)


def merge_heads(x_HLK: Floats) -> Floats:
    """[H, L, K] back to [L, D]."""
    heads, length, head_size = x_HLK.shape
    return x_HLK.swapaxes(0, 1).reshape(length, heads * head_size)


def softmax(score_HLM: Floats) -> Floats:
    """exp(s) / sum(exp(s)) over the last axis; taking the maximum off first avoids overflow."""
    if score_HLM.shape[-1] == 0:
        return score_HLM
    exp_HLM: Floats = np.exp(score_HLM - score_HLM.max(axis=-1, keepdims=True))
    total_HL1: Floats = exp_HLM.sum(axis=-1, keepdims=True)
    return exp_HLM / total_HL1


def linear(x_TI: Floats, weight_EI: Floats, bias_E: Floats) -> Floats:
    """y = x W^T + b: torch keeps a weight as (outputs, inputs)."""
    return x_TI @ weight_EI.T + bias_E


def add_layer_norm(
    x_TD: Floats,
    residual_TD: Floats,
    weight_D: Floats,
    bias_D: Floats,
    eps: float,
    tap: Tap = CLOSED,
) -> Floats:
    """LayerNorm(x + residual): BERT normalises after the addition ("post-LN")."""
    return layer_norm(x_TD + residual_TD, weight_D, bias_D, eps, tap)


def layer_norm(
    x_TD: Floats, weight_D: Floats, bias_D: Floats, eps: float, tap: Tap = CLOSED
) -> Floats:
    """(x - mean) * rstd * weight + bias with rstd = 1 / sqrt(var + eps), over the last axis.

    var is the biased estimate (divide by D). BERT uses eps = 1e-12, which float32 cannot resolve
    beside a variance of order 1; it only matters for constant rows.

    Source: Ba et al. 2016, arXiv:1607.06450, section 3.
    """
    centered_TD: Floats = x_TD - tap.rows("mean", x_TD.mean(axis=-1, keepdims=True))
    var_T1: Floats = (centered_TD * centered_TD).mean(axis=-1, keepdims=True)
    normal_TD: Floats = centered_TD * tap.rows("rstd", 1 / np.sqrt(var_T1 + eps))
    return normal_TD * weight_D + bias_D


# ------------------------------------------------------------------------------ behind the encoder


def dense(x_NI: Floats, weight_EI: Floats, bias_E: Floats, activation: str) -> Floats:
    """One layer behind the encoder: activation(linear), or with "identity" the linear alone.

    With "tanh", on the first row of each sequence, it is BERT's pooler.
    """
    y_NE = linear(x_NI, weight_EI, bias_E)
    return y_NE if activation == "identity" else ACTIVATIONS[activation](y_NE)
