"""`Encoder.run_with_cache`: names and shapes of activations, and that looking changes nothing."""

import numpy as np
import pytest

from npdistil import InputError
from npdistil.trace.names import encoder_names
from tests.models import TINY
from tests.trace.traced import DISTILBERT, MASK_BL, make

LETTERS = {
    "B": len(MASK_BL), "L": 5, "D": TINY.hidden_size, "H": TINY.num_attention_heads,
    "F": TINY.intermediate_size, "1": 1,
}  # fmt: skip


@pytest.mark.parametrize("mask_BL", [MASK_BL, None], ids=["padded", "whole"])
@pytest.mark.parametrize(
    "backend, dtype", [("numba", "float32"), ("numpy", "float32"), ("numpy", "float64")]
)
def test_looking_changes_no_byte(backend, dtype, mask_BL, ids_BL):
    """A traced pass that computes in another order, or whose values are written into."""
    model = make(backend, dtype=dtype)
    plain = model(ids_BL, mask_BL)
    traced, cache = model.run_with_cache(ids_BL, mask_BL)
    for ours, theirs in [
        (traced.last_hidden_state, plain.last_hidden_state),
        (traced.pooler_output, plain.pooler_output),
        (cache["layers.1.output"], plain.last_hidden_state),
        (cache["pooler"], plain.pooler_output),
    ]:
        assert ours.dtype == np.dtype(dtype) and ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("config", [TINY, DISTILBERT], ids=["bert", "distilbert"])
def test_names_and_shapes(config, ids_BL):
    """A name that one family lacks, or an array of other axes than its name promises."""
    _, cache = make(config=config).run_with_cache(ids_BL, MASK_BL)
    names = encoder_names(config, has_pooler=config is TINY)
    assert [*cache] == [*names]
    assert cache.shapes == {
        name: tuple(LETTERS[axis] for axis in axes) for name, axes in names.items()
    }
    assert ("pooler" in cache) == (config is TINY)
    probs = cache.stacked("layers.*.attention.probs")
    rows = probs.sum(axis=-1)
    np.testing.assert_allclose(rows, np.broadcast_to(MASK_BL[:, None], rows.shape), atol=1e-6)


@pytest.mark.parametrize(
    "names_filter, found",
    [
        ("embeddings", ["embeddings"]),
        ("embeddings.norm", ["embeddings.norm.mean", "embeddings.norm.rstd"]),
        ("layers.*.output", ["layers.0.output", "layers.1.output"]),
        (["pooler", "layers.1.attention.query"], ["layers.1.attention.query", "pooler"]),
        (lambda name: name.endswith("0.attention.key"), ["layers.0.attention.key"]),
        ((), []),
    ],
)
def test_names_filter(names_filter, found, ids_BL):
    """A pattern that matches too much, as `*` over a dot, or nothing; another order."""
    _, cache = make().run_with_cache(ids_BL, names_filter=names_filter)
    assert [*cache] == found


@pytest.mark.parametrize(
    "backend, names_filter, message",
    [
        ("numpy", "layers.0.attention.querry", "'layers.0.attention.querry' names no activation"),
        ("numpy", "layers.2", "'layers.2' names no activation; there are embeddings.norm.mean, "),
        ("numpy", [3], "a name is a str, received 3"),
        ("numpy", 3, "expected names, a function of a name, or None, received 3"),
        ("numba", "layers.0.attention", "the numba backend shows embeddings, .* and pooler alone, "
         'not layers.0.attention.query; load the model with backend="numpy"'),
    ],
)  # fmt: skip
def test_bad_filters(backend, names_filter, message, ids_BL):
    """A misspelt name that silently keeps nothing."""
    with pytest.raises(InputError, match=message):
        make(backend).run_with_cache(ids_BL, names_filter=names_filter)


def test_what_was_not_kept_is_said(ids_BL):
    """A KeyError that leaves open whether the name or the filter is wrong."""
    _, cache = make().run_with_cache(ids_BL, names_filter="embeddings")
    with pytest.raises(KeyError, match="pooler: not kept; names_filter says what is"):
        cache["pooler"]
    assert "pooler" not in cache and repr(cache) == "ActivationCache(embeddings [5, 5, 12])"
