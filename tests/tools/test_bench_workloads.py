"""What the benchmark times: the same ids for every engine, and no text twice."""

import numpy as np
import pytest

from tools.bench.ours import short_texts
from tools.bench.workloads import (
    BATCH_SIZE,
    CONTEXT_DECILES,
    RAGGED,
    SENTENCE_DECILES,
    Work,
    padded_work,
    ragged_mix,
    ragged_parts,
)


def test_padded_rows_are_full_distinct_and_the_same_each_time():
    """Rows that an engine could compute once, or other ids for each engine."""
    work = padded_work("32x128", 30522)
    assert work.lengths == [128] * 32
    ((ids_BL, mask_BL),) = work.padded_batches()
    assert ids_BL.shape == (32, 128)
    assert mask_BL.all()
    assert len({row.tobytes() for row in ids_BL}) == 32
    assert ids_BL.min() >= 1000 and ids_BL.max() < 30522
    np.testing.assert_array_equal(ids_BL, np.stack(padded_work("32x128", 30522).sequences))
    row = np.arange(3, dtype=np.int32)
    with pytest.raises(ValueError, match="equal"):
        Work([row, row + 1, row.copy()], 32, ragged=True)


def test_work_is_saved_whole(tmp_path):
    """Sequences cut elsewhere after a round trip, or a batch without its padding."""
    rows = [np.arange(n, dtype=np.int32) for n in (3, 1, 5, 2)]
    Work(rows, 3, ragged=True).save(tmp_path / "w.npz")
    work = Work.load(tmp_path / "w.npz")
    assert (work.batch_size, work.ragged, work.lengths) == (3, True, [3, 1, 5, 2])
    for row, other in zip(rows, work.sequences, strict=True):
        np.testing.assert_array_equal(row, other)
    (ids_BL, mask_BL), (last_BL, _) = work.padded_batches()
    np.testing.assert_array_equal(ids_BL, [[0, 1, 2, 0, 0], [0, 0, 0, 0, 0], [0, 1, 2, 3, 4]])
    np.testing.assert_array_equal(mask_BL.sum(axis=1), [3, 1, 5])
    np.testing.assert_array_equal(last_BL, [[0, 1]])


def test_drawn_mix_is_deterministic_and_has_the_real_lengths(tmp_path):
    """Other texts in each run, or lengths that no real text has."""
    mix = ragged_mix(None, tmp_path, 30522)
    again = ragged_mix(None, tmp_path, 30522)
    assert [row.tobytes() for row in mix] == [row.tobytes() for row in again]
    assert len(mix) == 2500
    lengths = np.sort([len(row) for row in mix])
    assert (lengths[0], lengths[-1]) == (SENTENCE_DECILES[0], CONTEXT_DECILES[-1])
    assert abs(lengths.sum() / 111_644 - 1) < 0.03  # tokens of the real mix
    assert [len(row) for row in mix[:40]] != sorted(len(row) for row in mix[:40])


@pytest.mark.parametrize("name", RAGGED)
def test_ragged_parts_are_the_whole(name):
    """A text left out, or batches that are sorted within a part alone."""
    rng = np.random.default_rng(3)
    mix = [rng.integers(1, 999, rng.integers(5, 60), dtype=np.int32) for _ in range(500)]
    parts = ragged_parts(mix, name, 7)
    rows = sorted(row.tobytes() for part in parts for row in part.sequences)
    assert rows == sorted(row.tobytes() for row in mix)
    assert {part.batch_size for part in parts} == {BATCH_SIZE}
    padded = sum(ids.size for part in parts for ids, _ in part.padded_batches())
    real = sum(map(len, mix))
    assert padded < 1.06 * real if name == "ragged-sorted" else padded > 1.5 * real


def test_short_texts(tmp_path):
    """Equal texts, which could be computed once."""
    (tmp_path / "vocab.txt").write_text("\n".join(["[CLS]", "##ing", "a", "dog", "cat", "cow"]))
    texts = short_texts(tmp_path, 50, seed=1)
    assert len(set(texts)) == 50
    assert {word for text in texts for word in text.split()} == {"dog", "cat", "cow"}
    assert texts != short_texts(tmp_path, 50, seed=2)
