"""Every kernel, its NumPy twin, and how to make inputs for both; tests are driven by this table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npdistil.kernels.attention import attention
from npdistil.kernels.gelu import gelu
from npdistil.kernels.layer_norm import add_layer_norm, embed
from npdistil.kernels.linear import linear
from npdistil.kernels.pooler import pooler
from npdistil.kernels.pooling import normalize, pool_first, pool_max, pool_mean
from npdistil.reference import forward as reference
from tests.models import Draw, cu_seqlens_of

Sizes = dict[str, int]
EPS = np.float32(1e-12)


@dataclass(frozen=True)
class Twin:
    """One kernel and its reference.

    `inputs` makes the kernel's inputs, `outputs` the shapes of its outputs; the reference is called
    as `exact(*inputs)` and returns the expected value of the first `compared` outputs.
    """

    kernel: Any
    reference: Callable[..., Any]
    inputs: Callable[[Draw, Sizes], tuple[Any, ...]]
    outputs: Callable[[Sizes], list[tuple[int, ...]]]
    sizes: list[Sizes]
    exact: Callable[..., Any] | None = None
    extra_arguments: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return str(self.kernel.py_func.__name__)


def _sequences(lengths: list[int]) -> Sizes:
    return {f"length{n}": length for n, length in enumerate(lengths)}


def _cu_seqlens(sizes: Sizes) -> np.ndarray:
    return cu_seqlens_of(*(size for name, size in sizes.items() if name.startswith("length")))


def _rows(sizes: Sizes) -> int:
    return int(_cu_seqlens(sizes)[-1])


def _num_sequences(sizes: Sizes) -> int:
    return len(_cu_seqlens(sizes)) - 1


def _attention_map_size(sizes: Sizes) -> int:
    return sizes["H"] * int((np.diff(_cu_seqlens(sizes)).astype(np.int64) ** 2).sum())


def _longest(sizes: Sizes) -> int:
    return int(np.diff(_cu_seqlens(sizes)).max(initial=0))


def _exact_attention(*inputs: Any) -> tuple[np.ndarray, np.ndarray]:
    context_TD, probs = reference.attention(*inputs)
    return context_TD, np.concatenate([np.empty(0)] + [prob.ravel() for prob in probs])


def _exact_embed(ids, types, positions, words, places, kinds, weight_D, bias_D, eps):
    return reference.layer_norm(
        words[ids] + places[positions] + kinds[types], weight_D, bias_D, eps
    )


def _embed_inputs(draw: Draw, sizes: Sizes) -> tuple[Any, ...]:
    T, D, V, P, G = (sizes[axis] for axis in "TDVPG")
    norm = draw.norm(D)
    ids = [draw.rng.integers(0, rows, T).astype(np.int32) for rows in (V, G, P)]
    tables = [draw.array(rows, D) for rows in (V, P, G)]
    return (*ids, *tables, norm.weight_D, norm.bias_D, EPS)


LINEAR_SIZES = [
    {"T": T, "I": inputs, "E": outputs}
    for T, inputs, outputs in [(1, 1, 1), (0, 3, 5), (5, 7, 3), (3, 8, 8), (7, 37, 24), (2, 768, 9)]
]
NORM_SIZES = [{"T": T, "D": D} for T, D in [(1, 2), (0, 5), (3, 7), (5, 16), (4, 384)]]
SEQUENCES = [[1], [3, 1, 40], [2, 0, 5], [17]]

TWINS = [
    Twin(
        linear,
        reference.linear,
        lambda draw, s: (
            draw.array(s["T"], s["I"]),
            draw.array(s["E"], s["I"]),
            draw.array(s["E"]),
        ),
        lambda s: [(s["T"], s["E"])],
        LINEAR_SIZES,
    ),
    Twin(
        gelu,
        reference.gelu,
        lambda draw, s: (draw.array(s["T"], s["D"], scale=2.0),),
        lambda s: [(s["T"], s["D"])],
        NORM_SIZES,
    ),
    Twin(
        add_layer_norm,
        reference.add_layer_norm,
        lambda draw, s: (
            draw.array(s["T"], s["D"], mean=3.0),
            draw.array(s["T"], s["D"]),
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
        lambda draw, s: (
            *(draw.array(_rows(s), s["H"] * s["K"]) for _ in range(3)),
            _cu_seqlens(s),
            s["H"],
        ),
        lambda s: [
            (_rows(s), s["H"] * s["K"]),
            (_attention_map_size(s),),
            (_longest(s),),
        ],
        [
            {**_sequences(lengths), "H": H, "K": K}
            for lengths in SEQUENCES
            for H, K in [(1, 1), (3, 4), (2, 26)]
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
        lambda draw, s: (
            draw.array(s["T"], s["I"], scale=s["I"] ** -0.5),
            draw.array(s["E"], s["I"]),
            draw.array(s["E"]),
        ),
        lambda s: [(s["T"], s["E"])],
        LINEAR_SIZES,
    ),
]
