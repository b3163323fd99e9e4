"""What the answers of chapter 6 must do; each message says which thought is missing."""

from typing import Any, ClassVar

import numpy as np

from npdistil.checkpoint.registry import entries


def expect_number(name, found, expected, hint):
    """The number itself, but for rounding."""
    assert np.ndim(found) == 0 and np.isclose(float(found), expected, rtol=1e-9, atol=0), (
        f"{name} is {found}, expected {expected}: {hint}"
    )


def check_layer_flops(layer_flops):
    """Sizes so small that each term can be told, then the models of the card's table."""
    call = "layer_flops(hidden_size=1, intermediate_size=1, length=1)"
    hint = "six weights make six multiply-adds, and a multiply-add is two operations"
    found = layer_flops(1, 1, 1)
    assert found not in (6, 8), f"{call} is {found}, expected 16: {hint}"
    hint = (
        "attention's own two products, queries with keys and probabilities with values, make "
        "length² · hidden_size multiply-adds each"
    )
    expect_number(call, found, 16, hint)
    hint = "all tokens of the text count, and attention's part grows with their square"
    expect_number("layer_flops(2, 3, 5)", layer_flops(2, 3, 5), 480, hint)
    for model in entries():
        config, length = model.config, 128
        exact = model.flops_per_token(length) * length // model.layers
        found = layer_flops(config.hidden_size, config.intermediate_size, length)
        expect_number(f"layer_flops, for a layer of {model.title},", found, exact, hint)


class Watched(np.ndarray):
    """An array that notes the longest side of every product that it takes part in."""

    longest: ClassVar[list[int]] = []

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(value) for value in inputs]
        if function is np.matmul:
            Watched.longest.append(max(side for value in plain for side in value.shape))
        out = options.pop("out", None)
        if out is not None:
            options["out"] = tuple(np.asarray(value) for value in out)
        result = getattr(function, method)(*plain, **options)
        return out[0] if out is not None else np.asarray(result).view(Watched)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in (np.dot, np.einsum, np.inner, np.tensordot):
            arrays = [np.asarray(value) for value in args if isinstance(value, np.ndarray)]
            Watched.longest.append(max(side for value in arrays for side in value.shape))
        return super().__array_function__(function, types, args, kwargs)


def check_blocked_matmul(blocked_matmul):
    """Whole numbers, so that no order of additions matters; sizes that all differ."""
    for (M, K, N), tile in (((4, 4, 4), 2), ((4, 6, 8), 2), ((5, 7, 3), 2), ((2, 9, 4), 5)):
        a_MK = np.arange(M * K, dtype=np.float64).reshape(M, K) % 7 - 3
        b_KN = np.arange(K * N, dtype=np.float64).reshape(K, N) % 5 - 2
        Watched.longest.clear()
        found = np.asarray(blocked_matmul(a_MK.view(Watched), b_KN.view(Watched), tile))
        call = f"blocked_matmul of [{M}, {K}] and [{K}, {N}] with tile {tile}"
        longest = max(Watched.longest, default=0)
        assert longest <= tile, (
            f"{call} multiplied something with a side of {longest}, which is longer than the tile: "
            "cut the side K as well as M and N"
        )
        assert found.shape == (M, N), f"{call} has shape {found.shape}, expected {(M, N)}"
        if M % tile == K % tile == N % tile == 0:
            hint = "products of blocks along K add up: begin with zeros and use +="
        else:
            hint = "where sizes are no multiples of the tile, blocks are smaller ones at the end"
        assert np.array_equal(found, a_MK @ b_KN), f"{call} is not the product: {hint}"


def check_arithmetic_intensity(arithmetic_intensity):
    """A square, then one token and many tokens."""
    call, found = "arithmetic_intensity(6, 6, 6)", arithmetic_intensity(6, 6, 6)
    assert not np.isclose(found, 0.5), f"{call} is {found}: a multiply-add is two operations"
    assert not np.isclose(found, 4.0), f"{call} is {found}: a float32 has four bytes"
    assert not np.isclose(found, 1.5), f"{call} is {found}: the result is written, which moves too"
    expect_number(call, found, 1.0, "divide operations by the bytes of all three matrices")
    for M in (1, 256):
        exact = 2 * M * 384 * 1536 / (4 * (M * 384 + 384 * 1536 + M * 1536))
        found = arithmetic_intensity(M, 384, 1536)
        hint = "its sides are M·K, K·N and M·N numbers"
        expect_number(f"arithmetic_intensity({M}, 384, 1536)", found, exact, hint)
