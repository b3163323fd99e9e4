"""Answers to chapter 2, and what readers typically write first: WRONG says what they are told."""

import numpy as np


def embed(input_ids_L, token_type_ids_L, word_VD, position_PD, token_type_GD):
    positions_LD = position_PD[: len(input_ids_L)]
    return word_VD[input_ids_L] + positions_LD + token_type_GD[token_type_ids_L]


def without_positions(input_ids_L, token_type_ids_L, word_VD, position_PD, token_type_GD):
    return word_VD[input_ids_L] + token_type_GD[token_type_ids_L]


def positions_from_one(input_ids_L, token_type_ids_L, word_VD, position_PD, token_type_GD):
    positions_LD = position_PD[1 : len(input_ids_L) + 1]
    return word_VD[input_ids_L] + positions_LD + token_type_GD[token_type_ids_L]


def without_types(input_ids_L, token_type_ids_L, word_VD, position_PD, token_type_GD):
    return word_VD[input_ids_L] + position_PD[: len(input_ids_L)]


def layer_norm(x_LD, weight_D, bias_D, eps):
    centered_LD = x_LD - x_LD.mean(axis=-1, keepdims=True)
    variance_L1 = (centered_LD**2).mean(axis=-1, keepdims=True)
    return centered_LD / np.sqrt(variance_L1 + eps) * weight_D + bias_D


def over_the_tokens(x_LD, weight_D, bias_D, eps):
    return (x_LD - x_LD.mean(axis=0)) / np.sqrt(x_LD.var(axis=0) + eps) * weight_D + bias_D


def sample_variance(x_LD, weight_D, bias_D, eps):
    variance_L1 = x_LD.var(axis=-1, ddof=1, keepdims=True)
    centered_LD = x_LD - x_LD.mean(axis=-1, keepdims=True)
    return centered_LD / np.sqrt(variance_L1 + eps) * weight_D + bias_D


def eps_outside(x_LD, weight_D, bias_D, eps):
    centered_LD = x_LD - x_LD.mean(axis=-1, keepdims=True)
    return centered_LD / (x_LD.std(axis=-1, keepdims=True) + eps) * weight_D + bias_D


def without_weight(x_LD, weight_D, bias_D, eps):
    return layer_norm(x_LD, 1, 0, eps)


def cosine_similarity(x_ND, y_MD):
    x_N1, y_M1 = (np.linalg.norm(rows, axis=-1, keepdims=True) for rows in (x_ND, y_MD))
    return (x_ND / x_N1) @ (y_MD / y_M1).T


def dot_product(x_ND, y_MD):
    return x_ND @ y_MD.T


def squared_lengths(x_ND, y_MD):
    return x_ND @ y_MD.T / ((x_ND**2).sum(-1)[:, None] * (y_MD**2).sum(-1))


def distance(x_ND, y_MD):
    return 1 - cosine_similarity(x_ND, y_MD)


WRONG = {
    "embed": {
        without_positions: "row 0 of the positions",
        positions_from_one: "row 0 of the positions",
        without_types: "row of the text that the token belongs to",
    },
    "layer_norm": {
        over_the_tokens: "those of a row",
        sample_variance: "divides by D",
        eps_outside: "in the root",
        without_weight: "times weight, plus bias",
    },
    "cosine_similarity": {
        dot_product: "divided by the lengths",
        squared_lengths: "a length is a square root",
        distance: "x @ y.T, divided",
    },
}
