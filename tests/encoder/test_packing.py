"""The door: what goes in packed comes back in place, whatever the mask looks like."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from npdistil.encoder import packing
from npdistil.encoder.packing import (
    PackedBatch,
    pack,
    pack_rows,
    pack_sequences,
    unpack,
    unpack_attention,
)
from npdistil.errors import InputError
from tests.models import TINY

MASKS = nps.arrays(np.int64, st.tuples(st.integers(0, 5), st.integers(0, 9)), elements=st.just(0))
MASKS = MASKS.flatmap(lambda zeros: nps.arrays(np.int64, zeros.shape, elements=st.integers(0, 1)))


def distinct_ids(shape: tuple[int, ...]) -> np.ndarray:
    """Ids that differ between neighbours, in a row and from row to row."""
    return (np.arange(np.prod(shape), dtype=np.int64) * 7 % TINY.vocab_size).reshape(shape)


@settings(max_examples=200, deadline=None)
@given(MASKS)
def test_unpack_undoes_pack(mask_BL):
    """Catches a row put back at another place, a kept padding, and garbage at masked positions."""
    ids_BL = distinct_ids(mask_BL.shape)
    types_BL = ids_BL % 2
    batch, keep_BL = pack(ids_BL, mask_BL, types_BL, TINY)
    assert (keep_BL == (mask_BL == 1)).all()
    assert (unpack(batch.input_ids_T, keep_BL) == ids_BL * mask_BL).all()
    assert (unpack(batch.token_type_ids_T, keep_BL) == types_BL * mask_BL).all()
    columns_BL = np.arange(mask_BL.shape[1]) * np.ones_like(mask_BL)
    assert (unpack(batch.position_ids_T, keep_BL) == columns_BL * mask_BL).all()
    assert batch.lengths.tolist() == mask_BL.sum(axis=1).tolist()
    assert batch.cu_seqlens.tolist() == [0, *np.cumsum(mask_BL.sum(axis=1))]


@settings(max_examples=100, deadline=None)
@given(MASKS)
def test_unpack_attention_leaves_zeros_around_each_map(mask_BL):
    """Catches maps shifted to the left of holes, or rows and columns exchanged."""
    B, L = mask_BL.shape
    heads = 2
    probs = [
        b * 1000.0 + 1 + np.arange(heads * n * n).reshape(heads, n, n)
        for b, n in enumerate(mask_BL.sum(axis=1))
    ]
    padded_BHLM = unpack_attention(probs, mask_BL == 1, heads, np.dtype(np.float64))
    assert padded_BHLM.shape == (B, heads, L, L)
    for b in range(B):
        keep_L = mask_BL[b] == 1
        assert (padded_BHLM[b][:, keep_L][:, :, keep_L] == probs[b]).all()
        assert not padded_BHLM[b][:, ~keep_L].any()
        assert not padded_BHLM[b][:, :, ~keep_L].any()


def test_positions_are_columns():
    """Catches positions counted from the first real token, which Transformers does not do."""
    ids_BL = [[0, 0, 5, 6], [7, 0, 8, 9], [1, 2, 3, 0]]
    mask_BL = [[0, 0, 1, 1], [1, 0, 1, 1], [1, 1, 1, 0]]
    batch, _ = pack(ids_BL, mask_BL, None, TINY)
    assert batch.input_ids_T.tolist() == [5, 6, 7, 8, 9, 1, 2, 3]
    assert batch.position_ids_T.tolist() == [2, 3, 0, 2, 3, 0, 1, 2]
    assert batch.cu_seqlens.tolist() == [0, 2, 5, 8]


def test_everything_is_int32_and_contiguous():
    """Catches arrays that a kernel, compiled for one layout, would refuse with a TypeError."""
    ids_BL = np.asfortranarray(distinct_ids((3, 4)))[:, ::-1].astype(">i8")
    batch, _ = pack(ids_BL, np.ones((3, 4), bool), ids_BL % 2, TINY)
    for array in vars(batch).values():
        assert array.dtype == np.int32 and array.dtype.isnative and array.flags.c_contiguous
    assert batch.input_ids_T.tolist() == ids_BL.ravel().tolist()


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (3, 0)])
def test_batches_of_nothing(shape):
    """Catches `np.array([[]])`, which is float64, refused as a wrong dtype."""
    batch, keep_BL = pack(np.zeros(shape, int).tolist() if shape[0] else np.zeros(shape, int),
                          None, None, TINY)  # fmt: skip
    assert keep_BL.shape == shape
    assert batch.cu_seqlens.tolist() == [0] * (shape[0] + 1)
    assert len(batch.input_ids_T) == len(batch.position_ids_T) == 0


def test_a_bundle_is_the_batch_of_its_sequences():
    """Catches cu_seqlens that still count from the whole batch's start."""
    ids_BL, mask_BL = distinct_ids((5, 6)), np.tri(5, 6, dtype=int)
    batch, _ = pack(ids_BL, mask_BL, ids_BL % 2, TINY)
    for first in range(6):
        for last in range(first, 6):
            bundle = batch.bundle(first, last)
            rows = slice(first, last)
            alone, _ = pack(ids_BL[rows], mask_BL[rows], (ids_BL % 2)[rows], TINY)
            for name, array in vars(alone).items():
                assert getattr(bundle, name).tolist() == array.tolist(), name


