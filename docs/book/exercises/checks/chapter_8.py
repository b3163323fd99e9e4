"""What the answers of chapter 8 must do; each message says which thought is missing."""

import numpy as np
from expected import IDS, WEIGHTS

from npdistil import Encoder


def check_ulp_difference(ulp_difference):
    """Neighbours at several sizes, on both sides of zero, and as far apart as can be."""

    def expect(a, b, exact, hint):
        found = np.asarray(ulp_difference(np.float32([a]), np.float32([b])))
        assert found.shape == (1,) and found.dtype.kind == "i", (
            f"ulp_difference gave {found!r}; return integers of the arrays' shape"
        )
        assert found[0] == exact, (
            f"ulp_difference({a!r}, {b!r}) is {found[0]}, expected {exact}: {hint}"
        )

    def next_to(x):
        return np.nextafter(np.float32(x), np.float32(np.inf))

    expect(1.0, 1.0, 0, "equal numbers are 0 steps apart")
    expect(next_to(1), 1.0, 1, "neighbours are one step apart")
    expect(1.0, next_to(1), 1, "a number of steps is not less than 0")
    hint = "nearer to zero floats lie closer together: count steps, not distance"
    expect(0.001, next_to(0.001), 1, hint)
    expect(100.0, next_to(next_to(100)), 2, "far from zero a step is longer than at 1")
    hint = "the bits of negative floats grow away from zero; turn their order round first"
    expect(-0.0, 0.0, 0, hint)
    expect(-1e-45, 1e-45, 2, hint)
    expect(-2.0, next_to(-2.0), 1, hint)
    top = 2 * 0x7F7FFFFF
    largest = float(np.finfo(np.float32).max)
    expect(-largest, largest, top, "two int32 this far apart overflow; subtract in int64")


def check_first_diverging(first_diverging):
    """Three activations, with one thing wrong at a time."""
    ours = {name: np.zeros((2, 3)) for name in ("embeddings", "layers.0.output", "head")}
    bounds = {"embeddings": 1e-6, "layers.0.output": 1e-5, "head": 1e-2}

    def expect(theirs, exact, hint):
        found = first_diverging(ours, theirs, bounds)
        assert found == exact, f"first_diverging gave {found!r}, expected {exact!r}: {hint}"

    def off(name, by):
        return {name: np.array([[0, 0, 0], [0, by, 0]])}

    expect({**ours, **off("head", 1e-3)}, None, "each activation has a bound of its own")
    hint = "it is the largest difference that counts, here of one number in six"
    expect({**ours, **off("embeddings", 2e-6)}, "embeddings", hint)
    hint = "the first one over its bound is wanted, not the worst: a fault grows on its way"
    later = {**ours, **off("layers.0.output", -1e-4), **off("head", 1.0)}
    expect(later, "layers.0.output", hint)
    turned = {name: later[name] for name in reversed(later)}
    expect(turned, "layers.0.output", "take the order of computation, which ours has")
    expect(off("head", 1.0), "head", "what the other side does not have is passed over")
    hint = "NaN > bound is false; ask whether the difference is within the bound instead"
    expect({**ours, **off("layers.0.output", np.nan)}, "layers.0.output", hint)


def check_bounds_from_noise(bounds_from_noise):
    """Two activations with noise of their own, one without, then the model's."""
    exact = {
        "a": np.array([1.0, 2.0]), "b": np.array([10.0, 20.0]), "c": np.array([0.0, 0.0]),
    }  # fmt: skip
    rounded = {
        "a": np.array([1.0, 2.25]), "b": np.array([8.0, 21.0]), "c": np.array([0.0, 0.0]),
    }  # fmt: skip
    found = bounds_from_noise(exact, rounded, 10.0, 0.5)
    assert [*found] == [*exact], f"expected a bound for each of {[*exact]}, received {[*found]}"
    hints = {
        "b": "its largest difference is 2, times the factor 10",
        "a": "each activation has noise of its own: here 0.25",
        "c": "there is no noise, and no bound may be less than the floor",
    }
    for name, expected in (("b", 20.0), ("a", 2.5), ("c", 0.5)):
        assert np.isclose(found[name], expected), (
            f"the bound of {name} is {found[name]}, expected {expected}: {hints[name]}"
        )

    filtered = ["layers.*.output"]
    exact, rounded = (
        Encoder.from_pretrained(WEIGHTS, backend="numpy", dtype=dtype).run_with_cache(
            IDS[None], names_filter=filtered
        )[1]
        for dtype in ("float64", "float32")
    )
    found = bounds_from_noise(exact, rounded, 4.0, 0.0)
    for name, value in exact.items():
        expected = 4 * np.abs(value - rounded[name]).max()
        assert np.isclose(found[name], expected, rtol=1e-9), (
            f"the bound of the model's {name} is {found[name]:.3g}, expected {expected:.3g}: "
            "subtract in float64, as the exact ones are given"
        )
