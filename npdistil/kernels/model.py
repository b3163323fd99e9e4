"""What a forward pass reads and writes: records of arrays, made by `encoder/`.

Rows are as wide as a whole number of panels. A model whose sizes are no multiples of a panel has
zeros behind its features, in weights and in activations; so no kernel has a special last panel.
"""

import numpy as np
from numpy.typing import NDArray

from ..named_tuple import NamedTuple
from .signature import COUNTERS, DOUBLE, FLOAT, IDS, IN1, IN2, INT, OUT1, OUT2, OUT3, RecordKind

Array = NDArray[np.float32]
Ids = NDArray[np.int32]


class Batch(NamedTuple):
    """Token rows of whole sequences; see `encoder/packing.py`."""

    input_ids_T: Ids
    token_type_ids_T: Ids
    position_ids_T: Ids
    cu_seqlens: Ids


class LayerWeights(NamedTuple):
    """One layer's tensors, as `linear` and `layer_norm` read them."""

    qkv: Array  # 3 H slabs of K outputs: queries of all heads, then keys, then values
    qkv_bias: Array
    attention_output: Array
    attention_output_bias: Array
    attention_norm_weight: Array
    attention_norm_bias: Array
    intermediate: Array
    intermediate_bias: Array
    output: Array
    output_bias: Array
    norm_weight: Array
    norm_bias: Array


class Model(NamedTuple):
    """All weights, packed, and the sizes that no shape tells."""

    word_VD: Array
    position_PD: Array
    token_type_GD: Array
    norm_weight_D: Array
    norm_bias_D: Array
    layers_NZ: Array  # a row holds the tensors of `LayerWeights`, one after another
    ends: tuple[int, ...]  # where each of them ends in the row
    question_P: Array  # the last layer's keys, turned: H linears of K inputs, see `first_token.py`
    hidden_size: int
    activation: int
    eps: float


class Workspace(NamedTuple):
    """What the threads of one bundle share: room for R token rows."""

    hidden_RD: Array
    qkv_SRK: Array  # S = 3 H
    context_RD: Array
    attended_RD: Array
    wide_RF: Array


class Scratch(NamedTuple):
    """What one thread has for itself: room for sequences of L tokens."""

    query_KW: Array
    score_MW: Array
    inverse_XW: Array
    question_RHD: Array  # of as many sequences as a block has rows


class Output(NamedTuple):
    """Where results go. An array without elements means that nobody wants it.

    Attributes:
        states_NTD: the rows of the last state, or of every state.
        first_row: where the bundle's rows begin in it.
        prob_NQ: the attention maps of every layer, [H, L, L] of one sequence after another.
        first_prob: where the bundle's maps begin in it.
        pooled_BE: one row a sequence: the poolings one after another.
        first_sequence: where the bundle's sequences begin in it.
        pooling_M: codes of the poolings: MEAN, CLS and so on.
        skip: rows at the beginning of each sequence that no pooling sees.
        normalize: whether a row is scaled to length 1.
        only_first: whether nobody wants anything but the first row of each sequence.
    """

    states_NTD: Array
    first_row: int
    prob_NQ: Array
    first_prob: int
    pooled_BE: Array
    first_sequence: int
    pooling_M: Ids
    skip: int
    normalize: int
    only_first: int


BATCH = RecordKind(Batch, (IDS, IDS, IDS, IDS))
ENDS = RecordKind(tuple, (INT,) * len(LayerWeights._fields))
MODEL = RecordKind(Model, (IN2, IN2, IN2, IN1, IN1, IN2, ENDS, IN1, INT, INT, DOUBLE))
WORKSPACE = RecordKind(Workspace, (OUT2, OUT3, OUT2, OUT2, OUT2))
SCRATCH = RecordKind(Scratch, (OUT2, OUT2, OUT2, OUT3))
OUTPUT = RecordKind(Output, (OUT3, INT, OUT2, INT, OUT2, INT, IDS, INT, INT, INT))
# What the functions take that Python calls.
ENCODE = (BATCH, MODEL, WORKSPACE, SCRATCH, OUTPUT, COUNTERS)
DENSE = (IN2, IN1, IN1, INT, OUT2)
PACK_PANELS = (IN2, INT, OUT1)
LAYER_NORM = (OUT2, IN1, IN1, FLOAT, INT)
SCORE_WORDS = (IN2, IN2, IN1, INT, INT, OUT2)
NORMALIZE = (OUT2,)

MEAN, CLS, MAX, MEAN_SQRT_LEN, WEIGHTED_MEAN, LAST = range(6)  # codes of poolings
NUM_STAGES = 7  # of a layer; see `transformer_layer.py`
COUNTER_COLUMNS = 16  # of a stage; see `team.py`


def num_stages(num_layers: int) -> int:
    """Rows of counters that a forward pass needs."""
    return 2 + num_layers * (NUM_STAGES + 1) + 1