def test_sequences_and_padded_arrays_pack_alike():
    """Catches a second door with positions or types of its own."""
    sequences = [np.array(ids, np.int32) for ids in ([2, 5, 3], [], [2, 9, 8, 7, 3], [4])]
    padded_BL = np.zeros((4, 5), int)
    mask_BL = np.zeros((4, 5), int)
    for b, sequence in enumerate(sequences):
        padded_BL[b, : len(sequence)] = sequence
        mask_BL[b, : len(sequence)] = 1
    expected, _ = pack(padded_BL, mask_BL, None, TINY)
    joined = pack_sequences(sequences, TINY)
    for name, array in vars(expected).items():
        assert getattr(joined, name).tolist() == array.tolist(), name
        assert getattr(joined, name).dtype == np.int32
    assert pack_sequences([], TINY).cu_seqlens.tolist() == [0]


def test_sequences_are_checked_too():
    """Catches the door that SentenceEncoder uses trusting the tokenizer."""
    for wrong in (-1, TINY.vocab_size, 2**31 - 1):
        with pytest.raises(InputError, match=rf"input_ids: {wrong} at \[2\] is outside 0\.\.\.36"):
            pack_sequences([np.array([1, 2], np.int32), np.array([wrong], np.int32)], TINY)
    long = np.ones(TINY.max_position_embeddings + 1, np.int32)
    assert len(pack_sequences([long[1:]], TINY).input_ids_T) == 41
    with pytest.raises(InputError, match="a text of 42 tokens, but the model has 41 positions"):
        pack_sequences([long], TINY)


def test_rows_take_token_types_of_a_model_that_has_them():
    """Catches the types of pairs forgotten, one out of range, or DistilBERT asked for a table."""
    ids_T, ends, types_T = np.arange(5), np.array([0, 2, 5]), np.array([0, 1, 0, 0, 1])
    assert pack_rows(ids_T, ends, TINY, types_T).token_type_ids_T.tolist() == types_T.tolist()
    assert not pack_rows(ids_T, ends, TINY).token_type_ids_T.any()
    without = replace(TINY, model_type="distilbert", type_vocab_size=0)
    assert not pack_rows(ids_T, ends, without, types_T).token_type_ids_T.any()
    with pytest.raises(InputError, match=r"token_type_ids: 2 at \[1\] is outside 0...1"):
        pack_rows(ids_T, ends, TINY, 2 * types_T)
    with pytest.raises(InputError, match=r"token_type_ids: expected shape \[T=5\]"):
        pack_rows(ids_T, ends, TINY, types_T[:4])


