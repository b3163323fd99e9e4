"""Answers to chapter 6, and what readers typically write first: WRONG says what they are told."""

import numpy as np


def layer_flops(hidden_size, intermediate_size, length):
    weights = 4 * hidden_size**2 + 2 * hidden_size * intermediate_size
    return 2 * length * weights + 4 * length**2 * hidden_size


def multiply_adds(hidden_size, intermediate_size, length):
    return layer_flops(hidden_size, intermediate_size, length) // 2


def weights_alone(hidden_size, intermediate_size, length):
    return 2 * length * (4 * hidden_size**2 + 2 * hidden_size * intermediate_size)


def scores_alone(hidden_size, intermediate_size, length):
    attention = 2 * length**2 * hidden_size
    return weights_alone(hidden_size, intermediate_size, length) + attention


def of_one_token(hidden_size, intermediate_size, length):
    return layer_flops(hidden_size, intermediate_size, length) // length


def blocked_matmul(a_MK, b_KN, tile):
    (M, K), N = a_MK.shape, b_KN.shape[1]
    c_MN = np.zeros((M, N), a_MK.dtype)
    for m in range(0, M, tile):
        for n in range(0, N, tile):
            for k in range(0, K, tile):
                block = a_MK[m : m + tile, k : k + tile] @ b_KN[k : k + tile, n : n + tile]
                c_MN[m : m + tile, n : n + tile] += block
    return c_MN


def all_at_once(a_MK, b_KN, tile):
    return a_MK @ b_KN


def without_the_rest(a_MK, b_KN, tile):
    (M, K), N = a_MK.shape, b_KN.shape[1]
    whole = [size // tile * tile for size in (M, K, N)]
    c_MN = np.zeros((M, N), a_MK.dtype)
    c_MN[: whole[0], : whole[2]] = blocked_matmul(
        a_MK[: whole[0], : whole[1]], b_KN[: whole[1], : whole[2]], tile
    )
    return c_MN


def last_block_alone(a_MK, b_KN, tile):
    last = (len(b_KN) - 1) // tile * tile  # what = for += leaves of the sum along K
    return blocked_matmul(a_MK[:, last:], b_KN[last:], tile)


def inner_side_whole(a_MK, b_KN, tile):
    (M, _), N = a_MK.shape, b_KN.shape[1]
    c_MN = np.zeros((M, N), a_MK.dtype)
    for m in range(0, M, tile):
        for n in range(0, N, tile):
            c_MN[m : m + tile, n : n + tile] = a_MK[m : m + tile] @ b_KN[:, n : n + tile]
    return c_MN


def arithmetic_intensity(M, K, N):
    return 2 * M * K * N / (4 * (M * K + K * N + M * N))


def of_each_number(M, K, N):
    return 2 * M * K * N / (M * K + K * N + M * N)


def without_the_result(M, K, N):
    return 2 * M * K * N / (4 * (M * K + K * N))


def of_multiply_adds(M, K, N):
    return M * K * N / (4 * (M * K + K * N + M * N))


WRONG = {
    "layer_flops": {
        multiply_adds: "two operations",
        weights_alone: "attention's own two products",
        scores_alone: "attention's own two products",
        of_one_token: "all tokens",
    },
    "blocked_matmul": {
        all_at_once: "longer than the tile",
        inner_side_whole: "longer than the tile",
        without_the_rest: "smaller ones at the end",
        last_block_alone: "add up",
    },
    "arithmetic_intensity": {
        of_each_number: "four bytes",
        without_the_result: "written",
        of_multiply_adds: "two operations",
    },
}
