"""The comparison that the great comparisons are made with can fail."""

import numpy as np

from tests.live.flat import same_rows


def test_rows_that_differ_are_told_apart():
    """Catches numbers compared without their rows, or places without their order."""
    for mine in ([np.array([1, 2]), np.array([3])], np.array([[1, 2], [3, 4]])):
        rows = [row.tolist() for row in mine]
        assert same_rows(mine, rows)
        assert not same_rows(mine, [[1], [2, *rows[1]]])
        assert not same_rows(mine, [rows[0], [5, *rows[1][1:]]])
        assert not same_rows(mine, [*rows, []])
    places = [np.array([[0, 1], [1, 2]]), np.empty((0, 2), np.int32)]
    assert same_rows(places, [[(0, 1), (1, 2)], []])
    assert not same_rows(places, [[(0, 1), (2, 1)], []])
    assert same_rows([], []) and not same_rows([], [[]])
