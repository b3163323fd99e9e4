"""Answers to chapter 4, and what readers typically write first: WRONG says what they are told."""

import numpy as np

from npdistil.reference.erf import erf
from npdistil.reference.forward import layer_norm, linear, self_attention


def gelu(x):
    return x * (1 + erf(x / np.sqrt(2))) / 2


def by_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def by_sigmoid(x):
    return x / (1 + np.exp(-1.702 * x))


def without_x(x):
    return (1 + erf(x / np.sqrt(2))) / 2


def without_root(x):
    return x * (1 + erf(x)) / 2


def add_and_norm(x_LD, residual_LD, weight_D, bias_D, eps):
    return layer_norm(x_LD + residual_LD, weight_D, bias_D, eps)


def norm_first(x_LD, residual_LD, weight_D, bias_D, eps):
    return layer_norm(x_LD, weight_D, bias_D, eps) + residual_LD


def without_residual(x_LD, residual_LD, weight_D, bias_D, eps):
    return layer_norm(x_LD, weight_D, bias_D, eps)


def fixed_eps(x_LD, residual_LD, weight_D, bias_D, eps):
    return layer_norm(x_LD + residual_LD, weight_D, bias_D, 1e-12)


def halves(hidden_LD, params, num_heads, eps, bend=gelu):
    """What a layer's first half gives, and a function for its feed-forward part."""
    spans = np.array([0, len(hidden_LD)])
    mixed_LD, _ = self_attention(hidden_LD, spans, params.attention, num_heads)
    wide, narrow = params.feed_forward.intermediate, params.feed_forward.output

    def thought(x_LD):
        wide_LF = bend(linear(x_LD, wide.weight_EI, wide.bias_E))
        return linear(wide_LF, narrow.weight_EI, narrow.bias_E)

    return add_and_norm(mixed_LD, hidden_LD, *params.attention.norm, eps), thought


def layer(hidden_LD, params, num_heads, eps, bend=gelu):
    middle_LD, thought = halves(hidden_LD, params, num_heads, eps, bend)
    return add_and_norm(thought(middle_LD), middle_LD, *params.feed_forward.norm, eps)


def old_residual(hidden_LD, params, num_heads, eps):
    middle_LD, thought = halves(hidden_LD, params, num_heads, eps)
    return add_and_norm(thought(middle_LD), hidden_LD, *params.feed_forward.norm, eps)


def one_norm_twice(hidden_LD, params, num_heads, eps):
    middle_LD, thought = halves(hidden_LD, params, num_heads, eps)
    return add_and_norm(thought(middle_LD), middle_LD, *params.attention.norm, eps)


def without_bend(hidden_LD, params, num_heads, eps):
    return layer(hidden_LD, params, num_heads, eps, bend=lambda x: x)


def fed_with_what_came_in(hidden_LD, params, num_heads, eps):
    middle_LD, thought = halves(hidden_LD, params, num_heads, eps)
    return add_and_norm(thought(hidden_LD), middle_LD, *params.feed_forward.norm, eps)


WRONG = {
    "gelu": {
        by_tanh: "forms with tanh",
        by_sigmoid: "forms with tanh or a sigmoid",
        without_x: "nearly x",
        without_root: "x / sqrt(2)",
    },
    "add_and_norm": {
        norm_first: "add x and the residual first",
        without_residual: "add x and the residual first",
        fixed_eps: "hand eps on",
    },
    "layer": {
        old_residual: "and what the first half gave",
        one_norm_twice: "with feed_forward.norm",
        without_bend: "widen, gelu, narrow",
        fed_with_what_came_in: "feed forward what the first half gave",
    },
}
