"""Every kernel, its NumPy twin, and how to make inputs for both; tests are driven by this table."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from npdistil.kernels.attention import attention
from npdistil.kernels.ir.microkernel import ACTIVATION_CODES, ADD, PLAIN
from npdistil.kernels.ir.target import HOST
from npdistil.kernels.layer_norm import embed, layer_norm
from npdistil.kernels.linear import linear
from npdistil.kernels.pack_weights import pack_linear
from npdistil.kernels.pooler import pooler
from npdistil.kernels.pooling import normalize, pool_first, pool_max, pool_mean
from npdistil.params import EmbeddingParams, EncoderParams, NormParams
from npdistil.reference import forward as reference
from npdistil.reference.activation import ACTIVATIONS
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
    and is given where the kernel reads another layout.
    """

    kernel: Any
    reference: Callable[..., Any]
    inputs: Callable[[Draw, Sizes], tuple[Any, ...]]
    outputs: Callable[[Sizes], list[tuple[int, ...]]]
    sizes: list[Sizes]
    exact: Callable[..., Any] | None = None
    label: str = ""

    @property
    def name(self) -> str:
        return str(self.kernel.py_func.__name__)

    @property
    def id(self) -> str:
        return f"{self.name}-{self.label}" if self.label else self.name


def _sequences(lengths: list[int]) -> Sizes:
    return {f"length{n}": length for n, length in enumerate(lengths)}


def _cu_seqlens(sizes: Sizes) -> np.ndarray:
    return cu_seqlens_of(*(size for name, size in sizes.items() if name.startswith("length")))


def _rows(sizes: Sizes) -> int:
    return int(_cu_seqlens(sizes)[-1])


def _num_sequences(sizes: Sizes) -> int:
    return len(_cu_seqlens(sizes)) - 1


