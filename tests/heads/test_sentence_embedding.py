"""Pooling and normalisation as one head, over both backends."""

import numpy as np
import pytest

from npdistil import Encoder, InputError
from npdistil.encoder.backend import POOLINGS
from npdistil.encoder.packing import pack_sequences
from npdistil.heads.sentence_embedding import Normalization, Projection, SentenceEmbedding
from npdistil.params import LinearParams
from tests.models import TINY, random_params
from tests.tolerances import HIDDEN_FLOAT32

LENGTHS = (3, 1, 5, 2)
D = TINY.hidden_size


@pytest.fixture(params=["numba", "numpy"])
def backend(request):
    params = random_params(TINY, np.random.default_rng(7))
    return Encoder(TINY, params, request.param).backend


@pytest.fixture
def batch(rng):
    ids = [rng.integers(0, TINY.vocab_size, length).astype(np.int32) for length in LENGTHS]
    return pack_sequences(ids, TINY)


def by_hand(backend, batch, mode: str, skip: int = 0) -> np.ndarray:
    """One sequence at a time, in float64."""
    hidden_TD = backend.encode(batch, False, False).hidden_states[-1]
    parts = np.split(hidden_TD.astype(np.float64), batch.cu_seqlens[1:-1])
    pools = {
        "mean": lambda x, _: x.mean(axis=0),
        "max": lambda x, _: x.max(axis=0),
        "cls": lambda x, _: x[0],
        "lasttoken": lambda x, _: x[-1],
        "mean_sqrt_len_tokens": lambda x, _: x.sum(axis=0) / np.sqrt(len(x)),
        "weightedmean": lambda x, places: np.average(x, axis=0, weights=places),
    }
    return np.array([pools[mode](x[skip:], np.arange(1, len(x) + 1)[skip:]) for x in parts])


@pytest.mark.parametrize("mode", POOLINGS)
def test_each_pooling(backend, batch, mode):
    """Catches a mode that leads to another's function, and rows of a neighbour."""
    pooled_BD = SentenceEmbedding((mode,), normalize=False)(backend, batch)
    exact_BD = by_hand(backend, batch, mode)
    assert pooled_BD.dtype == np.float32 and pooled_BD.shape == (len(LENGTHS), D)
    assert exact_BD.std() > 0.1
    assert np.abs(pooled_BD - exact_BD).max() <= HIDDEN_FLOAT32


@pytest.mark.parametrize("mode", POOLINGS)
@pytest.mark.parametrize("skip", [1, 2])
def test_rows_of_a_prompt_are_left_out(backend, mode, skip, rng):
    """Catches a prompt that is pooled, weights that begin anew behind it, and [CLS] kept."""
    ids = [rng.integers(0, TINY.vocab_size, length).astype(np.int32) for length in (3, 4, 9)]
    batch = pack_sequences(ids, TINY)
    pooled_BD = SentenceEmbedding((mode,), normalize=False)(backend, batch, skip=skip)
    exact_BD = by_hand(backend, batch, mode, skip)
    assert np.abs(pooled_BD - exact_BD).max() <= HIDDEN_FLOAT32
    if mode != "lasttoken":
        assert np.abs(pooled_BD - by_hand(backend, batch, mode)).max() > 0.01


@pytest.mark.parametrize("skip", [1, 2])
def test_a_prompt_that_leaves_nothing(backend, batch, skip):
    """Catches 0 / 0, a neighbour's row, and the prompt after all: one text has a single token."""
    nothing = {"max": -np.inf, "cls": by_hand(backend, batch, "cls")[1]}
    for mode in POOLINGS:
        pooled_BD = SentenceEmbedding((mode,), normalize=False)(backend, batch, skip=skip)
        np.testing.assert_allclose(pooled_BD[1], nothing.get(mode, 0.0), atol=HIDDEN_FLOAT32)


@pytest.mark.parametrize("modes", [("cls", "mean"), ("mean", "cls"), ("max", "mean", "cls")])
def test_several_poolings_stand_side_by_side_in_order(backend, batch, modes):
    """Catches a sum instead of a concatenation, or an order of its own."""
    pooled = SentenceEmbedding(modes, normalize=False)(backend, batch)
    exact = np.concatenate([by_hand(backend, batch, mode) for mode in modes], axis=1)
    assert pooled.shape == (len(LENGTHS), D * len(modes))
    assert np.abs(pooled - exact).max() <= HIDDEN_FLOAT32


