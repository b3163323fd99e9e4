"""What the answers of chapter 3 must do; each message says which thought is missing."""

import numpy as np
from expected import IDS, WEIGHTS, expect

from npdistil.checkpoint.load import load_encoder
from npdistil.reference import forward


def first_layer():
    """Queries, keys and values [L, D] of the model's first layer for the sentence of IDS."""
    config, params = load_encoder(WEIGHTS, np.float64)
    places = np.arange(len(IDS))
    hidden_LD = forward.embed(IDS, 0 * IDS, places, params, config)
    attention = params.layers[0].attention
    linears = attention.query, attention.key, attention.value
    rows = [forward.linear(hidden_LD, part.weight_EI, part.bias_E) for part in linears]
    return rows, config.num_attention_heads


def check_attention_scores(attention_scores):
    """Sizes that all differ, then the first head of the model."""
    query_LK = np.array([[2.0, 0.0, 0.0, 0.0], [0.0, 4.0, 0.0, 2.0]])
    key_MK = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 5.0, 1.0]])
    exact = np.array([[1.0, 0.0, 0.0], [2.0, 6.0, 1.0]])
    hint = "row l for query l, column m for key m, divided by sqrt(K): here by 2"
    expect("attention_scores", attention_scores(query_LK, key_MK), exact, hint)

    (query_LD, key_LD, _), heads = first_layer()
    exact = forward.attention_scores(query_LD, key_LD, heads)[0]
    size = query_LD.shape[1] // heads
    found = attention_scores(query_LD[:, :size], key_LD[:, :size])
    expect("attention_scores, for the model's first head,", found, exact, hint)


def check_softmax(softmax):
    """Ordinary rows, then rows that only a careful one survives."""
    score_LM = np.array([[0.0, 1.0, 2.0], [3.0, 3.0, 3.0]])
    hint = "exp, then divide each row by its own sum (axis=-1, keepdims=True)"
    expect("softmax", softmax(score_LM), forward.softmax(score_LM), hint)
    large = np.array([[1000.0, 1001.0]])
    hint = "take the largest score of the row off before exp; it changes no result"
    expect("softmax of [[1000, 1001]]", softmax(large), forward.softmax(large), hint)
    far = np.array([[0.0, 1.0], [-2000.0, -2001.0]])
    hint = "take off each row's own maximum, not that of all rows"
    expect("softmax of [[0, 1], [-2000, -2001]]", softmax(far), forward.softmax(far), hint)


def check_attend(attend):
    """Two heads that can be told apart, then all heads of the model."""
    prob_HLM = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]]])
    value_MD = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]])
    exact = np.array([[1.0, 2.0, 11.0, 12.0], [5.0, 6.0, 5.0, 6.0]])
    hint = (
        "head 0 mixes columns 0 and 1 by prob[0], head 1 columns 2 and 3 by prob[1], and their "
        "results stand side by side"
    )
    expect("attend", attend(prob_HLM, value_MD), exact, hint)

    (query_LD, key_LD, value_LD), heads = first_layer()
    spans = np.array([0, len(IDS)])
    exact, (prob_HLM,) = forward.attention(query_LD, key_LD, value_LD, spans, heads)
    expect("attend, for the model's first layer,", attend(prob_HLM, value_LD), exact, hint)
