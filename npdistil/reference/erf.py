"""The error function, which NumPy does not have.

W. J. Cody, "Rational Chebyshev Approximation for the Error Function", Mathematics of Computation
23 (1969) 631-637: three ranges, each a quotient of polynomials. Coefficients run from the highest
power down. In float64 the result is within 1e-15 of the truth everywhere.
"""

import numpy as np

from ..dims import Floats

SMALL, LARGE = 0.46875, 4.0
SATURATED = 6.0  # beyond it 1 - erf(x) < 3e-17, less than half the last bit of 1

SMALL_TOP = (
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
SMALL_BOTTOM = (
    1.0,
    2.36012909523441209e1,
    2.44024637934444173e2,
    1.28261652607737228e3,
    2.84423683343917062e3,
)
MIDDLE_TOP = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e0,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3,
)
MIDDLE_BOTTOM = (
    1.0,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3,
)
LARGE_TOP = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
LARGE_BOTTOM = (
    1.0,
    2.56852019228982242e0,
    1.87295284992346725e0,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)
INVERSE_SQRT_PI = 5.6418958354775628695e-1


def erf(x: Floats) -> Floats:
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to x, elementwise, in x's own dtype.

    NaN stays NaN.
    """
    size = np.abs(x)
    unsigned = np.piecewise(size, [size <= SMALL, size > LARGE], [_small, _large, _middle])
    return np.copysign(unsigned, x)


def _small(size: Floats) -> Floats:
    square = size * size
    return size * _ratio(SMALL_TOP, SMALL_BOTTOM, square)


def _middle(size: Floats) -> Floats:
    return 1 - np.exp(-size * size) * _ratio(MIDDLE_TOP, MIDDLE_BOTTOM, size)


def _large(size: Floats) -> Floats:
    size = np.minimum(size, size.dtype.type(SATURATED))
    inverse_square = 1 / (size * size)
    correction = inverse_square * _ratio(LARGE_TOP, LARGE_BOTTOM, inverse_square)
    return 1 - np.exp(-size * size) / size * (INVERSE_SQRT_PI - correction)


def _ratio(top: tuple[float, ...], bottom: tuple[float, ...], x: Floats) -> Floats:
    return _polynomial(top, x) / _polynomial(bottom, x)


def _polynomial(coefficients: tuple[float, ...], x: Floats) -> Floats:
    """Horner's scheme; Python floats leave the dtype of x alone."""
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total
