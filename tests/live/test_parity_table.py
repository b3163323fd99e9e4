"""The tool of the README's table measures what the live test compares."""

import numpy as np

from tests.live import walk as peer
from tests.tolerances import HIDDEN_FLOAT32, HIDDEN_FLOAT64
from tools import parity_table


def test_it_measures_the_worst_of_all_batches(tmp_path, monkeypatch, capsys):
    """A table of the last batch, of another backend, of one format, or of nothing at all (0.0)."""
    row = parity_table.measure_model(peer, "tiny-odd", tmp_path)
    assert (row["model"], row["layers"], row["hidden"]) == ("tiny-odd", 2, 24)
    assert row["weights"] == "random" and list(row["formats"]) == list(peer.FORMATS)
    assert 0 < row["numpy float64"] <= HIDDEN_FLOAT64
    for backend in ("numpy float32", "numba float32"):
        assert 1e3 * row["numpy float64"] < row[backend] <= HIDDEN_FLOAT32

    sizes = iter(range(1, 100))

    def counted(ours: object, exact: object, keep_BL: np.ndarray) -> dict[str, float]:
        size = next(sizes)
        return {"hidden 0": 0.0, "hidden 1": float(-size if size == 3 else size), "pooler": 0.5}

    monkeypatch.setattr(peer, "worst_differences", counted)
    row = parity_table.measure_model(peer, "tiny-odd", tmp_path)
    columns = [" ".join(key) for key in peer.BACKENDS]
    first, *rest = row["formats"].values()
    assert [first[column] for column in columns] == [2.0, 6.0, 9.0]
    for n, found in enumerate(rest):  # without the batch of 512 tokens
        assert [found[column] for column in columns] == [6 * n + size for size in (11, 13, 15)]
    last = list(row["formats"].values())[-1]
    assert [row[column] for column in columns] == list(last.values())
    assert f"tiny-odd, numba float32: {row['numba float32']:.1e}" in capsys.readouterr().err


def test_nan_is_the_worst(tmp_path, monkeypatch):
    """A model that gives NaN and a table that shows its other numbers: max(0.0, NaN) is 0.0."""
    nan = float("nan")
    monkeypatch.setattr(peer, "worst_differences", lambda *_: {"hidden 0": 0.5, "pooler": nan})
    monkeypatch.setattr(peer, "min_cosine", lambda *_: nan)
    row = parity_table.measure_model(peer, "tiny-odd", tmp_path)
    columns = [" ".join(key) for key in peer.BACKENDS]
    assert np.isnan([row[column] for column in (*columns, "one_minus_cosine")]).all()
    assert np.isnan([by[column] for by in row["formats"].values() for column in columns]).all()
