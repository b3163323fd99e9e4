"""Panels hold every weight once, where the microkernel looks for it."""

from dataclasses import replace

import numpy as np
import pytest

from npdistil.encoder.pack_model import pack_linear, pack_model
from npdistil.kernels.ir.target import HOST
from npdistil.kernels.pack_weights import (
    ALIGNMENT,
    aligned_zeros,
    unpack_panels,
    whole_heads,
    whole_panels,
)
from npdistil.params import named_arrays
from tests.models import TINY, Draw, random_params

W = HOST.panel


@pytest.mark.parametrize("outputs", [1, W, W + 1, 3 * W])
def test_panels_are_the_weights(rng, outputs):
    """A wrong panel, a lost remainder, unaligned memory."""
    linear = Draw(rng).linear(outputs, 6)
    weight_P, bias_E = pack_linear(linear)
    E = whole_panels(outputs)
    assert weight_P.shape == (6 * E,) and bias_E.shape == (E,)
    panels_JIW = weight_P.reshape(E // W, 6, W)
    for e in range(outputs):
        np.testing.assert_array_equal(panels_JIW[e // W, :, e % W], linear.weight_EI[e])
    np.testing.assert_array_equal(unpack_panels(weight_P, E)[:outputs], linear.weight_EI)
    np.testing.assert_array_equal(bias_E[:outputs], linear.bias_E)
    assert not unpack_panels(weight_P, E)[outputs:].any() and not bias_E[outputs:].any()
    assert weight_P.ctypes.data % ALIGNMENT == 0


@pytest.mark.parametrize("heads, head_size", [(2, 26), (4, HOST.narrow), (3, HOST.narrow + 1)])
def test_parts_of_a_tensor_follow_one_another(rng, heads, head_size):
    """Keys packed over queries, or behind a gap, where a part ends inside a panel."""
    config = replace(TINY, hidden_size=heads * head_size, num_attention_heads=heads)
    params = random_params(config, rng)
    model = pack_model(params, config)
    slab, attention = whole_heads(head_size), params.layers[0].attention
    qkv_P = model.layers_NZ[0, : model.ends[0]]
    qkv_EI = unpack_panels(qkv_P, whole_panels(3 * heads * slab))
    key_HKI = qkv_EI[heads * slab : 2 * heads * slab].reshape(heads, slab, -1)
    np.testing.assert_array_equal(
        key_HKI[:, :head_size].reshape(attention.key.weight_EI.shape), attention.key.weight_EI
    )
    assert not key_HKI[:, head_size:].any() and not qkv_EI[3 * heads * slab :].any()


def test_tensors_of_every_layer_begin_at_a_cache_line(rng):
    """A vector that crosses two lines is read at half the speed."""
    model = pack_model(random_params(TINY, rng), TINY)
    row_bytes = model.layers_NZ.strides[0]
    assert model.layers_NZ.ctypes.data % ALIGNMENT == 0
    assert all(4 * place % (4 * W) == 0 for place in (*model.ends, row_bytes // 4))
    assert model.ends[-1] == model.layers_NZ.shape[1], "memory that holds nothing"


def test_aligned_memory_is_aligned_and_zero():
    """An offset in floats instead of bytes."""
    for size in range(1, 40):
        array = aligned_zeros(size, 3)
        assert array.ctypes.data % ALIGNMENT == 0
        assert array.shape == (size, 3) and not array.any()


def test_only_the_last_layers_keys_are_held_twice(rng):
    """Turned keys of a layer that never asks in their form, or memory above a tenth for them."""
    config = replace(TINY, hidden_size=4 * W, intermediate_size=16 * W, num_attention_heads=2)
    params = random_params(config, rng)
    model = pack_model(params, config)
    D, H, K = config.hidden_size, 2, config.head_size
    keys_HKD = params.layers[-1].attention.key.weight_EI.reshape(H, K, D)
    for key_KD, question_P in zip(keys_HKD, model.question_P.reshape(H, D * K), strict=True):
        np.testing.assert_array_equal(unpack_panels(question_P, D), key_KD.T)
    floats = sum(array.size for array in named_arrays(params.layers).values())
    assert model.layers_NZ.size + model.question_P.size <= 1.1 * floats


def test_threads_change_nothing(rng):
    """Catches a layer in another's place, and biases that are taken for another layer's."""
    config = replace(TINY, num_hidden_layers=7)
    params = random_params(config, rng)
    passed: dict[int, list[object]] = {}
    models = [
        pack_model(params, config, lambda n, layer: passed.setdefault(n, []).append(layer), threads)
        for threads in (1, 4)
    ]
    for one, other in zip(*models, strict=True):
        np.testing.assert_array_equal(one, other)
    for n, layer in enumerate(params.layers):
        assert [each is layer for each in passed[n]] == [True, True]


def test_weights_are_held_once(rng):
    """A copy in the layout of the file kept next to the packed one would double the memory."""
    params = random_params(TINY, rng)
    model = pack_model(params, TINY)
    for name, array in named_arrays(params.layers).items():
        assert not np.shares_memory(array, model.layers_NZ), name
    assert np.shares_memory(params.embeddings.word_VD, model.word_VD)
