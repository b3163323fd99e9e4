"""Chapter 2, embeddings. Write the three functions, then run: python docs/book/check.py 2"""


def embed(input_ids_L, token_type_ids_L, word_VD, position_PD, token_type_GD):
    """The sum of three rows for each token, before any LayerNorm. Returns [L, D].

    The row of the token's id, the row of its position (0, 1, 2, ...), and the row of the text that
    it belongs to (0 or 1).
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def layer_norm(x_LD, weight_D, bias_D, eps):
    """(x - mean) / sqrt(variance + eps) * weight + bias, each row by itself. Returns [L, D].

    The variance is the mean of the squared distances from the mean.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def cosine_similarity(x_ND, y_MD):
    """The cosine of the angle between each row of x and each row of y. Returns [N, M].

    The dot product of two rows, divided by the lengths of both. No row is zero.
    """
    raise NotImplementedError  # yours to write; until then check.py says so
