"""What a matrix product does to its sums besides storing them, by number."""

# What happens to the sums before they are stored.
PLAIN, GELU, ADD, SCALE = 0, 1, 2, 3
# And afterwards, where they were stored.
GELU_TANH, QUICK_GELU, SILU, RELU, TANH, SIGMOID = 4, 5, 6, 7, 8, 9
# By the names of `reference/activation.py`.
ACTIVATION_CODES = {
    "gelu": GELU,
    "gelu_tanh": GELU_TANH,
    "quick_gelu": QUICK_GELU,
    "silu": SILU,
    "relu": RELU,
    "tanh": TANH,
    "sigmoid": SIGMOID,
}
# Likewise for a layer behind the encoder, which may bend nothing.
DENSE_CODES = {"identity": PLAIN, **ACTIVATION_CODES}
