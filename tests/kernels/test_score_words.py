"""Scores of masked rows are the row's own: no neighbour, block or thread can change a bit."""

import numpy as np
import pytest

from npdistil.kernels.ir.dots import WORDS
from npdistil.kernels.pack_weights import whole_vectors
from npdistil.kernels.score_words import ROWS, score_words
from tests.kernels.compiled import compiled
from tests.models import Draw

V, D = 11 * WORDS + 3, 37


def made(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows filled up with zeros, a table and a bias."""
    draw = Draw(rng)
    x_MD = np.pad(draw.array(rows, D), ((0, 0), (0, whole_vectors(D) - D)))
    return x_MD, draw.array(V, D), draw.array(V)


def test_a_row_does_not_depend_on_the_others(rng):
    """Blocks of several rows that add in another order than a row by itself."""
    x_MD, word_VD, bias_V = made(rng, 2 * ROWS + 1)
    together_MV = np.empty((len(x_MD), V), np.float32)
    compiled(score_words)(x_MD, word_VD, bias_V, 0, V, together_MV)
    for row_D, wanted_V in zip(x_MD, together_MV, strict=True):
        alone_MV = np.empty((1, V), np.float32)
        compiled(score_words)(row_D[None], word_VD, bias_V, 0, V, alone_MV)
        assert alone_MV.tobytes() == wanted_V.tobytes()


@pytest.mark.parametrize("cut", [1, WORDS - 1, WORDS, 2 * WORDS + 1, V - 1])
def test_a_word_does_not_depend_on_how_the_vocabulary_is_cut(cut, rng):
    """A word of a block and one by itself, as threads cut them, must come out the same."""
    x_MD, word_VD, bias_V = made(rng, ROWS + 1)
    whole_MV = np.empty((len(x_MD), V), np.float32)
    compiled(score_words)(x_MD, word_VD, bias_V, 0, V, whole_MV)
    parts_MV = np.full_like(whole_MV, np.nan)
    compiled(score_words)(x_MD, word_VD, bias_V, 0, cut, parts_MV)
    assert np.isnan(parts_MV[:, cut:]).all()  # and nothing else is written
    compiled(score_words)(x_MD, word_VD, bias_V, cut, V, parts_MV)
    assert parts_MV.tobytes() == whole_MV.tobytes()


def test_what_lies_behind_the_table_is_not_read(rng):
    """A last vector that reads on into NaN, or into memory that is not there."""
    x_MD, word_VD, bias_V = made(rng, 1)
    whole = np.full(word_VD.size + 64, np.nan, np.float32)
    whole[: word_VD.size] = word_VD.ravel()
    before = np.concatenate([np.full(5, np.inf, np.float32), whole])[5 : 5 + word_VD.size]
    table_VD = before.reshape(V, D)
    table_VD.flags.writeable = False
    score_MV, wanted_MV = np.empty((2, 1, V), np.float32)
    compiled(score_words)(x_MD, table_VD, bias_V, 0, V, score_MV)
    compiled(score_words)(x_MD, word_VD, bias_V, 0, V, wanted_MV)
    assert score_MV.tobytes() == wanted_MV.tobytes()