def test_the_checked_copy_is_private():
    """Catches views of the caller's arrays: another thread may write to them after the check."""
    ids_BL = np.array([[5, 6, 7], [8, 9, 10]], np.int32)
    mask_BL, types_BL = np.array([[1, 1, 1], [0, 1, 1]], np.int32), ids_BL % 2
    batch, keep_BL = pack(ids_BL, mask_BL, types_BL, TINY)
    before = {name: array.tolist() for name, array in vars(batch).items()} | {"": keep_BL.tolist()}
    for array in (ids_BL, mask_BL, types_BL):
        array[:] = 10**9
    after = {name: array.tolist() for name, array in vars(batch).items()} | {"": keep_BL.tolist()}
    assert before == after


def test_what_changes_after_the_check_is_not_used(monkeypatch):
    """Catches a check on the caller's own array: here it is overwritten right after each check."""
    ids_BL = np.array([[5, 6, 7], [8, 9, 10]], np.int32)
    mask_BL, types_BL = np.array([[1, 1, 1], [0, 1, 1]], np.int32), ids_BL % 2
    expected, expected_BL = pack(ids_BL.tolist(), mask_BL.tolist(), types_BL.tolist(), TINY)
    honest = packing._expect_range
    names = iter(("attention_mask", "input_ids", "token_type_ids"))
    arrays = {"attention_mask": mask_BL, "input_ids": ids_BL, "token_type_ids": types_BL}

    def overwriting(name: str, *rest: object) -> None:
        honest(name, *rest)
        assert name == next(names)
        arrays[name][:] = 10**9

    monkeypatch.setattr(packing, "_expect_range", overwriting)
    batch, keep_BL = pack(ids_BL, mask_BL, types_BL, TINY)
    assert next(names, None) is None and keep_BL.tolist() == expected_BL.tolist()
    for name, array in vars(expected).items():
        assert getattr(batch, name).tolist() == array.tolist(), name


class _Flips:
    """An array-like that gives other ids each time it is looked at."""

    def __init__(self) -> None:
        self.looks = 0

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        self.looks += 1
        return np.full((1, 2), 1 if self.looks == 1 else 10**9)


def test_the_callers_object_is_read_once():
    """Catches a check on one reading and work on another."""
    flips = _Flips()
    batch, _ = pack(flips, None, None, TINY)
    assert batch.input_ids_T.tolist() == [1, 1] and flips.looks == 1


def test_lengths_follow_cu_seqlens():
    """Catches lengths computed from the ids, which a bundle shares with its neighbours."""
    nothing = np.zeros(0, np.int32)
    batch = PackedBatch(nothing, nothing, nothing, np.array([0, 3, 3, 4], np.int32))
    assert batch.lengths.tolist() == [3, 0, 1]


def test_a_model_without_token_types_takes_none():
    """Catches types that DistilBERT would silently ignore; Transformers refuses them as well."""
    distilbert = replace(TINY, model_type="distilbert", type_vocab_size=0)
    assert pack([[1]], None, None, distilbert)[0].token_type_ids_T.tolist() == [0]
    with pytest.raises(InputError, match="token_type_ids: a distilbert model takes no token types"):
        pack([[1]], None, [[0]], distilbert)


def test_spans_and_taken_sequences():
    """Catches an empty sequence that stands still, a long one that is cut, a neighbour's rows."""
    lengths = [30, 0, 1, 41, 7]
    batch = pack_sequences([np.full(n, k, np.int32) for k, n in enumerate(lengths)], TINY)
    assert batch.spans(31) == [(0, 3), (3, 4), (4, 5)]
    assert batch.spans(1) == [(0, 1), (1, 3), (3, 4), (4, 5)]
    for rows in (1000, 2**31, 10**30):
        assert batch.spans(rows) == [(0, 5)]
    assert pack_sequences([], TINY).spans(3) == []
    taken = batch.take(np.array([4, 1, 2]))
    assert taken.input_ids_T.tolist() == [4] * 7 + [2]
    assert taken.position_ids_T.tolist() == [0, 1, 2, 3, 4, 5, 6, 0]
    assert taken.cu_seqlens.tolist() == [0, 7, 7, 8]
    assert {array.dtype.name for array in vars(taken).values()} == {"int32"}
