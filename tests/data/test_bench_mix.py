"""The benchmark's ragged workload, from the real texts."""

import numpy as np

from tools.bench.workloads import (
    CONTEXT_DECILES,
    CONTEXTS,
    SENTENCE_DECILES,
    SENTENCES,
    ragged_mix,
)


def test_the_mix_is_what_the_drawn_one_imitates(data_folder, minilm_folder):
    """Deciles of other texts, or a mix that changes from run to run."""
    mix = ragged_mix(data_folder, minilm_folder, 30522)
    again = ragged_mix(data_folder, minilm_folder, 30522)
    assert [row.tobytes() for row in mix] == [row.tobytes() for row in again]
    assert len(mix) == SENTENCES + CONTEXTS
    assert {(row[0], row[-1]) for row in mix} == {(101, 102)}
    drawn = ragged_mix(None, minilm_folder, 30522)
    places = np.linspace(0, 1, 51)
    real, imitated = (np.quantile([len(row) for row in rows], places) for rows in (mix, drawn))
    assert np.abs(real - imitated).mean() <= 1.5  # they differ between the last two deciles
    assert abs(sum(map(len, drawn)) / sum(map(len, mix)) - 1) <= 0.03
    assert real[0] == SENTENCE_DECILES[0]
    assert real[-1] == CONTEXT_DECILES[-1]
    lengths = [len(row) for row in mix[: SENTENCES // 4]]
    assert lengths != sorted(lengths)
