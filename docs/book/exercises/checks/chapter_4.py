"""What the answers of chapter 4 must do; each message says which thought is missing."""

import numpy as np
from expected import IDS, WEIGHTS, expect

from npdistil.checkpoint.load import load_encoder
from npdistil.params import LinearParams
from npdistil.reference import activation, forward


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
    hint = "add x and the residual first, then normalise the sum, with weight and bias"
    for eps, said in ((1e-12, hint), (0.1, "hand eps on to LayerNorm")):
        found = add_and_norm(x_LD, residual_LD, weight_D, bias_D, eps)
        exact = forward.add_layer_norm(x_LD, residual_LD, weight_D, bias_D, eps)
        expect(f"add_and_norm, with eps {eps},", found, exact, said)


def check_layer(layer):
    """The first half with the second one silenced, then whole layers, on a real sentence."""
    config, params = load_encoder(WEIGHTS, np.float64)
    heads, eps = config.num_attention_heads, config.layer_norm_eps
    spans = np.array([0, len(IDS)])
    hidden_LD = forward.embed(IDS, 0 * IDS, np.arange(len(IDS)), params, config)

    def compare(name, weights, hint):
        exact, _ = forward.transformer_layer(hidden_LD, spans, weights, config)
        expect(f"layer, {name},", layer(hidden_LD, weights, heads, eps), exact, hint)

    first = params.layers[0]
    nothing = LinearParams(*(0 * array for array in first.feed_forward.output))
    silenced = first._replace(feed_forward=first.feed_forward._replace(output=nothing))
    hint = (
        "first add_and_norm of attention and what came in, with attention.norm; then add_and_norm "
        "of the second half and what the first half gave, with feed_forward.norm"
    )
    compare("where the feed-forward part gives zeros", silenced, hint)
    hint = "feed forward what the first half gave: widen, gelu, narrow"
    for n in (0, 3):
        compare(f"with the weights of layer {n}", params.layers[n], hint)