def test_normalisation_comes_last(backend, batch):
    """Catches parts that are scaled one by one: the whole vector has length 1."""
    head = SentenceEmbedding(("mean", "cls"), normalize=True)
    vectors = head(backend, batch)
    plain = SentenceEmbedding(("mean", "cls"), normalize=False)(backend, batch)
    lengths_B = np.linalg.norm(vectors.astype(np.float64), axis=1)
    assert np.abs(lengths_B - 1).max() <= HIDDEN_FLOAT32
    exact = plain / np.linalg.norm(plain.astype(np.float64), axis=1, keepdims=True)
    assert np.abs(vectors - exact).max() <= HIDDEN_FLOAT32
    assert np.abs(np.linalg.norm(plain, axis=1) - 1).min() > 0.1


@pytest.mark.parametrize("field", [False, True])
def test_the_call_can_only_add_a_normalisation(backend, batch, field):
    """Catches a call that is ignored, and one that switches the folder's module off."""
    head = SentenceEmbedding(("mean",), normalize=field)
    on, off = (
        SentenceEmbedding(("mean",), normalize=wanted)(backend, batch) for wanted in (True, False)
    )
    assert on.tobytes() != off.tobytes()
    assert head(backend, batch, True).tobytes() == on.tobytes()
    assert head(backend, batch, False).tobytes() == (on if field else off).tobytes()


def random_dense(rng, outputs: int, inputs: int) -> LinearParams:
    return LinearParams(
        rng.standard_normal((outputs, inputs)).astype(np.float32),
        rng.standard_normal(outputs).astype(np.float32),
    )


def test_modules_run_in_their_order(backend, batch, rng):
    """Catches a Dense before the folder's Normalize, a residual forgotten, a cut in between."""
    wide, narrow = random_dense(rng, 17, 2 * D), random_dense(rng, 17, 17)
    head = SentenceEmbedding(
        ("mean", "cls"),
        normalize=True,
        modules=(
            Projection(backend.dense(wide, "tanh"), 17),
            Normalization(),
            Projection(backend.dense(narrow, "identity"), 17, lambda rows_BE: rows_BE),
        ),
    )
    assert head.dimension(D) == 17
    x = np.concatenate([by_hand(backend, batch, mode) for mode in ("mean", "cls")], axis=1)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    x = np.tanh(x @ wide.weight_EI.astype(np.float64).T + wide.bias_E)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    x = x @ narrow.weight_EI.astype(np.float64).T + narrow.bias_E + x
    assert np.abs(head(backend, batch) - x).max() <= HIDDEN_FLOAT32
    cut = x[:, :5] / np.linalg.norm(x[:, :5], axis=1, keepdims=True)
    found = head(backend, batch, True, 5)
    assert np.abs(found - cut).max() <= HIDDEN_FLOAT32 and found.flags.c_contiguous
    pooled = SentenceEmbedding(("mean", "cls"), normalize=False)(backend, batch)
    assert np.abs(head.of_pooled(backend, pooled, True, 5) - cut).max() <= HIDDEN_FLOAT32


def test_rows_do_not_depend_on_each_other(batch, rng):
    """Catches a matrix product that rounds by the number of rows."""
    backend = Encoder(TINY, random_params(TINY, np.random.default_rng(7)), "numba").backend
    dense = backend.dense(random_dense(rng, 17, D), "gelu")
    head = SentenceEmbedding(("mean",), True, modules=(Projection(dense, 17), Normalization()))
    together = head(backend, batch, True, 9)
    for b in range(len(LENGTHS)):
        alone = head(backend, batch.bundle(b, b + 1), True, 9)
        assert alone.tobytes() == together[b : b + 1].tobytes()


def test_no_sequences(backend):
    """Catches an empty batch that loses its width."""
    for modes in (("mean",), ("cls",), ("cls", "max")):
        head = SentenceEmbedding(modes, normalize=True)
        assert head(backend, pack_sequences([], TINY)).shape == (0, D * len(modes))


def test_a_sequence_without_tokens_is_refused(backend):
    """Catches a kernel that takes its neighbour's row, or memory behind the array, for its own."""
    ids = [np.ones(length, np.int32) for length in (1, 0, 2)]
    head = SentenceEmbedding(("cls",), normalize=False)
    with pytest.raises(InputError, match="sequence 1 has no tokens"):
        head(backend, pack_sequences(ids, TINY))
