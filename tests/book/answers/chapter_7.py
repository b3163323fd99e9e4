"""Answers to chapter 7, and what readers typically write first: WRONG says what they are told."""

import numpy as np


def parameter_count(config):
    D, F = config["hidden_size"], config["intermediate_size"]
    places = config["max_position_embeddings"] + config["type_vocab_size"]
    embeddings = (config["vocab_size"] + places) * D + 2 * D
    layer = 4 * (D * D + D) + (F * D + F) + (D * F + D) + 2 * 2 * D
    return embeddings + config["num_hidden_layers"] * layer + D * D + D


def without_norms(config):
    layers = config["num_hidden_layers"]
    return parameter_count(config) - 2 * config["hidden_size"] * (1 + 2 * layers)


def without_biases(config):
    D, F = config["hidden_size"], config["intermediate_size"]
    return parameter_count(config) - config["num_hidden_layers"] * (5 * D + F) - D


def without_pooler(config):
    D = config["hidden_size"]
    return parameter_count(config) - D * D - D


def words_alone(config):
    places = config["max_position_embeddings"] + config["type_vocab_size"]
    return parameter_count(config) - places * config["hidden_size"]


def _log_softmax(score_BC):
    score_BC = score_BC - score_BC.max(axis=1, keepdims=True)
    return score_BC - np.log(np.exp(score_BC).sum(axis=1, keepdims=True))


def soft_target_loss(teacher_BC, student_BC, temperature):
    teacher_BC = _log_softmax(teacher_BC / temperature)
    student_BC = _log_softmax(student_BC / temperature)
    kl_B = (np.exp(teacher_BC) * (teacher_BC - student_BC)).sum(axis=1)
    return temperature**2 * kl_B.mean()


def the_other_way_round(teacher_BC, student_BC, temperature):
    return soft_target_loss(student_BC, teacher_BC, temperature)


def without_the_square(teacher_BC, student_BC, temperature):
    return soft_target_loss(teacher_BC, student_BC, temperature) / temperature**2


def mean_over_classes_too(teacher_BC, student_BC, temperature):
    return soft_target_loss(teacher_BC, student_BC, temperature) / teacher_BC.shape[1]


def sum_over_texts(teacher_BC, student_BC, temperature):
    return soft_target_loss(teacher_BC, student_BC, temperature) * len(teacher_BC)


def overflowing(teacher_BC, student_BC, temperature):
    p_BC, q_BC = np.exp(teacher_BC / temperature), np.exp(student_BC / temperature)
    p_BC, q_BC = (x / x.sum(axis=1, keepdims=True) for x in (p_BC, q_BC))
    return temperature**2 * (p_BC * np.log(p_BC / q_BC)).sum(axis=1).mean()


def layer_pairs(student_layers, teacher_layers):
    return [(k, teacher_layers - student_layers + k) for k in range(student_layers + 1)]


def from_the_bottom(student_layers, teacher_layers):
    return [(k, k) for k in range(student_layers + 1)]


def spread_evenly(student_layers, teacher_layers):
    return [(k, k * teacher_layers // student_layers) for k in range(student_layers + 1)]


def without_embeddings(student_layers, teacher_layers):
    return layer_pairs(student_layers, teacher_layers)[1:]


WRONG = {
    "parameter_count": {
        without_norms: "LayerNorm",
        without_biases: "bias",
        without_pooler: "pooler",
        words_alone: "positions",
    },
    "soft_target_loss": {
        the_other_way_round: "the teacher's probabilities weigh",
        without_the_square: "temperature²",
        mean_over_classes_too: "sum over the classes",
        sum_over_texts: "mean over the texts",
        overflowing: "largest",
    },
    "layer_pairs": {
        from_the_bottom: "topmost",
        spread_evenly: "topmost",
        without_embeddings: "state 0",
    },
}
