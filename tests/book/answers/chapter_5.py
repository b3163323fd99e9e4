"""Answers to chapter 5, and what readers typically write first: WRONG says what they are told."""

import numpy as np


def mean_pool(hidden_BLD, attention_mask_BL):
    keep_BL1 = attention_mask_BL[:, :, None]
    return (hidden_BLD * keep_BL1).sum(axis=1) / keep_BL1.sum(axis=1)


def padding_too(hidden_BLD, attention_mask_BL):
    return hidden_BLD.mean(axis=1)


def divided_by_columns(hidden_BLD, attention_mask_BL):
    return (hidden_BLD * attention_mask_BL[:, :, None]).mean(axis=1)


def divided_by_all_tokens(hidden_BLD, attention_mask_BL):
    return (hidden_BLD * attention_mask_BL[:, :, None]).sum(axis=1) / attention_mask_BL.sum()


def first_rows(hidden_BLD, attention_mask_BL):
    return hidden_BLD[:, 0]


def words_at_masks(hidden_LD, input_ids_L, mask_id, word_VD, bias_V):
    return (hidden_LD[input_ids_L == mask_id] @ word_VD.T + bias_V).argmax(axis=-1)


def without_bias(hidden_LD, input_ids_L, mask_id, word_VD, bias_V):
    return (hidden_LD[input_ids_L == mask_id] @ word_VD.T).argmax(axis=-1)


def by_cosine(hidden_LD, input_ids_L, mask_id, word_VD, bias_V):
    word_VD = word_VD / np.linalg.norm(word_VD, axis=1, keepdims=True)
    return (hidden_LD[input_ids_L == mask_id] @ word_VD.T + bias_V).argmax(axis=-1)


def from_the_first_row(hidden_LD, input_ids_L, mask_id, word_VD, bias_V):
    masks = np.flatnonzero(input_ids_L == mask_id)
    return (hidden_LD[0 * masks] @ word_VD.T + bias_V).argmax(axis=-1)


def one_mask_alone(hidden_LD, input_ids_L, mask_id, word_VD, bias_V):
    at = [*input_ids_L].index(mask_id)
    return (hidden_LD[[at]] @ word_VD.T + bias_V).argmax(axis=-1)


def restart_with(layers, states, n, position, donor_D):
    state_LD = states[n + 1].copy()
    state_LD[position] = donor_D
    for layer in layers[n + 1 :]:
        state_LD = layer(state_LD)
    return state_LD


def before_the_layer(layers, states, n, position, donor_D):
    state_LD = states[n].copy()
    state_LD[position] = donor_D
    for layer in layers[n:]:
        state_LD = layer(state_LD)
    return state_LD


def the_layer_twice(layers, states, n, position, donor_D):
    state_LD = states[n + 1].copy()
    state_LD[position] = donor_D
    for layer in layers[n:]:
        state_LD = layer(state_LD)
    return state_LD


def into_the_state(layers, states, n, position, donor_D):
    state_LD = states[n + 1]
    state_LD[position] = donor_D
    for layer in layers[n + 1 :]:
        state_LD = layer(state_LD)
    return state_LD


WRONG = {
    "mean_pool": {
        padding_too: "padding",
        divided_by_columns: "its own number of tokens",
        divided_by_all_tokens: "its own number of tokens",
        first_rows: "mean of all its rows",
    },
    "words_at_masks": {
        without_bias: "bias",
        by_cosine: "as long as they are",
        from_the_first_row: "the mask's own row",
        one_mask_alone: "one id for each [MASK]",
    },
    "restart_with": {
        before_the_layer: "behind layer n",
        the_layer_twice: "behind layer n",
        into_the_state: "copy",
    },
}
