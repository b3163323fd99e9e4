"""exp and GELU on a vector, as polynomials: no library call, no division, no branch.

All of it rests on rounding by addition (`Vectors.round`), so what is compiled from here may not be
compiled with the fastmath flag `reassoc`, which folds that addition away.
"""

import math

from llvmlite import ir

from .vectors import ROUNDER, Vectors

LOG2_E = 1 / math.log(2)
# ln 2 in two parts; the first has 9 significant bits, so that n times it is exact.
LN2_HIGH, LN2_LOW = 0.693359375, -2.12194440e-4
# (exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 2, highest power first.
# Source: Cephes mathematical library (Moshier 1989), expf.
EXP = (
    1.9875691500e-4,
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    5.0000001201e-1,
    1.0,
    1.0,
)
EXP_LOWEST, EXP_HIGHEST = -104.0, 89.0  # beyond: 0 and infinity
EXP_NORMAL = -87.33  # the smallest normal float32 is e^-87.336

# 2^r on |r| <= 1/2, highest power first; a minimax fit.
EXP2 = (
    0.0013276472,
    0.0096755419,
    0.0555071309,
    0.2402212024,
    0.6931469440,
    1.0000001192,
)
# log2 of Phi(-t) on 0 <= t <= 6.5, highest power first; a minimax fit of what GELU needs.
LOG2_PHI = (
    3.309279418317601e-05,
    -0.000769219477660954,
    0.008080716244876385,
    -0.05341210216283798,
    -0.4587709605693817,
    -1.1512017250061035,
    -0.999993085861206,
)
GELU_FAR = 6.5  # Phi(-6.5) = 4e-11


def exp(v: Vectors, x: ir.Value) -> ir.Value:
    """e^x for any float: n = round(x / ln 2), then e^(x - n ln 2) by a polynomial, times 2^n.

    2^n is applied in two halves: one alone would overflow or underflow before the product does.
    """
    b = v.builder
    x = v.larger(v.smaller(x, v.constant(EXP_HIGHEST)), v.constant(EXP_LOWEST))
    whole, _ = v.round(b.fmul(x, v.constant(LOG2_E)))
    rest = v.fma(whole, v.constant(-LN2_HIGH), x)
    rest = v.fma(whole, v.constant(-LN2_LOW), rest)
    one = v.constant(1.0)
    half, half_bits = v.round(b.fmul(whole, v.constant(0.5)))
    _, other_bits = v.round(b.fsub(whole, half))
    power = v.add_to_bits(one, v.exponent(half_bits))
    other_power = v.add_to_bits(one, v.exponent(other_bits))
    return b.fmul(b.fmul(v.polynomial(EXP, rest), power), other_power)


def exp_down(v: Vectors, x: ir.Value) -> ir.Value:
    """e^x for x <= 0 in half the work of `exp`; what is below 1.2e-38 becomes 1.2e-38.

    One factor 2^n is enough where neither it nor the product leaves the normal numbers.
    """
    b = v.builder
    x = v.larger(x, v.constant(EXP_NORMAL))
    shifted = v.fma(x, v.constant(LOG2_E), v.constant(ROUNDER))
    whole, bits = v.rounded(shifted)
    rest = v.fma(whole, v.constant(-LN2_HIGH), x)
    rest = v.fma(whole, v.constant(-LN2_LOW), rest)
    power = v.add_to_bits(v.constant(1.0), v.exponent(bits))
    return b.fmul(v.polynomial(EXP, rest), power)


def gelu(v: Vectors, x: ir.Value) -> ir.Value:
    """x Phi(x) = max(x, 0) - t Phi(-t) with t = |x|: the second term is small and one-sided.

    Phi(-t) = 2^p(t), and beyond GELU_FAR it is nothing beside max(x, 0). NaN stays NaN.
    """
    b = v.builder
    t = v.smaller(v.abs(x), v.constant(GELU_FAR))
    log2_phi = v.polynomial(LOG2_PHI, t)
    whole, bits = v.round(log2_phi)
    rest = b.fsub(log2_phi, whole)
    phi = v.add_to_bits(v.polynomial(EXP2, rest), v.exponent(bits))
    return v.fma(b.fneg(t), phi, v.larger(x, v.constant(0.0)))
