"""The same tokens give the same bytes, whatever stands beside them and whoever computes them."""

import sys
import threading
from contextlib import suppress

import numpy as np
import pytest

from npdistil import Encoder, InputError
from npdistil.encoder import numba_backend
from npdistil.encoder.forward_passes import BUNDLE_ROWS, ForwardPasses
from npdistil.encoder.packing import pack
from tests.models import TINY, random_params
from tests.tolerances import BLAS_BATCH

LENGTHS = [1, 41, 7, 3, 40, 16, 2, 8, 33, 41, 9, 17, 5, 24, 41, 12, 30, 1, 15, 28] * 2


def make(backend: str = "numba", **options) -> Encoder:
    return Encoder(TINY, random_params(TINY, np.random.default_rng(7)), backend, **options)


@pytest.fixture
def rows() -> list[np.ndarray]:
    """Sequences of mixed lengths; 748 tokens, which the kernels get in three bundles."""
    rng = np.random.default_rng(3)
    return [rng.integers(0, TINY.vocab_size, length) for length in LENGTHS]


def padded(rows, width: int = 0) -> tuple[np.ndarray, np.ndarray]:
    L = max(width, *map(len, rows))
    ids_BL, mask_BL = np.zeros((2, len(rows), L), int)
    for b, row in enumerate(rows):
        ids_BL[b, : len(row)] = row
        mask_BL[b, : len(row)] = 1
    return ids_BL, mask_BL


def run(model: Encoder, rows, batch_size: int, width: int = 0) -> list[np.ndarray]:
    """Each row's hidden states and attention maps, flat, from batches of some size."""
    results = []
    for start in range(0, len(rows), batch_size):
        part = rows[start : start + batch_size]
        out = model(*padded(part, width), output_hidden_states=True, output_attentions=True)
        for b, row in enumerate(part):
            n = len(row)
            pieces = [state[b, :n] for state in out.hidden_states]
            pieces += [maps[b, :, :n, :n] for maps in out.attentions]
            pieces.append(out.pooler_output[b])
            results.append(np.concatenate([piece.ravel() for piece in pieces]))
    return results


def first_rows(model: Encoder, rows, batch_size: int) -> list[np.ndarray]:
    """Each row's vector by CLS pooling, for which the last layer has a form of its own."""
    parts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    batches = [pack(*padded(part), None, TINY)[0] for part in parts]
    return [row for batch in batches for row in model.backend.pooled(batch, ("cls",), False)]


def expect_same(found, wanted, backend: str) -> None:
    """Equal bytes on the kernels; on NumPy BLAS picks its own by shape."""
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        if backend == "numba":
            assert one.tobytes() == other.tobytes()
        else:
            assert np.abs(one - other).max() <= BLAS_BATCH


@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("batch_size", [1, 2, 7, 40])
def test_neighbours_and_threads_change_nothing(rows, backend, threads, batch_size):
    """Catches sums whose order depends on the shape, and bundles that run into each other."""
    wanted = run(make(backend, num_threads=1), rows, 1)
    assert np.std(np.concatenate(wanted)) > 0.1
    expect_same(run(make(backend, num_threads=threads), rows, batch_size), wanted, backend)


@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("batch_size", [1, 2, 7, 40])
def test_the_first_token_alone_is_as_invariant(rows, backend, threads, batch_size):
    """Catches first rows whose form or sums follow the number of sequences beside them."""
    wanted = first_rows(make(backend, num_threads=1), rows, 1)
    assert np.std(wanted) > 0.1
    order = np.random.default_rng(batch_size).permutation(len(rows))
    model = make(backend, num_threads=threads)
    found = first_rows(model, [rows[n] for n in order], batch_size)
    expect_same(found, [wanted[n] for n in order], backend)


@pytest.mark.parametrize("backend", ["numba", "numpy"])
@pytest.mark.parametrize("compute", [run, first_rows])
def test_order_changes_nothing(rows, backend, compute):
    """Catches results that come back in the order of the work."""
    model = make(backend)
    wanted = compute(model, rows, 40)
    order = np.random.default_rng(1).permutation(len(rows))
    found = compute(model, [rows[n] for n in order], 40)
    expect_same(found, [wanted[n] for n in order], backend)


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_padding_changes_nothing(rows, backend):
    """Catches padding on the right that is computed, or counted into a mean."""
    model = make(backend)
    expect_same(run(model, rows[3:9], 6, width=41), run(model, rows[3:9], 1), backend)


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_left_padding_is_a_shift_of_positions_and_nothing_else(rows, backend):
    """Catches left padding that counts; on both sides, tokens keep their columns."""
    model = make(backend)
    left = [np.pad(array, ((0, 0), (7, 0))) for array in padded(rows[10:13])]
    right = [np.pad(array, ((0, 0), (0, 5))) for array in left]
    narrow = model(*left).last_hidden_state
    wide = model(*right).last_hidden_state
    assert narrow.std() > 0.1 and not narrow[:, :7].any()
    expect_same([wide[:, : narrow.shape[1]].copy()], [narrow], backend)
    for b in range(3):
        alone = model(left[0][b : b + 1], left[1][b : b + 1]).last_hidden_state
        expect_same([alone[0]], [narrow[b]], backend)


