"""What the answers of chapter 2 must do; each message says which thought is missing."""

import numpy as np
from expected import WEIGHTS, expect

from npdistil.checkpoint.load import load_encoder
from npdistil.reference import forward


def check_embed(embed):
    """On tables small enough to add up by hand, then on the model's."""
    word_VD = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [5.0, 5.0]])
    position_PD = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0]])
    token_type_GD = np.array([[0.0, 0.5], [0.0, 0.25]])
    nothing = np.zeros_like
    found = embed([1, 2], [0, 0], word_VD, nothing(position_PD), nothing(token_type_GD))
    expect("embed, with words alone,", found, word_VD[[1, 2]], "the row of each token's id")
    found = embed([3, 2, 3], [0, 0, 0], nothing(word_VD), position_PD, nothing(token_type_GD))
    hint = "the first token takes row 0 of the positions, the next one row 1, whatever their ids"
    expect("embed, with positions alone,", found, position_PD[:3], hint)
    found = embed([3, 2], [0, 1], nothing(word_VD), nothing(position_PD), token_type_GD)
    hint = "add the row of the text that the token belongs to"
    expect("embed, with token types alone,", found, token_type_GD, hint)

    config, params = load_encoder(WEIGHTS, np.float64)
    tables = params.embeddings
    ids, types = np.array([101, 2314, 102]), np.array([0, 0, 0])
    found = embed(ids, types, tables.word_VD, tables.position_PD, tables.token_type_GD)
    norm = tables.norm
    found = forward.layer_norm(found, norm.weight_D, norm.bias_D, config.layer_norm_eps)
    exact = forward.embed(ids, types, np.arange(3), params, config)
    expect("embed, with the model's tables,", found, exact, "the model's own sum is another one")


def check_layer_norm(layer_norm):
    """Each part of the formula is given the chance to show."""
    one, none = np.ones(4), np.zeros(4)
    x_LD = np.array([[1.0, 2.0, 3.0, 6.0], [0.0, 0.0, 4.0, 4.0]])
    hint = "mean and variance are those of a row (axis=-1), and the variance divides by D"
    found = layer_norm(x_LD, one, none, 0.0)
    expect("layer_norm", found, forward.layer_norm(x_LD, one, none, 0.0), hint)
    found = layer_norm(x_LD, one, none, 0.5)
    exact = forward.layer_norm(x_LD, one, none, 0.5)
    expect("layer_norm, with eps 0.5,", found, exact, "eps is added to the variance, in the root")
    weight_D, bias_D = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, 0.0, 0.0, -0.5])
    exact = forward.layer_norm(x_LD, weight_D, bias_D, 0.5)
    found = layer_norm(x_LD, weight_D, bias_D, 0.5)
    expect("layer_norm", found, exact, "times weight, plus bias, at the end")


def check_cosine_similarity(cosine_similarity):
    """Rows of different lengths, and more of x than of y."""
    x_ND = np.array([[3.0, 4.0], [0.0, 2.0], [-6.0, -8.0]])
    y_MD = np.array([[6.0, 8.0], [5.0, 0.0]])
    exact = np.array([[1.0, 0.6], [0.8, 0.0], [-1.0, -0.6]])
    hint = "x @ y.T, divided by the lengths of x's rows and of y's; a length is a square root"
    expect("cosine_similarity", cosine_similarity(x_ND, y_MD), exact, hint)
