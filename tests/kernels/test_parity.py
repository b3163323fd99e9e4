"""Each kernel in float32 against its twin in float64, over the table of `tests/twins.py`."""

import inspect
from typing import Any

import numpy as np
import pytest

from npdistil.kernels.pooling import normalize, pool_max
from npdistil.reference.pooling import pool_max as reference_max
from tests.kernels.compiled import compiled
from tests.kernels.passes import guarded, is_untouched
from tests.models import Draw
from tests.tolerances import KERNELS
from tests.twins import TWINS, Twin

CASES = [
    pytest.param(twin, sizes, id=f"{twin.id}-{'-'.join(map(str, sizes.values()))}")
    for twin in TWINS
    for sizes in twin.sizes
]


def as_float64(value: Any) -> Any:
    is_float = isinstance(value, np.ndarray | np.floating) and value.dtype == np.float32
    return value.astype(np.float64) if is_float else value


@pytest.mark.parametrize("twin, sizes", CASES)
def test_kernel_equals_its_twin_and_writes_nothing_else(twin: Twin, sizes, rng):
    """A wrong sum, a skipped remainder, an output element never written or one row too many."""
    inputs = twin.inputs(Draw(rng), sizes)
    guards = [guarded(shape) for shape in twin.outputs(sizes)]
    twin.run(inputs, [output for _, output in guards])

    exact = (twin.exact or twin.reference)(*map(as_float64, inputs))
    expected = exact if isinstance(exact, tuple) else (exact,)
    for (_, output), wanted in zip(guards, expected, strict=False):
        assert wanted.dtype == np.float64
        assert output.shape == wanted.shape
        assert np.abs(output - wanted).max(initial=0) <= KERNELS[twin.name]
        if np.count_nonzero(wanted) > 20:
            assert wanted.std() > 1e-3, "a vacuous comparison"
    assert all(is_untouched(whole, output) for whole, output in guards)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.id)
def test_kernel_refuses_what_it_was_not_compiled_for(twin: Twin, rng):
    """Another dtype or layout must be an error, not a second compilation with other rounding."""
    sizes = twin.sizes[-1]
    inputs = twin.inputs(Draw(rng), sizes)
    outputs = [np.zeros(shape, np.float32) for shape in twin.outputs(sizes)]
    arguments = [*([] if twin.in_place else inputs), *outputs, *(inputs[1:] * twin.in_place)]
    twin.call(*arguments)
    with pytest.raises(TypeError):
        twin.call(*map(as_float64, arguments))
    outputs[0].flags.writeable = False
    with pytest.raises(TypeError):
        twin.call(*arguments)


# Kernels that read another layout than their twin: records flattened, weights packed, one head or
# one sequence instead of all.
OTHER_LAYOUT = {
    "embed": ("params", "config"),
    "linear": ("weight_EI",),
    "dense": ("weight_EI",),
    "attention": ("query_TD", "key_TD", "value_TD", "cu_seqlens", "num_heads"),
    **{
        name: ("hidden_TD", "cu_seqlens")
        for name in (
            *("pool_mean", "pool_mean_sqrt_len", "pool_weighted_mean"),
            *("pool_max", "pool_first", "pool_last"),
        )
    },
    "pack_panels": ("width",),  # the processor's
}


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.id)
def test_kernel_has_the_arguments_of_its_twin(twin: Twin):
    """Twins that drift apart in name or order cannot be read side by side.

    But for `tap`: nobody looks into a kernel.
    """
    ours = list(inspect.signature(twin.kernel.py_func).parameters)
    theirs = list(inspect.signature(twin.reference).parameters)
    assert twin.kernel.py_func.__name__ == twin.reference.__name__
    other = {"tap", *OTHER_LAYOUT.get(twin.name, ())}
    shared = [name for name in theirs if name not in other]
    assert [name for name in ours if name in shared] == shared


UNREAD = ("pool_first", "pool_last", "embed")  # do not read every row


def test_nan_is_never_hidden(rng):
    """fastmath with nnan would fold NaN away; each kernel lets it through to its own row."""
    for twin in TWINS:
        sizes = twin.sizes[-1]
        inputs = list(twin.inputs(Draw(rng), sizes))
        floats = [n for n, x in enumerate(inputs) if getattr(x, "dtype", None) == np.float32]
        place = next((n for n in floats if inputs[n].ndim == 2), floats[0])
        for row in range(len(inputs[place])):
            poisoned = inputs[place].copy()
            poisoned[row] = np.nan
            outputs = [np.zeros(shape, np.float32) for shape in twin.outputs(sizes)]
            twin.run((*inputs[:place], poisoned, *inputs[place + 1 :]), outputs)
            reached = np.isnan(outputs[0]).any()
            assert reached or twin.name in UNREAD, f"{twin.id}, row {row}"


def test_normalising_a_zero_row_leaves_zeros():
    """0 / 0 where every feature cancels."""
    x_BD = np.zeros((1, 7), np.float32)
    compiled(normalize)(x_BD)
    assert not x_BD.any()


@pytest.mark.parametrize("skip", [3, 5])
def test_the_largest_of_nothing_is_the_lowest(rng, skip):
    """A row that was to be left out, or whatever was in the output before."""
    pooled_D = np.zeros(7, np.float32)
    hidden_LD = Draw(rng).array(3, 7)
    compiled(pool_max)(hidden_LD, skip, pooled_D)
    assert (pooled_D == -np.inf).all()
    assert (reference_max(hidden_LD, np.array([0, 3]), skip) == -np.inf).all()
