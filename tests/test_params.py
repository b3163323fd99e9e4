"""The tree of parameters: one walk, its paths, its inverse, and another float type."""

import numpy as np
import pytest

from npdistil.checkpoint.names import expected_tensors
from npdistil.config import EncoderConfig
from npdistil.errors import ModelFileError
from npdistil.params import EncoderParams, cast, from_named_arrays, named_arrays
from tests.checkpoint.tiny import BERT, DISTILBERT, bert_shapes, distilbert_shapes


def make_params(values: dict, rng: np.random.Generator) -> EncoderParams:
    expected = expected_tensors(EncoderConfig.from_dict(values, "x"), pooler=values is BERT)
    arrays = {e.path: rng.standard_normal(e.shape).astype(np.float32) for e in expected.values()}
    return from_named_arrays(arrays, 2)


def test_the_tables_of_names_give_every_tensor_its_shape() -> None:
    """Catches a wrong axis or a forgotten tensor; the shapes in tiny.py are written out by hand."""
    for values, shapes in ((BERT, bert_shapes()), (DISTILBERT, distilbert_shapes())):
        config = EncoderConfig.from_dict(values, "x")
        expected = expected_tensors(config, pooler=values is BERT)
        assert {name: want.shape for name, want in expected.items()} == shapes


def test_paths_are_unique_and_end_in_the_right_number_of_axes() -> None:
    """Catches two tensors on one field, and a suffix that lies about the rank."""
    expected = expected_tensors(EncoderConfig.from_dict(BERT, "x"), pooler=True)
    assert len({want.path for want in expected.values()}) == len(expected) == 5 + 16 * 2 + 2
    for want in expected.values():
        assert len(want.path.rpartition("_")[2]) == len(want.shape)


def test_named_arrays_and_from_named_arrays_are_inverse(rng: np.random.Generator) -> None:
    """Catches a field built from the path of another one."""
    params = make_params(BERT, rng)
    arrays = named_arrays(params)
    again = named_arrays(from_named_arrays(arrays, 2))
    assert list(arrays) == list(again)
    assert all(arrays[path] is again[path] for path in arrays)
    assert arrays["layers.1.feed_forward.output.weight_EI"].shape == (12, 20)
    assert arrays["layers.1.attention.norm.bias_D"] is params.layers[1].attention.norm.bias_D


def test_absent_parts_have_no_path(rng: np.random.Generator) -> None:
    """Catches a walk that stops at None, or names it."""
    params = make_params(DISTILBERT, rng)
    assert params.pooler is None
    assert params.embeddings.token_type_GD is None
    assert not any("pooler" in path or "token_type" in path for path in named_arrays(params))


def test_cast_converts_every_array_and_only_then(rng: np.random.Generator) -> None:
    """Catches an array that keeps its type, a copy without need, a writable result."""
    params = make_params(BERT, rng)
    wide = named_arrays(cast(params, np.float64))
    for path, array in named_arrays(params).items():
        assert wide[path].dtype == np.float64
        assert np.array_equal(wide[path], array)
        assert not wide[path].flags.writeable
    same = named_arrays(cast(params, np.float32))
    assert all(same[path] is array for path, array in named_arrays(params).items())


def test_a_value_that_does_not_fit_is_an_error_and_not_infinity(rng: np.random.Generator) -> None:
    """Catches 1e300 becoming inf on the way to float32."""
    params = cast(make_params(BERT, rng), np.float64)
    params.layers[0].attention.query.bias_E.flags.writeable = True
    params.layers[0].attention.query.bias_E[3] = 1e300
    with pytest.raises(ModelFileError, match=r"layers\.0\.attention\.query\.bias_E.*float32"):
        cast(params, np.float32)