def _attention_outputs(sizes: Sizes) -> list[tuple[int, ...]]:
    H, K, W = sizes["H"], sizes["K"], HOST.panel
    lengths = np.diff(_cu_seqlens(sizes)).astype(np.int64)
    longest = int(lengths.max(initial=0))
    padded = -(-longest // W) * W
    outputs = [(_rows(sizes), H * K), (H * int((lengths**2).sum()),)]
    working = [(K * padded,), (-(-K // W) * W * longest,), (HOST.rows, padded), (HOST.rows, W)]
    return outputs + working


def _attention_inputs(draw: Draw, sizes: Sizes) -> tuple[Any, ...]:
    T, D = _rows(sizes), sizes["H"] * sizes["K"]
    scaled_TD = draw.array(T, D, scale=sizes["K"] ** -0.5)
    qkv_TE = np.concatenate([scaled_TD, draw.array(T, 2 * D)], axis=1)
    return qkv_TE, _cu_seqlens(sizes), sizes["H"], np.zeros(HOST.panel, np.float32)


def _exact_attention(qkv_TE, cu_seqlens, num_heads, _) -> tuple[np.ndarray, np.ndarray]:
    query_TD, key_TD, value_TD = np.split(qkv_TE, 3, axis=1)
    unscaled_TD = query_TD * np.sqrt(query_TD.shape[1] // num_heads)
    context_TD, probs = reference.attention(unscaled_TD, key_TD, value_TD, cu_seqlens, num_heads)
    return context_TD, np.concatenate([np.empty(0), *(prob.ravel() for prob in probs)])


def _linear_inputs(epilogue: int) -> Callable[[Draw, Sizes], tuple[Any, ...]]:
    def inputs(draw: Draw, s: Sizes) -> tuple[Any, ...]:
        weight_EI = draw.array(s["E"], s["I"], scale=s["I"] ** -0.5)
        packed = pack_linear([weight_EI], [draw.array(s["E"])])
        return draw.array(s["T"], s["I"]), *packed, epilogue, draw.array(s["T"], s["E"])

    return inputs


def _exact_linear(x_TI, weight_JIW, bias_E, epilogue, residual_TE) -> np.ndarray:
    E = residual_TE.shape[1]
    weight_EI = weight_JIW.swapaxes(1, 2).reshape(-1, x_TI.shape[1])[:E]
    y_TE = reference.linear(x_TI, weight_EI, bias_E[:E])
    return y_TE + residual_TE if epilogue == ADD else BENDS[epilogue](y_TE)


def _exact_pooler(first_BD, weight_JIW, bias_E) -> np.ndarray:
    D = first_BD.shape[1]
    weight_EI = weight_JIW.swapaxes(1, 2).reshape(-1, D)[:D]
    return reference.pooler(first_BD, weight_EI, bias_E[:D])


def _pooler_inputs(draw: Draw, s: Sizes) -> tuple[Any, ...]:
    D = s["D"]
    packed = pack_linear([draw.array(D, D, scale=D**-0.5)], [draw.array(D)])
    return draw.array(s["T"], D), *packed


def _exact_embed(ids, types, positions, words, places, kinds, weight_D, bias_D, eps):
    tables = EmbeddingParams(words, places, kinds, NormParams(weight_D, bias_D))
    params = EncoderParams(tables, layers=(), pooler=None)
    config = replace(TINY, layer_norm_eps=float(eps))
    return reference.embed(ids, types, positions, params, config)


def _embed_inputs(draw: Draw, sizes: Sizes) -> tuple[Any, ...]:
    T, D, V, P, G = (sizes[axis] for axis in "TDVPG")
    norm = draw.norm(D)
    ids = [draw.rng.integers(0, rows, T).astype(np.int32) for rows in (V, G, P)]
    tables = [draw.array(rows, D) for rows in (V, P, G)]
    return (*ids, *tables, norm.weight_D, norm.bias_D, EPS)


# Below, at and above a register block's rows and a panel's outputs; one of everything; nothing.
LINEAR_SIZES = [
    {"T": T, "I": inputs, "E": outputs}
    for T, inputs, outputs in [
        (1, 1, 1),
        (0, 3, 5),
        *((rows, 7, 40) for rows in range(2, 2 * HOST.rows + 2)),
        (5, 37, HOST.panel),
        (7, 24, 3 * HOST.panel),
        (2, 768, 9),
    ]
]
NORM_SIZES = [{"T": T, "D": D} for T, D in [(1, 2), (0, 5), (3, 7), (5, 16), (4, 384)]]
SEQUENCES = [[1], [3, 1, 40], [2, 0, 5], [33], [70, 12]]

TWINS = [
    *(
        Twin(
            linear,
            reference.linear,
            _linear_inputs(epilogue),
            lambda s: [(s["T"], s["E"]), (HOST.rows, HOST.panel)],
            LINEAR_SIZES,
            exact=_exact_linear,
            label=label,
        )
        for label, epilogue in {"plain": PLAIN, "add": ADD, **ACTIVATION_CODES}.items()
    ),
    Twin(
        layer_norm,
        reference.layer_norm,
        lambda draw, s: (
            draw.array(s["T"], s["D"], mean=3.0),
            draw.norm(s["D"]).weight_D,
            draw.norm(s["D"]).bias_D,
            EPS,
        ),
        lambda s: [(s["T"], s["D"])],
        NORM_SIZES,
    ),
    Twin(
        embed,
        reference.embed,
        _embed_inputs,
        lambda s: [(s["T"], s["D"])],
        [{"T": 0, "D": 3, "V": 2, "P": 1, "G": 1}, {"T": 9, "D": 13, "V": 37, "P": 11, "G": 2}],
        exact=_exact_embed,
    ),
    Twin(
        attention,
        reference.attention,
        _attention_inputs,
        _attention_outputs,
        [
            {**_sequences(lengths), "H": H, "K": K}
            for lengths in SEQUENCES
            for H, K in [(1, 1), (3, 4), (2, 26), (2, 32), (1, 70)]
        ],
        exact=_exact_attention,
    ),
    *(
        Twin(
            kernel,
            twin,
            lambda draw, s: (draw.array(_rows(s), s["D"]), _cu_seqlens(s)),
            lambda s: [(_num_sequences(s), s["D"])],
            [{**_sequences(lengths), "D": 13} for lengths in [[1], [3, 1, 40], [17, 2]]],
        )
        for kernel, twin in [
            (pool_mean, reference.pool_mean),
            (pool_max, reference.pool_max),
            (pool_first, reference.pool_first),
        ]
    ),
    Twin(
        normalize,
        reference.normalize,
        lambda draw, s: (draw.array(s["T"], s["D"], scale=4.0),),
        lambda s: [(s["T"], s["D"])],
        NORM_SIZES,
    ),
    Twin(
        pooler,
        reference.pooler,
        _pooler_inputs,
        lambda s: [(s["T"], s["D"]), (HOST.rows, HOST.panel)],
        NORM_SIZES,
        exact=_exact_pooler,
    ),
]
