"""Embeddings in fewer bytes: the formulas, their ranges, and what is refused."""

import numpy as np
import pytest

from npdistil import InputError
from npdistil.tasks.embedding.quantization import quantize_embeddings
from tests.models import TINY
from tests.tasks.folders import make, random_texts

D = TINY.hidden_size


@pytest.fixture
def vectors(rng) -> np.ndarray:
    return rng.standard_normal((150, 13)).astype(np.float32)


def buckets(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Number by number, in float64."""
    found = np.empty(x.shape, np.int64)
    for (n, e), value in np.ndenumerate(x):
        step = (float(high[e]) - float(low[e])) / 255 or 1.0
        found[n, e] = min(max(np.floor((float(value) - float(low[e])) / step), 0), 255)
    return found


@pytest.mark.parametrize("kind", ["ranges", "calibration", "own"])
def test_scalar_precisions(vectors, kind, rng):
    """Catches ranges over all features at once, a wrap-around, and int8 shifted by 127."""
    other = rng.standard_normal((500, 13)).astype(np.float32) / 2
    known = vectors if kind == "own" else other
    low, high = known.min(axis=0), known.max(axis=0)
    options = {
        "ranges": {"ranges": np.stack([low, high])},
        "calibration": {"calibration_embeddings": other},
        "own": {},
    }[kind]
    unsigned = quantize_embeddings(vectors, "uint8", **options)
    signed = quantize_embeddings(vectors, "int8", **options)
    exact = buckets(vectors, low, high)
    assert (unsigned.dtype, signed.dtype) == (np.uint8, np.int8)
    # In float32 the largest value of a range may fall just below the last bucket's edge.
    assert np.abs(unsigned - exact).max() <= 1 and (unsigned != exact).mean() < 0.01
    assert (signed.astype(int) == unsigned.astype(int) - 128).all()
    assert len(np.unique(unsigned)) > 100


def test_a_feature_that_never_changes():
    """Catches 0 / 0."""
    constant = np.full((120, 3), 0.7, np.float32)
    assert (quantize_embeddings(constant, "uint8") == 0).all()
    assert (quantize_embeddings(constant, "int8") == -128).all()


@pytest.mark.parametrize("width", [1, 7, 8, 9, 24])
def test_binary_precisions(rng, width):
    """Catches the lowest bit first, zero counted as positive, and a last byte left out."""
    x = rng.standard_normal((5, width)).astype(np.float32)
    x[0] = 0.0
    bits = np.zeros((5, -(-width // 8) * 8), int)
    bits[:, :width] = x > 0
    exact = (bits.reshape(5, -1, 8) * 2 ** np.arange(7, -1, -1)).sum(axis=-1)
    unsigned, signed = quantize_embeddings(x, "ubinary"), quantize_embeddings(x, "binary")
    assert (unsigned.dtype, signed.dtype) == (np.uint8, np.int8)
    assert (unsigned == exact).all() and (signed == exact - 128).all()
    assert (quantize_embeddings(x[1], "ubinary") == unsigned[1]).all()


def test_the_rest(vectors):
    """Catches a shape that is lost with the last row, and float64 left as it is."""
    assert quantize_embeddings(vectors.astype(np.float64), "float32").dtype == np.float32
    nothing = np.empty((0, 13), np.float32)
    assert quantize_embeddings(nothing, "int8").shape == (0, 13)
    assert quantize_embeddings(nothing, "binary").shape == (0, 2)


def test_few_embeddings_are_warned_of(vectors):
    """Catches ranges of a handful of texts that nobody hears about."""
    with pytest.warns(UserWarning, match="int8 ranges come from 99 embeddings only"):
        quantize_embeddings(vectors[:99], "int8")
    quantize_embeddings(vectors[:100], "int8")
    quantize_embeddings(vectors[:1], "int8", calibration_embeddings=vectors)


def test_warnings_show_the_line_of_the_caller(vectors):
    """Catches one that points into the package, by whichever way one came there."""
    encoder = make()
    with pytest.warns(UserWarning, match="ranges come from") as told:
        quantize_embeddings(vectors[:9], "int8")
        encoder.encode(["a", "b"], precision="int8")
        encoder.encode_query(["a", "b"], precision="int8")
        encoder(["a", "b"], precision="int8")
    with pytest.warns(UserWarning, match="both given") as also:
        encoder.encode_query("a", prompt="b", prompt_name="query")
    assert [warning.filename for warning in [*told, *also]] == [__file__] * 5


def test_refusals(vectors):
    """Catches a range of one embedding, other widths, bytes quantised twice, bytes of NaN."""
    holed = vectors.copy()
    holed[1, 3] = np.nan
    cases = [
        ((vectors[:1], "int8"), {}, "int8 needs the range of each feature"),
        ((vectors[0], "uint8"), {}, r"uint8 needs shape \[n, features\]"),
        ((vectors, "int4"), {}, "precision: expected one of"),
        ((vectors.astype(np.int8), "int8"), {}, "embeddings: expected floats"),
        (([[1.0], [1.0, 2.0]], "int8"), {}, "embeddings: expected floats"),
        ((vectors, "int8"), {"ranges": np.zeros((2, 12))}, r"ranges: expected shape \(2, 13\)"),
        ((vectors, "int8"), {"calibration_embeddings": vectors[:, :3]}, "calibration_embeddings"),
        ((holed, "int8"), {}, r"^embeddings: row 1 holds nan \(feature 3\)"),
        ((holed, "ubinary"), {}, "^embeddings: row 1 holds nan"),
        ((vectors, "int8"), {"ranges": holed[:2]}, "^ranges: row 1 holds nan"),
        ((vectors, "int8"), {"calibration_embeddings": holed}, "^calibration_embeddings: row 1"),
    ]
    for arguments, options, message in cases:
        with pytest.raises(InputError, match=message):
            quantize_embeddings(*arguments, **options)


def test_encode_gives_the_precision_that_is_asked_for():
    """Catches precision applied before truncation, or to one window's vectors at a time."""
    encoder, texts = make(), random_texts() * 3
    floats = encoder.encode(texts, truncate_dim=9)
    for precision in ("int8", "uint8", "binary", "ubinary"):
        found = encoder.encode(texts, precision=precision, truncate_dim=9)
        wanted = quantize_embeddings(floats, precision)
        assert found.dtype == wanted.dtype and (found == wanted).all()
    assert encoder.encode("a", precision="binary").shape == (-(-D // 8),)
    assert encoder.encode([], precision="int8").shape == (0, D)
    with pytest.raises(InputError, match="int8 needs the range"):
        encoder.encode("a", precision="int8")
