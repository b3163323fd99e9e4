"""Chapter 4, a layer. Write the three functions, then run: python docs/book/check.py 4"""

from npdistil.reference.forward import linear, self_attention


def gelu(x):
    """x times the probability that a standard normal number is below x. Takes and returns an array.

    The probability is (1 + erf(x / sqrt(2))) / 2; `from npdistil.reference.erf import erf` brings
    an erf that takes arrays.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def add_and_norm(x_LD, residual_LD, weight_D, bias_D, eps):
    """What every half of a layer ends with: LayerNorm of the sum of both. Returns [L, D].

    You wrote LayerNorm in chapter 2; or take `layer_norm` of npdistil.reference.forward.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def layer(hidden_LD, params, num_heads, eps):
    """A whole layer on the tokens of one text. Returns [L, D].

    `params` is a `LayerParams` (npdistil/params.py). Attention is there already:

        mixed_LD, _ = self_attention(hidden_LD, [0, len(hidden_LD)], params.attention, num_heads)

    and `linear(x, weight_EI, bias_E)` too. Put them together with your two functions.
    """
    raise NotImplementedError  # yours to write; until then check.py says so