def test_threads_sharing_one_encoder_get_the_serial_bytes(rows):
    """Catches scratch that belongs to the model and not to the call."""
    model = make(num_threads=2)
    wanted = [run(model, rows[n:], 7) for n in range(8)]
    failures: list[str] = []

    def work(n: int) -> None:
        for _ in range(5):
            found = run(model, rows[n:], 7)
            if [one.tobytes() for one in found] != [one.tobytes() for one in wanted[n]]:
                failures.append(f"thread {n}")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert failures == []


def test_nothing_is_read_before_it_is_written(rows, monkeypatch):
    """Catches results that depend on what an allocation happened to contain."""
    wanted = [*run(make(), rows, 7), *first_rows(make(), rows, 7)]
    poisoned = []

    class Poison:
        """NumPy, whose empty arrays are full of NaN."""

        def __getattr__(self, name: str) -> object:
            return getattr(np, name)

        def empty(self, shape: object, dtype: type) -> np.ndarray:
            poisoned.append(shape)
            return np.full(shape, np.nan if dtype is np.float32 else 0, dtype)

    def poisoning(borrow):
        def lend(passes, size: int):
            memory = borrow(passes, size)
            poisoned.append(memory.value[0].shape)
            for buffer in memory.value:
                buffer.fill(np.nan)
            return memory

        return lend

    monkeypatch.setattr(numba_backend, "np", Poison())
    for name in ("_borrow_space", "_borrow_scratch"):
        monkeypatch.setattr(ForwardPasses, name, poisoning(getattr(ForwardPasses, name)))
    found = [*run(make(), rows, 7), *first_rows(make(), rows, 7)]
    expect_same(found, wanted, "numba")
    assert len(poisoned) > 5 * len(rows) / 7


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_no_byte_outside_the_tables_is_read(backend):
    """Catches an id, type or position past its table: all three stand between rows of NaN."""
    params = random_params(TINY, np.random.default_rng(7))

    def fenced(table_ND: np.ndarray) -> np.ndarray:
        rows = len(table_ND)
        whole = np.full((3 * rows, table_ND.shape[1]), np.nan, np.float32)
        whole[rows : 2 * rows] = table_ND
        return whole[rows : 2 * rows]

    tables = params.embeddings
    fences = tables._replace(
        word_VD=fenced(tables.word_VD),
        position_PD=fenced(tables.position_PD),
        token_type_GD=fenced(tables.token_type_GD),
    )
    model = Encoder(TINY, params._replace(embeddings=fences), backend)
    V, P, G = TINY.vocab_size, TINY.max_position_embeddings, TINY.type_vocab_size
    ids_BL = np.resize(np.arange(V), (V, P))
    inside = model(ids_BL, None, ids_BL % G)
    assert np.isfinite(inside.last_hidden_state).all()
    for beyond in (-V - 1, -V, -1, V, V + 1, 2 * V - 1, 2**32, 2**32 - 1):
        with pytest.raises(InputError, match=rf"input_ids: {beyond} at \[0, 0\]"):
            model([[beyond]])
    for beyond in (-1, G, 2**32):
        with pytest.raises(InputError, match=rf"token_type_ids: {beyond} at \[0, 0\]"):
            model([[1]], None, [[beyond]])
    with pytest.raises(InputError, match="42 columns"):
        model(np.ones((1, P + 1), int))


def test_the_fence_of_nan_would_show(rng):
    """Catches a canary that cannot sing: one NaN row, gathered, spoils its sequence alone."""
    params = random_params(TINY, rng)
    word_VD = params.embeddings.word_VD.copy()
    word_VD[5] = np.nan
    embeddings = params.embeddings._replace(word_VD=word_VD)
    model = Encoder(TINY, params._replace(embeddings=embeddings))
    hidden_BLD = model([[1, 2, 5], [1, 2, 4]]).last_hidden_state
    assert np.isnan(hidden_BLD[0]).all() and np.isfinite(hidden_BLD[1]).all()


def test_ids_that_change_during_the_call(rows):
    """Catches a check on the caller's array: one thread flips ids to 10**9 while others encode."""
    model = make(num_threads=2)
    ids_BL, mask_BL = padded(rows)
    good = ids_BL.copy()
    stop = threading.Event()

    def flip() -> None:
        while not stop.is_set():
            ids_BL[:] = 10**9
            ids_BL[:] = good

    flipper = threading.Thread(target=flip)
    flipper.start()
    results: list[np.ndarray] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            with suppress(InputError):
                results.append(model(ids_BL, mask_BL).last_hidden_state)
    finally:
        sys.setswitchinterval(interval)
        stop.set()
        flipper.join()
    wanted = model(good, mask_BL).last_hidden_state.tobytes()
    assert {result.tobytes() for result in results} <= {wanted}


def test_the_rows_make_several_bundles(rows):
    """Catches invariance tests whose whole batch fits into one piece of work."""
    batch, _ = pack(*padded(rows), None, TINY)
    spans = batch.spans(BUNDLE_ROWS)
    assert len(spans) == 3
    assert [first for first, _ in spans] == [0, *(last for _, last in spans[:-1])]
    assert spans[-1][1] == len(rows)
