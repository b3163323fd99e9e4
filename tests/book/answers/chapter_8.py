"""Answers to chapter 8, and what readers typically write first: WRONG says what they are told."""

import numpy as np


def _place(x):
    """Floats to integers in the same order, a step for each; both zeros are 0."""
    bits = np.ascontiguousarray(x, np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def ulp_difference(a, b):
    return np.abs(_place(a) - _place(b))


def bits_as_they_are(a, b):
    return np.abs(a.view(np.int32).astype(np.int64) - b.view(np.int32).astype(np.int64))


def in_units_of_one(a, b):
    return np.round(np.abs(a - b) / np.finfo(np.float32).eps).astype(np.int64)


def in_32_bits(a, b):
    return np.abs(_place(a).astype(np.int32) - _place(b).astype(np.int32)).astype(np.int64)


def with_a_sign(a, b):
    return _place(a) - _place(b)


def first_diverging(ours, theirs, bounds):
    for name, value in ours.items():
        if name in theirs and not np.abs(value - theirs[name]).max() <= bounds[name]:
            return name
    return None


def blind_to_nan(ours, theirs, bounds):
    for name, value in ours.items():
        if name in theirs and np.abs(value - theirs[name]).max() > bounds[name]:
            return name
    return None


def the_largest(ours, theirs, bounds):
    over = {name: np.abs(ours[name] - theirs[name]).max() for name in theirs if name in ours}
    over = {name: value for name, value in over.items() if not value <= bounds[name]}
    return max(over, key=over.get, default=None)


def in_their_order(ours, theirs, bounds):
    for name, value in theirs.items():
        if not np.abs(value - ours[name]).max() <= bounds[name]:
            return name
    return None


def by_the_mean(ours, theirs, bounds):
    for name, value in ours.items():
        if name in theirs and not np.abs(value - theirs[name]).mean() <= bounds[name]:
            return name
    return None


def bounds_from_noise(exact, rounded, factor, floor):
    return {
        name: max(factor * float(np.abs(exact[name] - rounded[name]).max()), floor)
        for name in exact
    }


def one_bound_for_all(exact, rounded, factor, floor):
    most = max(bounds_from_noise(exact, rounded, factor, floor).values())
    return dict.fromkeys(exact, most)


def without_floor(exact, rounded, factor, floor):
    return bounds_from_noise(exact, rounded, factor, 0.0)


def mean_noise(exact, rounded, factor, floor):
    return {
        name: max(factor * float(np.abs(exact[name] - rounded[name]).mean()), floor)
        for name in exact
    }


def exact_rounded_too(exact, rounded, factor, floor):
    both = {name: value.astype(np.float32) for name, value in exact.items()}
    return bounds_from_noise(both, rounded, factor, floor)


WRONG = {
    "ulp_difference": {
        bits_as_they_are: "negative",
        in_units_of_one: "nearer to zero",
        in_32_bits: "int64",
        with_a_sign: "not less than 0",
    },
    "first_diverging": {
        blind_to_nan: "NaN",
        the_largest: "not the worst",
        in_their_order: "order of computation",
        by_the_mean: "largest difference",
    },
    "bounds_from_noise": {
        one_bound_for_all: "its own",
        without_floor: "floor",
        mean_noise: "largest",
        exact_rounded_too: "float64",
    },
}
