"""Answers to chapter 3, and what readers typically write first: WRONG says what they are told."""

import numpy as np


def attention_scores(query_LK, key_MK):
    return query_LK @ key_MK.T / np.sqrt(query_LK.shape[1])


def without_scale(query_LK, key_MK):
    return query_LK @ key_MK.T


def divided_by_size(query_LK, key_MK):
    return query_LK @ key_MK.T / query_LK.shape[1]


def keys_in_rows(query_LK, key_MK):
    return key_MK @ query_LK.T / np.sqrt(query_LK.shape[1])


def softmax(score_LM):
    exp_LM = np.exp(score_LM - score_LM.max(axis=-1, keepdims=True))
    return exp_LM / exp_LM.sum(axis=-1, keepdims=True)


def overflowing(score_LM):
    exp_LM = np.exp(score_LM)
    return exp_LM / exp_LM.sum(axis=-1, keepdims=True)


def one_sum_for_all(score_LM):
    exp_LM = np.exp(score_LM - score_LM.max())
    return exp_LM / exp_LM.sum()


def one_maximum_for_all(score_LM):
    exp_LM = np.exp(score_LM - score_LM.max())
    return exp_LM / exp_LM.sum(axis=-1, keepdims=True)


def by_columns(score_LM):
    exp_LM = np.exp(score_LM - score_LM.max(axis=0))
    return exp_LM / exp_LM.sum(axis=0)


def attend(prob_HLM, value_MD):
    size = value_MD.shape[1] // len(prob_HLM)
    mixed = [prob_LM @ value_MD[:, h * size : (h + 1) * size] for h, prob_LM in enumerate(prob_HLM)]
    return np.concatenate(mixed, axis=-1)


def merged_without_moving(prob_HLM, value_MD):
    heads, length = len(prob_HLM), value_MD.shape[0]
    value_HMK = value_MD.reshape(length, heads, -1).swapaxes(0, 1)
    return (prob_HLM @ value_HMK).reshape(prob_HLM.shape[1], -1)


def split_by_turns(prob_HLM, value_MD):
    heads, length = len(prob_HLM), value_MD.shape[0]
    value_HMK = value_MD.reshape(length, -1, heads).transpose(2, 0, 1)
    return (prob_HLM @ value_HMK).swapaxes(0, 1).reshape(prob_HLM.shape[1], -1)


def heads_averaged(prob_HLM, value_MD):
    return prob_HLM.mean(axis=0) @ value_MD


WRONG = {
    "attention_scores": {
        without_scale: "divided by sqrt(K)",
        divided_by_size: "divided by sqrt(K)",
        keys_in_rows: "row l for query l",
    },
    "softmax": {
        overflowing: "largest score of the row off",
        one_sum_for_all: "its own sum",
        one_maximum_for_all: "own maximum",
        by_columns: "axis=-1",
    },
    "attend": {
        merged_without_moving: "side by side",
        split_by_turns: "head 0 mixes columns 0 and 1",
        heads_averaged: "head 0 mixes columns 0 and 1",
    },
}
