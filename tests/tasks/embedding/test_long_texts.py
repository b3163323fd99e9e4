"""Texts longer than the model: which window counts for a token, and what is pooled."""

import numpy as np
import pytest

from npdistil import InputError
from npdistil.tasks.embedding import long_texts
from npdistil.tasks.embedding.long_texts import TokenPool, checked_overlap, window_bounds
from tests.models import TINY
from tests.tasks.folders import WORDS, make
from tests.tolerances import HIDDEN_FLOAT32

D, POSITIONS = TINY.hidden_size, TINY.max_position_embeddings
POOLINGS = ("mean", "max", "mean_sqrt_len_tokens", "weightedmean")


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Of 30 to 300 words: some fit, some need two windows, some a dozen."""
    rng = np.random.default_rng(3)
    known = [word for word in WORDS if word != "[SEP]"]
    drawn = [" ".join(rng.choice(known, count)) for count in (30, 60, 300, 2, 170, 0)]
    return [*drawn, *("a " * count for count in (38, 39, 40, 41))]


@pytest.mark.parametrize("capacity, overlap", [(4, 0), (4, 1), (4, 3), (9, 4), (10, 9), (1, 0)])
def test_each_token_counts_once_where_it_sees_most(capacity, overlap):
    """Catches a token that counts twice or never, and one at the edge of its window for nothing."""
    for tokens in range(capacity + 1, 60):
        bounds = window_bounds(tokens, capacity, overlap)
        counted = [token for *_, first, last in bounds for token in range(first, last)]
        assert counted == list(range(tokens))
        starts = [start for start, *_ in bounds]
        steps = np.diff(starts)
        assert starts[0] == 0 and bounds[-1][1] == tokens
        assert (steps[:-1] == capacity - overlap).all() and 0 < steps[-1] <= capacity - overlap
        for start, end, first, last in bounds:
            assert end - start == capacity
            for token in range(first, last):
                seen = min(token - start, end - 1 - token)
                for other, stop, *_ in bounds:
                    if other <= token < stop and 0 < first and last < tokens:
                        assert seen >= min(token - other, stop - 1 - token) - 1


def by_hand(encoder, text: str, overlap: int, pooling: str) -> np.ndarray:
    """Window by window through the public encoder, in float64."""
    (ids,) = encoder.tokenizer([text], truncation=False).input_ids
    cls_id, tokens, sep_id = ids[0], ids[1:-1], ids[-1]
    capacity = encoder.max_seq_length - 2
    if len(tokens) <= capacity:
        bounds = [(0, len(tokens), 0, len(tokens))]
    else:
        bounds = window_bounds(len(tokens), capacity, overlap)
    rows = []
    for start, end, first, last in bounds:
        hidden = encoder.encoder([[cls_id, *tokens[start:end], sep_id]]).last_hidden_state[0]
        rows += [hidden[0]] if first == 0 else []
        rows += [hidden[1 + token - start] for token in range(first, last)]
        rows += [hidden[-1]] if last == len(tokens) else []
    x = np.array(rows, np.float64)
    assert len(x) == len(ids)
    places = np.arange(1, len(x) + 1)[:, None]
    return {
        "mean": x.mean(axis=0),
        "max": x.max(axis=0),
        "mean_sqrt_len_tokens": x.sum(axis=0) / np.sqrt(len(x)),
        "weightedmean": (places * x).sum(axis=0) / places.sum(),
    }[pooling]


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("stride", [None, 0, 11, 38])
@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_the_documented_formula(texts, pooling, stride, backend):
    """Catches rows of windows that are pooled twice, [CLS] of a middle window, local weights."""
    encoder = make(backend, pooling=(pooling,))
    found = encoder.encode(texts, long=True, stride=stride)
    overlap = (POSITIONS - 2) // 4 if stride is None else stride
    exact = np.array([by_hand(encoder, text, overlap, pooling) for text in texts])
    assert found.shape == (len(texts), D) and found.dtype == np.float32
    assert (np.abs(found - exact).max(axis=1) <= HIDDEN_FLOAT32 * np.abs(exact).max(axis=1)).all()
    assert np.abs(found - encoder.encode(texts)).max() > 0.01, "nothing was long"


@pytest.mark.parametrize("normalize", [False, True])
def test_texts_that_fit_have_the_bytes_of_a_plain_encode(texts, normalize):
    """Catches other sums for short texts, and a text of exactly the limit taken for a long one."""
    encoder = make(normalize=normalize, pooling=("mean", "max"))
    lengths = np.diff(encoder.tokenizer.pack(texts, truncation=False).cu_seqlens)
    fits = lengths <= POSITIONS
    assert POSITIONS in lengths and POSITIONS + 1 in lengths
    plain, long = encoder.encode(texts), encoder.encode(texts, long=True)
    assert (plain[fits] == long[fits]).all()
    assert (plain[~fits] != long[~fits]).any(axis=1).all() and (~fits).sum() >= 3


def test_neighbours_threads_and_blocks_change_no_byte(texts, monkeypatch):
    """Catches sums that depend on how windows were grouped."""
    encoder = make(normalize=True, num_threads=1)
    wanted = encoder.encode(texts, long=True, stride=7)
    for n, text in enumerate(texts):
        assert encoder.encode(text, long=True, stride=7).tobytes() == wanted[n].tobytes()
    blocks = encoder.encode_iter(iter(texts), long=True, stride=7)
    assert np.concatenate([*blocks]).tobytes() == wanted.tobytes()
    monkeypatch.setattr(long_texts, "TOKENS_AT_A_TIME", 50)
    other = make(normalize=True, num_threads=3)
    again = other.encode(texts[::-1], batch_size=2, long=True, stride=7)
    assert again[::-1].tobytes() == wanted.tobytes()


def test_a_book_is_computed_some_windows_at_a_time(monkeypatch):
    """Catches the hidden states of a whole book held at once."""
    encoder, rows = make(), []
    honest = encoder.encoder.backend.encode

    def recording(batch, *rest):
        rows.append(len(batch.input_ids_T))
        return honest(batch, *rest)

    monkeypatch.setattr(encoder.encoder.backend, "encode", recording)
    vector = encoder.encode("a b c the " * 10_000, long=True)
    assert np.isfinite(vector).all()
    assert len(rows) > 5 and max(rows) <= long_texts.TOKENS_AT_A_TIME


def test_what_follows_the_pooling_follows_here_too(texts):
    """Catches long vectors that are neither cut nor scaled, and counts of what was not lost."""
    encoder = make(truncate_dim=5)
    found, lost = encoder.encode(
        texts, long=True, normalize_embeddings=True, return_num_truncated_tokens=True
    )
    raw = make().encode(texts, long=True)[:, :5]
    np.testing.assert_allclose(
        found, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=HIDDEN_FLOAT32
    )
    assert lost.dtype == np.int32 and lost.tolist() == [0] * len(texts)


def test_rows_of_a_prompt_keep_their_places(rng):
    """Catches weights that begin anew behind the prompt, and a prompt cut at a group's end."""
    x = rng.standard_normal((30, 4)).astype(np.float32)
    places = np.arange(1, 31)[:, None]
    for skip in (0, 3, 12):
        pool = TokenPool(POOLINGS, 4, skip)
        for part in np.split(x, [5, 10, 24]):
            pool.add(part)
        y, w = x[skip:].astype(np.float64), places[skip:]
        exact = [y.mean(0), y.max(0), y.sum(0) / np.sqrt(len(y)), (w * y).sum(0) / w.sum()]
        assert np.abs(pool.pooled()[0] - np.concatenate(exact)).max() <= HIDDEN_FLOAT32


@pytest.mark.parametrize("pooling", [("cls",), ("lasttoken",), ("mean", "cls")])
def test_poolings_of_one_row_are_refused(pooling):
    """Catches a vector of the first window sold as the text's."""
    with pytest.raises(InputError, match=r"^long: pooling .* takes one row"):
        make(pooling=pooling).encode(["a"], long=True)


def test_bad_strides():
    """Catches windows that never end, and a stride without windows."""
    assert checked_overlap(None, 39) == 9 and checked_overlap(38, 39) == 38
    for wrong in (-1, 39, 1000):
        with pytest.raises(InputError, match="stride: expected 0 to 38 tokens"):
            make().encode(["a"], long=True, stride=wrong)
    with pytest.raises(InputError, match="stride: expected an int"):
        make().encode(["a"], long=True, stride=1.5)
    with pytest.raises(InputError, match="stride: it is of windows, which long=True makes"):
        make().encode(["a"], stride=3)
    with pytest.raises(InputError, match="long: expected True or False"):
        make().encode(["a"], long="yes")
