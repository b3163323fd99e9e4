"""What rounding may do to each result of a kernel at most, for any input: computed, not measured.

Every function takes a kernel's inputs in float64 and gives one bound for each element of each
output. They hold while nothing overflows, in whatever order sums are added that a target has.

u = 2^-24 is the largest relative error of one float32 rounding. n of them in a row multiply a term
by at most 1 + gamma(n). Source: Higham 2002, Accuracy and Stability of Numerical Algorithms, second
edition, lemma 3.1 for gamma, section 3.1 for dot products.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from npdistil.kernels.epilogues import ADD, DENSE_CODES
from npdistil.kernels.pack_weights import unpack_panels
from npdistil.reference.forward import layer_norm as exact_layer_norm
from tests.tolerances import EXP_ULP, GATED, GELU_ABSOLUTE, TANH_ULP
from tests.twins import BENDS, WIDER

U = 2.0**-24
SMALLEST = 2.0**-149  # what a result that is no normal number may lose
FLOOR = 1.2e-38  # what `exp_down` gives where the exact result is less
FAR = 88.0  # differences of scores beyond it are below the floor
# The largest slope of each activation, and what it is promised to keep of |result| itself.
SLOPES: dict[str, float] = {
    "gelu": 1.13,
    "gelu_tanh": 1.13,
    "quick_gelu": 1.1,
    "silu": 1.1,
    "relu": 1.0,
    "tanh": 1.0,
    "sigmoid": 0.25,
    "identity": 1.0,
}
OWN_ERRORS: dict[str, Callable[[Any], Any]] = {
    "gelu": lambda size: GELU_ABSOLUTE,
    **dict.fromkeys(
        ("gelu_tanh", "quick_gelu", "silu"), lambda size: GATED * np.maximum(size, 1.0)
    ),
    "sigmoid": lambda size: GATED,
    "tanh": lambda size: TANH_ULP * (2 * U * size + SMALLEST),
    "relu": lambda size: 0.0,
    "identity": lambda size: 0.0,
}
NAMES = {code: name for name, code in DENSE_CODES.items()}


class Bound(NamedTuple):
    """The bound of one kernel: in words for the page, and as a function of its inputs."""

    formula: str
    reason: str
    of: Callable[..., tuple[Any, ...]]


def gamma(n: float) -> float:
    """The most that n roundings in a row change a number by, relative to it: n u / (1 - n u)."""
    return n * U / (1 - n * U)


def lanes(n: int) -> int:
    """Additions between any of n terms and their sum, in 4, 8 or 16 lanes that are then joined."""
    return min(n, -(-n // 4) + 4)


# ------------------------------------------------------------------------------ matrix products


def _linear(x_TI, weight_P, bias_E, epilogue, residual_TE):
    weight_EI = unpack_panels(weight_P, len(bias_E))
    x_TI = x_TI[:, : weight_EI.shape[1]]
    if epilogue != ADD:
        return _dense(x_TI, weight_P, bias_E, epilogue)
    size_TE = np.abs(x_TI) @ np.abs(weight_EI).T + np.abs(bias_E) + np.abs(residual_TE)
    return (_sums(x_TI.shape[1] + 1, size_TE),)


def _dense(x_NI, weight_P, bias_E, activation):
    weight_EI = unpack_panels(weight_P, len(bias_E))
    name = NAMES[activation]
    size_NE = np.abs(x_NI) @ np.abs(weight_EI).T + np.abs(bias_E)
    error_NE = SLOPES[name] * _sums(x_NI.shape[1], size_NE)
    result_NE = BENDS[activation](x_NI @ weight_EI.T + bias_E)
    return (error_NE + OWN_ERRORS[name](np.abs(result_NE) + error_NE),)


def _score_words(x_MD, word_VD, bias_V, first, last):
    D = word_VD.shape[1]
    size_MV = np.abs(x_MD[:, :D]) @ np.abs(word_VD).T + np.abs(bias_V)
    return (_sums(lanes(D) + 1, size_MV),)


def _sums(n: int, size):
    """Of sums whose terms are rounded n times at most; `size` is the sum of their absolutes."""
    return gamma(n) * size + n * SMALLEST


# ------------------------------------------------------------------------------------ LayerNorm


def _layer_norm(x_TD, weight_D, bias_D, eps, hidden_size):
    error_TD = np.zeros_like(x_TD)
    D = hidden_size
    error_TD[:, :D] = _of_rows(x_TD[:, :D], 0.0, weight_D[:D], bias_D[:D], eps)
    return (error_TD,)


def _embed(ids, types, positions, words, places, kinds, weight_D, bias_D, eps):
    D = words.shape[1]
    tables = words[ids], places[positions], kinds[types]
    wrong_TD = _sums(2, sum(map(np.abs, tables)))
    error_TD = _of_rows(sum(tables), wrong_TD, weight_D[:D], bias_D[:D], eps)
    return (np.pad(error_TD, ((0, 0), (0, len(weight_D) - D))),)


def _of_rows(x_TD, wrong_TD, weight_D, bias_D, eps):
    """Of rows that come with an error already, step by step as `emit_layer_norm` goes."""
    D = x_TD.shape[1]
    n = lanes(D) + 1

    def mean(value_TD):
        return np.mean(value_TD, axis=1, keepdims=True)

    wrong_mean_T1 = gamma(n) * mean(np.abs(x_TD) + wrong_TD) + mean(wrong_TD + 0 * x_TD)
    centered_TD = np.abs(x_TD - mean(x_TD))
    wrong_centered_TD = (wrong_TD + wrong_mean_T1) * (1 + U) + U * centered_TD
    deviation_T1 = np.sqrt(mean(centered_TD**2) + eps)
    least_T1 = deviation_T1 - np.sqrt(mean(wrong_centered_TD**2))
    # Of a row that is nearly constant nothing is known but that |normal| <= sqrt(D).
    normal_TD, most_TD = centered_TD / deviation_T1, np.sqrt(D) * (1 + gamma(n + 8))
    rstd_T1 = (1 + gamma(n / 2 + 4)) / np.where(least_T1 > 0, least_T1, 1.0)
    largest_TD = (centered_TD + wrong_centered_TD) * rstd_T1 * (1 + U)
    wrong_TD = np.where(least_T1 > 0, largest_TD - normal_TD, np.inf)
    wrong_TD = np.minimum(wrong_TD, most_TD + normal_TD)
    y_TD = np.abs(exact_layer_norm(x_TD, weight_D, bias_D, eps))
    return np.abs(weight_D) * wrong_TD * (1 + U) + U * y_TD + SMALLEST


# ------------------------------------------------------------------------------------ attention


def _attention(query_LK, key_MK, value_MK, column):
    (L, K), M = query_LK.shape, len(key_MK)
    if not L:
        return np.zeros((0, K)), np.zeros(0)
    score_LM = query_LK @ key_MK.T
    wrong_L1 = _sums(K, np.abs(query_LK) @ np.abs(key_MK).T).max(axis=1, keepdims=True)
    apart_L1 = np.ptp(score_LM, axis=1, keepdims=True)
    # Above and below the fraction line an exponent may be wrong by so much: twice that in all.
    exponent_L1 = 2 * (wrong_L1 + U * np.minimum(apart_L1 + 2 * wrong_L1, FAR))
    factor_L1 = np.exp(np.minimum(exponent_L1, 50.0))
    n = M + 2 * math.ceil(2 * EXP_ULP + 1) + 2  # the sum, both exps, and 1 / sum, times it
    exp_LM = np.exp(score_LM - score_LM.max(axis=1, keepdims=True))
    prob_LM = exp_LM / exp_LM.sum(axis=1, keepdims=True)
    floor_L1 = 4 * FLOOR * factor_L1

    def share(roundings: int):
        return factor_L1 * (1 + gamma(roundings) + M * FLOOR) - 1

    wrong_LM = np.minimum(share(n) * prob_LM + floor_L1, 1 + gamma(n))
    size_MK = np.abs(value_MK)
    wrong_LK = share(n + M) * (prob_LM @ size_MK) + floor_L1 * size_MK.sum(axis=0) + M * SMALLEST
    most_K = 2 * (1 + gamma(n + M)) * size_MK.max(axis=0)  # a mean lies among what it is of
    return np.minimum(wrong_LK, most_K), wrong_LM.ravel()


# -------------------------------------------------------------------------------------- pooling


def _pool(extra: int, weigh: Callable[[Any], Any], divide: Callable[[Any], float]):
    """`extra` roundings beside those of the sum; rows are weighed, and divided by a number."""

    def of(hidden_LD, skip):
        size_LD = np.abs(hidden_LD[:, :-WIDER])
        places_L1 = np.arange(1, len(size_LD) + 1, dtype=float)[:, None]
        weights_L1 = weigh(places_L1)[skip:]
        n = max(len(size_LD) - skip, 1)
        total_D = (weights_L1 * size_LD[skip:]).sum(axis=0)
        return (_sums(n - 1 + extra, total_D / divide(weights_L1)),)

    return of


def _normalize(x_BD):
    length_B1 = np.maximum(np.sqrt((x_BD * x_BD).sum(axis=1, keepdims=True)), 1e-12)
    return (_sums(-(-x_BD.shape[1] // 2) + 3, np.abs(x_BD) / length_B1),)


def _nothing(x, *_):
    return (0.0,)


EXACT = Bound("0", "no arithmetic", _nothing)
PRODUCTS = "sum abs(x) abs(w) + abs(b)"
BOUNDS = {
    "linear": Bound(
        f"gamma(I) ({PRODUCTS}), where I is I + 1 and abs(r) is added for a residual r; with an "
        "activation: its largest slope times that, and its own bound",
        "I fused multiply-adds in order, begun at the bias: each term is rounded I times at most",
        _linear,
    ),
    "dense": Bound("as linear", "it calls linear", _dense),
    "score_words": Bound(
        f"gamma(D/4 + 5) ({PRODUCTS})",
        "at least 4 lanes, each adds its products in order; then the lanes and the bias",
        _score_words,
    ),
    "layer_norm": Bound(
        "abs(w) (z' - z) + u abs(y), where c = abs(x - mean), z = c / s, "
        "e = gamma(D/4 + 5) mean abs(x) + u c, z' = (c + e) (1 + gamma(D/8 + 7)) / (s - rms e)",
        "the mean's error moves every difference, and those move s by no more than their root mean "
        "square; a row with s < rms e has no bound but 2 sqrt(D) abs(w)",
        _layer_norm,
    ),
    "embed": Bound(
        "as layer_norm, with gamma(2) (abs(word) + abs(position) + abs(type)) in e besides",
        "two additions, then layer_norm",
        _embed,
    ),
    "attention": Bound(
        "(e^(2t) (1 + gamma(2M + 12)) - 1) sum p abs(v), where "
        "t = max gamma(K) sum abs(q) abs(k) + u min(range of scores, 88); "
        "probabilities: (e^(2t) (1 + gamma(M + 12)) - 1) p",
        "an error of a score multiplies its exponential, above the fraction line and below; "
        "2 ULP for each exp, M additions, a quotient, a product; M multiply-adds of values",
        _attention,
    ),
    "pool_mean": Bound(
        "gamma(n + 1) mean abs(x)",
        "n - 1 additions in any order, and a quotient that may be a product with 1 / n",
        _pool(2, np.ones_like, lambda weights_L1: max(len(weights_L1), 1)),
    ),
    "pool_mean_sqrt_len": Bound(
        "gamma(n + 2) sum abs(x) / sqrt(n)",
        "as the mean, and a rounded root",
        _pool(3, np.ones_like, lambda weights_L1: math.sqrt(max(len(weights_L1), 1))),
    ),
    "pool_weighted_mean": Bound(
        "gamma(n + 2) sum t abs(x) / sum t",
        "as the mean, and a product with the place t each; the sum of places is exact below 2^24",
        _pool(3, lambda places_L1: places_L1, lambda weights_L1: max(weights_L1.sum(), 1.0)),
    ),
    "pool_max": EXACT,
    "pool_first": EXACT,
    "pool_last": EXACT,
    "pack_panels": EXACT,
    "normalize": Bound(
        "gamma(D/2 + 3) abs(y)",
        "D roundings of the squares' sum, of which the root keeps half; the root, and a quotient "
        "that may be a product",
        _normalize,
    ),
}
