"""Chapter 8, checking a port. Write the three functions, then run: python docs/book/check.py 8"""


def ulp_difference(a, b):
    """How many steps lead from a to b, if a step goes to the next float32. Returns int64.

    Elementwise, of float32 arrays of one shape. Neighbours are 1 apart; 0.0 and -0.0 are equal.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def first_diverging(ours, theirs, bounds):
    """The name of the first activation whose largest difference is over its bound, or None.

    `ours` has arrays by name in the order of computation; `theirs` has some of them, in any order;
    `bounds` has a number for each name of ours. A NaN is over every bound.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def bounds_from_noise(exact, rounded, factor, floor):
    """A bound for each activation: `factor` times its rounding noise. Returns {name: bound}.

    `exact` has activations in float64 by name, `rounded` the same ones computed in float32; the
    noise of one is its largest difference. No bound is less than `floor`.
    """
    raise NotImplementedError  # yours to write; until then check.py says so
