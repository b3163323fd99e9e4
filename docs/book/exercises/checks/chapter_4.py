"""What the answers of chapter 4 must do; each message says which thought is missing."""

from pathlib import Path

import numpy as np

from npdistil.checkpoint.load import load_encoder
from npdistil.reference import activation, forward

WEIGHTS = Path(__file__).parents[4] / "weights" / "all-MiniLM-L6-v2"
IDS = np.array([101, 2002, 2938, 2011, 1996, 2314, 2924, 1012, 102])  # He sat by the river bank.


def expect(name, found, expected, hint):
    """Same shape and, but for rounding, the same numbers."""
    shape = np.shape(found)
    assert shape == expected.shape, (
        f"{name} returned shape {shape}, expected {expected.shape}: {hint}"
    )
    far = np.abs(found - expected).max()
    assert far < 1e-9, f"{name} is off by up to {far:.3g}: {hint}"


def check_gelu(gelu):
    """Large numbers show the shape, those around 1 the exact form."""
    x = np.array([-30.0, 0.0, 30.0])
    hint = "far below zero it is nearly 0, far above zero nearly x"
    expect("gelu([-30, 0, 30])", gelu(x), activation.gelu(x), hint)
    x = np.linspace(-4, 4, 33)
    hint = "x * (1 + erf(x / sqrt(2))) / 2; forms with tanh or a sigmoid come near, no more"
    expect("gelu of 33 numbers from -4 to 4", gelu(x), activation.gelu(x), hint)


def check_add_and_norm(add_and_norm):
    """Rows at which every order of the two steps gives something else."""
    rng = np.random.default_rng(4)
    x_LD, residual_LD = rng.standard_normal((2, 3, 8))
    weight_D, bias_D = rng.standard_normal((2, 8))
    found = add_and_norm(x_LD, residual_LD, weight_D, bias_D, 0.1)
    exact = forward.add_layer_norm(x_LD, residual_LD, weight_D, bias_D, 0.1)
    hint = "add x and the residual first, then normalise the sum, with weight, bias and eps"
    expect("add_and_norm", found, exact, hint)


def check_layer(layer):
    """The model's first and fourth layers on a real sentence."""
    config, params = load_encoder(WEIGHTS, np.float64)
    heads, eps = config.num_attention_heads, config.layer_norm_eps
    spans = np.array([0, len(IDS)])
    hidden_LD = forward.embed(IDS, 0 * IDS, np.arange(len(IDS)), params, config)
    hint = (
        "attention, add_and_norm with attention.norm; then widen, gelu, narrow, and add_and_norm "
        "with feed_forward.norm, whose residual is what the first half gave"
    )
    for n in (0, 3):
        exact, _ = forward.transformer_layer(hidden_LD, spans, params.layers[n], config)
        found = layer(hidden_LD, params.layers[n], heads, eps)
        expect(f"layer, with the weights of layer {n},", found, exact, hint)
