"""Every kernel, its NumPy twin, and how to make inputs for both; tests are driven by this table."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from npdistil.encoder.pack_model import pack_linear
from npdistil.kernels.attention import attention
from npdistil.kernels.dense import dense
from npdistil.kernels.epilogues import ACTIVATION_CODES, ADD, DENSE_CODES, PLAIN
from npdistil.kernels.ir.target import HOST
from npdistil.kernels.layer_norm import embed, layer_norm
from npdistil.kernels.linear import linear
from npdistil.kernels.pack_panels import pack_panels
from npdistil.kernels.pack_weights import (
    unpack_panels,
    whole_heads,
    whole_panels,
    whole_vectors,
)
from npdistil.kernels.pooling import (
    normalize,
    pool_first,
    pool_last,
    pool_max,
    pool_mean,
    pool_mean_sqrt_len,
    pool_weighted_mean,
)
from npdistil.kernels.score_words import NEAR, ROWS, score_words
from npdistil.params import EmbeddingParams, EncoderParams, NormParams
from npdistil.reference import forward as reference
from npdistil.reference import masked_lm as reference_masked_lm
from npdistil.reference import panels as reference_panels
from npdistil.reference import pooling as pools
from npdistil.reference.activation import ACTIVATIONS
from tests.kernels.compiled import compiled
from tests.models import TINY, Draw, cu_seqlens_of

Sizes = dict[str, int]
EPS = np.float32(1e-12)
# What the epilogues of a linear do; ADD needs the residual.
BENDS: dict[int, Callable[[Any], Any]] = {
    PLAIN: lambda y_TE: y_TE,
    **{code: ACTIVATIONS[name] for name, code in ACTIVATION_CODES.items()},
}


@dataclass(frozen=True)
class Twin:
    """One kernel and its reference.

    `inputs` makes the kernel's inputs, `outputs` the shapes of its outputs and, behind them, of its
    working memory. `exact(*inputs)` is the expected value of the outputs; it calls the reference,
    and is given where the kernel reads another layout. A kernel that works in place has its first
    input as its output.
    """

    kernel: Any
    reference: Callable[..., Any]
    inputs: Callable[[Draw, Sizes], tuple[Any, ...]]
    outputs: Callable[[Sizes], list[tuple[int, ...]]]
    sizes: list[Sizes]
    exact: Callable[..., Any] | None = None
    label: str = ""
    in_place: bool = False

    def run(self, inputs: tuple[Any, ...], outputs: list[Any]) -> None:
        """Call the kernel."""
        if self.in_place:
            outputs[0][...] = inputs[0]
            self.call(outputs[0], *inputs[1:], *outputs[1:])
        else:
            self.call(*inputs, *outputs)

    @property
    def call(self) -> Any:
        """The kernel, compiled."""
        return compiled(self.kernel)

    @property
    def name(self) -> str:
        return str(self.kernel.py_func.__name__)

    @property
    def id(self) -> str:
        return f"{self.name}-{self.label}" if self.label else self.name


def _attention_inputs(draw: Draw, sizes: Sizes) -> tuple[Any, ...]:
    L, M, K = sizes["L"], sizes["M"], whole_heads(sizes["K"])
    return draw.array(L, K, scale=K**-0.5), draw.array(M, K), draw.array(M, K), 0


def _attention_outputs(sizes: Sizes) -> list[tuple[int, ...]]:
    L, M, K, W = sizes["L"], sizes["M"], whole_heads(sizes["K"]), HOST.narrow
    return [(L, K), (L * M,), (K, W), (M, W), (2, HOST.panel)]


def _exact_attention(query_LK, key_MK, value_MK, _) -> tuple[np.ndarray, np.ndarray]:
    """Query by query: the reference has as many queries as keys, so each is asked M times."""
    (L, K), M = query_LK.shape, len(key_MK)
    context_LK, prob_LM = np.zeros((L, K)), np.zeros((L, M))
    for n, query_K in enumerate(query_LK * np.sqrt(K)):
        query_MK = np.tile(query_K, (M, 1))
        context_MK, probs = reference.attention(query_MK, key_MK, value_MK, cu_seqlens_of(M), 1)
        context_LK[n], prob_LM[n] = context_MK[0], probs[0][0, 0]
    return context_LK, prob_LM.ravel()


WIDER = 2  # columns of an input that do not belong to it


def _linear_inputs(epilogue: int) -> Callable[[Draw, Sizes], tuple[Any, ...]]:
    def inputs(draw: Draw, s: Sizes) -> tuple[Any, ...]:
        E = whole_panels(s["E"])
        packed = pack_linear(draw.linear(s["E"], s["I"]))
        return draw.array(s["T"], s["I"] + WIDER), *packed, epilogue, draw.array(s["T"], E)

    return inputs


def _exact_linear(x_TI, weight_P, bias_E, epilogue, residual_TE) -> np.ndarray:
    weight_EI = unpack_panels(weight_P, len(bias_E))
    y_TE = reference.linear(x_TI[:, : weight_EI.shape[1]], weight_EI, bias_E)
    return y_TE + residual_TE if epilogue == ADD else BENDS[epilogue](y_TE)


def _exact_dense(x_NI, weight_P, bias_E, code) -> np.ndarray:
    weight_EI = unpack_panels(weight_P, len(bias_E))
    (activation,) = (name for name, number in DENSE_CODES.items() if number == code)
    return reference.dense(x_NI, weight_EI, bias_E, activation)


def _dense_inputs(code: int) -> Callable[[Draw, Sizes], tuple[Any, ...]]:
    def inputs(draw: Draw, s: Sizes) -> tuple[Any, ...]:
        return draw.array(s["N"], s["I"]), *pack_linear(draw.linear(s["E"], s["I"])), code

    return inputs


def _norm_inputs(draw: Draw, s: Sizes) -> tuple[Any, ...]:
    """Rows, weight and bias with zeros behind them, up to whole panels."""
    T, D = s["T"], s["D"]
    norm, spare = draw.norm(D), (0, whole_panels(D) - D)
    x_TD = np.pad(draw.array(T, D, mean=3.0), ((0, 0), spare))
    return x_TD, np.pad(norm.weight_D, spare), np.pad(norm.bias_D, spare), EPS, D


def _exact_norm(x_TD, weight_D, bias_D, eps, D) -> np.ndarray:
    y_TD = np.zeros_like(x_TD)
    y_TD[:, :D] = reference.layer_norm(x_TD[:, :D], weight_D[:D], bias_D[:D], eps)
    return y_TD


def _exact_embed(ids, types, positions, words, places, kinds, weight_D, bias_D, eps):
    D = words.shape[1]
    tables = EmbeddingParams(words, places, kinds, NormParams(weight_D[:D], bias_D[:D]))
    params = EncoderParams(tables, layers=(), pooler=None)
    config = replace(TINY, layer_norm_eps=float(eps))
    hidden_TD = reference.embed(ids, types, positions, params, config)
    return np.pad(hidden_TD, ((0, 0), (0, whole_panels(D) - D)))


def _embed_inputs(draw: Draw, sizes: Sizes) -> tuple[Any, ...]:
    T, D, V, P, G = (sizes[axis] for axis in "TDVPG")
    norm, spare = draw.norm(D), (0, whole_panels(D) - D)
    ids = [draw.rng.integers(0, rows, T).astype(np.int32) for rows in (V, G, P)]
    tables = [draw.array(rows, D) for rows in (V, P, G)]
    return (*ids, *tables, np.pad(norm.weight_D, spare), np.pad(norm.bias_D, spare), EPS)


def _scores_inputs(draw: Draw, s: Sizes) -> tuple[Any, ...]:
    M, V, D = s["M"], s["V"], s["D"]
    x_MD = np.pad(draw.array(M, D), ((0, 0), (0, whole_vectors(D) - D)))
    return x_MD, draw.array(V, D), draw.array(V), 0, V


def _exact_scores(x_MD, word_VD, bias_V, first, last) -> np.ndarray:
    return reference_masked_lm.score_words(x_MD[:, : word_VD.shape[1]], word_VD, bias_V)


# Below, at and above a register block's rows and a panel's outputs; one of everything; nothing.
LINEAR_SIZES = [
    {"T": T, "I": inputs, "E": outputs}
    for T, inputs, outputs in [
        (1, 1, 1),
        (0, 3, 5),
        *((rows, 7, 40) for rows in range(2, 2 * HOST.linear.rows + 2)),
        (5, 37, HOST.panel),
        (7, 24, 3 * HOST.panel),
        (2, 768, 9),
    ]
]
NORM_SIZES = [{"T": T, "D": D} for T, D in [(1, 2), (0, 5), (3, 7), (5, 16), (4, 384)]]
# A score for each of a few classes, a span's two, a pooler's many; nothing.
DENSE_SIZES = [
    {"N": N, "I": inputs, "E": outputs}
    for N, inputs, outputs in [(1, 1, 1), (0, 5, 2), (7, 26, 2), (3, 33, 13), (5, 384, 384)]
]
LENGTHS = (1, 2, 17, 33, 70)

TWINS = [
    *(
        Twin(
            linear,
            reference.linear,
            _linear_inputs(epilogue),
            lambda s: [(s["T"], whole_panels(s["E"]))],
            LINEAR_SIZES,
            exact=_exact_linear,
            label=label,
        )
        for label, epilogue in {"plain": PLAIN, "add": ADD, **ACTIVATION_CODES}.items()
    ),
    Twin(
        layer_norm,
        reference.layer_norm,
        _norm_inputs,
        lambda s: [(s["T"], whole_panels(s["D"]))],
        NORM_SIZES,
        exact=_exact_norm,
        in_place=True,
    ),
    Twin(
        embed,
        reference.embed,
        _embed_inputs,
        lambda s: [(s["T"], whole_panels(s["D"]))],
        [{"T": 0, "D": 3, "V": 2, "P": 1, "G": 1}, {"T": 9, "D": 13, "V": 37, "P": 11, "G": 2}],
        exact=_exact_embed,
    ),
    Twin(
        attention,
        reference.attention,
        _attention_inputs,
        _attention_outputs,
        [
            *({"L": L, "M": L, "K": K} for L in (0, *LENGTHS) for K in (1, 26, 32, 70)),
            *({"L": L, "M": M, "K": 26} for L, M in [(12, 1), (1, 70), (HOST.panel + 1, 17)]),
        ],
        exact=_exact_attention,
    ),
    *(
        Twin(
            kernel,
            twin,
            lambda draw, s: (draw.array(s["L"], s["D"] + WIDER), s["skip"]),
            lambda s: [(s["D"],)],
            # All rows left out (a maximum is infinite then), all but one, some, none.
            [
                {"L": L, "D": 13, "skip": skip}
                for L in LENGTHS
                for skip in sorted({0, L // 2, L - 1, L, L + 3}, reverse=True)
                if skip < L or kernel is not pool_max
            ],
            exact=lambda hidden_LD, skip, twin=twin: twin(
                hidden_LD[:, :-WIDER], cu_seqlens_of(len(hidden_LD)), skip
            )[0],
        )
        for kernel, twin in [
            (pool_mean, pools.pool_mean),
            (pool_mean_sqrt_len, pools.pool_mean_sqrt_len),
            (pool_weighted_mean, pools.pool_weighted_mean),
            (pool_max, pools.pool_max),
            (pool_first, pools.pool_first),
            (pool_last, pools.pool_last),
        ]
    ),
    Twin(
        normalize,
        pools.normalize,
        lambda draw, s: (draw.array(s["B"], s["D"], scale=4.0),),
        lambda s: [(s["B"], s["D"])],
        [{"B": B, "D": D} for B, D in [(0, 3), (1, 1), (3, 5), (2, 16), (7, 384)]],
        in_place=True,
    ),
    Twin(
        pack_panels,
        reference_panels.pack_panels,
        lambda draw, s: (draw.array(s["E"], s["I"]), 0),
        lambda s: [(s["E"] * s["I"],)],
        [
            {"E": E * HOST.panel, "I": I}
            for E, I in [(1, 1), (2, HOST.lanes - 1), (1, HOST.lanes), (3, 2 * HOST.lanes + 3)]
        ],
        exact=lambda weight_EI, first: reference_panels.pack_panels(weight_EI, HOST.panel).ravel(),
    ),
    *(
        Twin(
            dense,
            reference.dense,
            _dense_inputs(code),
            lambda s: [(s["N"], whole_panels(s["E"]))],
            DENSE_SIZES,
            exact=_exact_dense,
            label=activation,
        )
        for activation, code in DENSE_CODES.items()
    ),
    Twin(
        score_words,
        reference_masked_lm.score_words,
        _scores_inputs,
        lambda s: [(s["M"], s["V"])],
        [
            *({"M": M, "V": V, "D": 19} for M in (0, 1, ROWS, 2 * ROWS + 1) for V in (1, 4, 7)),
            *({"M": 3, "V": 9, "D": D} for D in (1, HOST.lanes, HOST.lanes + 1, 312)),
            {"M": ROWS + 1, "V": 2 * (NEAR // 384) + 5, "D": 384},  # words beyond the nearest cache
        ],
        exact=_exact_scores,
    ),
]
