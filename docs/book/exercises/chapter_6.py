"""Chapter 6, why it is fast. Write the three functions, then run: python docs/book/check.py 6"""


def layer_flops(hidden_size, intermediate_size, length):
    """Floating-point operations of one layer for one text of `length` tokens. Returns an int.

    Count the products with weights (query, key, value, output, and the two of the feed-forward
    part) and attention's own two products. A multiply-add is two operations; the rest counts
    nothing.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def blocked_matmul(a_MK, b_KN, tile):
    """a @ b, put together from products of small blocks. Returns [M, N].

    No block has a side longer than `tile`. M, K and N need not be multiples of it.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def arithmetic_intensity(M, K, N):
    """Operations for each byte that moves, in a float32 product [M, K] x [K, N].

    Both factors are read once and the result is written once. A multiply-add is two operations.
    """
    raise NotImplementedError  # yours to write; until then check.py says so
