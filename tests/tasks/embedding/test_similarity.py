"""Cosines, dot products and distances against their definitions in float64."""

import numpy as np
import pytest

from npdistil import InputError
from npdistil.tasks.embedding import similarity
from npdistil.tasks.embedding.request import SIMILARITY_NAMES
from npdistil.tasks.embedding.similarity import SIMILARITIES
from tests.tasks.folders import make
from tests.tolerances import HIDDEN_FLOAT32

NAMES = [*SIMILARITIES]


def exact(name: str, a: np.ndarray, b: np.ndarray) -> float:
    """Of two vectors."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    return {
        "cosine": lambda: a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-24),
        "dot": lambda: a @ b,
        "euclidean": lambda: -np.linalg.norm(a - b),
        "manhattan": lambda: -np.abs(a - b).sum(),
    }[name]()


@pytest.fixture
def pair(rng) -> tuple[np.ndarray, np.ndarray]:
    a, b = (rng.standard_normal((n, 11)).astype(np.float32) for n in (5, 7))
    b[2], b[3] = 0.0, a[1] * np.float32(1 + 1e-6)
    return a, b


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("block", [1, 30, 10**6])
def test_all_with_all(name, block, pair, monkeypatch):
    """Catches a transposed result, squares that cancel, and blocks that overlap or miss a place."""
    monkeypatch.setattr(similarity, "BLOCK_ELEMENTS", block)
    a, b = pair
    found = SIMILARITIES[name].matrix(a, b)
    wanted = np.array([[exact(name, x, y) for y in b] for x in a])
    assert found.dtype == np.float32 and found.shape == (5, 7)
    assert np.abs(found - wanted).max() <= HIDDEN_FLOAT32
    assert np.abs(SIMILARITIES[name].matrix(a[0], b) - found[:1]).max() <= HIDDEN_FLOAT32
    assert SIMILARITIES[name].matrix(a[:0], b).shape == (0, 7)


@pytest.mark.parametrize("name", NAMES)
def test_pairs(name, pair):
    """Catches sums over the wrong axis."""
    a, b = pair[0], pair[1][:5]
    found = SIMILARITIES[name].pairwise(a, b)
    wanted = [exact(name, x, y) for x, y in zip(a, b, strict=True)]
    assert found.dtype == np.float32 and found.shape == (5,)
    assert np.abs(found - wanted).max() <= HIDDEN_FLOAT32
    doubles = SIMILARITIES[name].pairwise(a.astype(np.float64), b.astype(np.float64))
    assert doubles.dtype == np.float64


@pytest.mark.parametrize("name", NAMES)
def test_the_encoders_own(name, pair):
    """Catches a name that is stored and not used."""
    a, b = pair
    for encoder in (make(similarity_fn_name=name), make()):
        encoder.similarity_fn_name = name
        assert encoder.similarity_fn_name == name
        assert (encoder.similarity(a, b) == SIMILARITIES[name].matrix(a, b)).all()
        paired = encoder.similarity_pairwise(a, b[:5])
        assert (paired == SIMILARITIES[name].pairwise(a, b[:5])).all()


def test_defaults_and_refusals(pair):
    """Catches another default than cosine, and shapes that NumPy would spread out."""
    encoder = make()
    assert (*SIMILARITIES,) == SIMILARITY_NAMES
    assert encoder.similarity_fn_name == "cosine"
    encoder.similarity_fn_name = None
    assert encoder.similarity_fn_name == "cosine"
    with pytest.raises(InputError, match="similarity_fn_name: expected one of"):
        encoder.similarity_fn_name = "maxsim"
    a, b = pair
    for wrong in (a[None], [["x"]], a > 0, [[1.0], [1.0, 2.0]], 3.0):
        with pytest.raises(InputError, match="embeddings2: expected numbers of shape"):
            encoder.similarity(a, wrong)
    with pytest.raises(InputError, match="of 11 and of 4 features"):
        encoder.similarity(a, b[:, :4])
    with pytest.raises(InputError, match="5 and 7 embeddings are no pairs"):
        encoder.similarity_pairwise(a, b)
