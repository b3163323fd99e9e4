"""The tool of the README's table measures what the live test compares."""

import numpy as np

from tests.live import test_transformers as peer
from tests.tolerances import HIDDEN_FLOAT32, HIDDEN_FLOAT64
from tools import parity_table


def test_it_measures_the_worst_of_all_batches(tmp_path, monkeypatch, capsys):
    """A table of the last batch, of another backend, or of nothing at all (0.0)."""
    row = parity_table.measure_model(peer, "tiny-odd", tmp_path)
    assert (row["model"], row["layers"], row["hidden"]) == ("tiny-odd", 2, 24)
    assert 0 < row["numpy float64"] <= HIDDEN_FLOAT64
    for backend in ("numpy float32", "numba float32"):
        assert 1e3 * row["numpy float64"] < row[backend] <= HIDDEN_FLOAT32

    sizes = iter(range(1, 100))

    def counted(ours: object, exact: object, keep_BL: np.ndarray) -> dict[str, float]:
        size = next(sizes)
        return {"hidden 0": 0.0, "hidden 1": float(-size if size == 3 else size), "pooler": 0.5}

    monkeypatch.setattr(peer, "worst_differences", counted)
    row = parity_table.measure_model(peer, "tiny-odd", tmp_path)
    assert [row[" ".join(key)] for key in peer.BACKENDS] == [2.0, 6.0, 9.0]
    assert "tiny-odd, numba float32: 9.0e+00" in capsys.readouterr().err
