"""Texts to vectors: order, shapes, sameness, limits, and what is refused."""

import inspect
import io
import itertools
import sys
from itertools import pairwise

import numpy as np
import pytest

from npdistil import (
    InputError,
    SentenceEncoder,
    Tokenizer,
)
from npdistil.tasks import sentence_encoder
from tests.models import TINY
from tests.tasks.folders import make, random_texts
from tests.text.tiny import VOCAB
from tests.tolerances import BLAS_BATCH, HIDDEN_FLOAT32

D = TINY.hidden_size


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return random_texts()


def test_a_string_gives_one_vector_and_a_list_gives_rows(texts):
    """Catches [1, D] for a string, [D] for a list of one, and another dtype."""
    encoder = make()
    one, rows = encoder.encode(texts[3]), encoder.encode([texts[3]])
    assert one.shape == (D,) and rows.shape == (1, D)
    assert one.dtype == rows.dtype == np.float32
    assert one.tobytes() == rows.tobytes()
    assert encoder.encode(np.str_(texts[3])).shape == (D,)
    assert encoder.embedding_dimension == D


@pytest.mark.parametrize("nothing", [[], (), iter([]), np.array([], str)])
def test_no_texts(nothing):
    """Catches an error, or rows without a width, for an empty list."""
    vectors = make(pooling=("cls", "max")).encode(nothing)
    assert vectors.shape == (0, 2 * D) and vectors.dtype == np.float32


def test_rows_come_back_in_the_callers_order(texts):
    """Catches the order of the work, which is by length."""
    encoder = make()
    vectors = encoder.encode(texts, batch_size=4)
    for n, text in enumerate(texts):
        assert vectors[n].tobytes() == encoder.encode(text).tobytes(), n
    assert len({row.tobytes() for row in vectors}) > 40


@pytest.mark.parametrize("kind", [iter, tuple, np.array, lambda texts: (t for t in texts)])
def test_any_iterable_of_strings(texts, kind):
    """Catches a generator that is used up by a first look, and arrays of strings."""
    encoder = make()
    assert encoder.encode(kind(texts)).tobytes() == encoder.encode(texts).tobytes()


def test_equal_texts_get_equal_bytes(texts):
    """Catches a vector that depends on its place in the batch."""
    vectors = make().encode([texts[1], texts[2], texts[1], *texts, texts[1]], batch_size=3)
    assert len({vectors[n].tobytes() for n in (0, 2, 4, -1)}) == 1


@pytest.mark.parametrize("batch_size", [1, 2, 7, 20, 1000])
@pytest.mark.parametrize("num_threads", [1, 2, 3])
@pytest.mark.parametrize("normalize", [False, True])
def test_batch_size_and_threads_change_no_byte(texts, batch_size, num_threads, normalize):
    """Catches sums whose order depends on how the work was cut."""
    alone = make(normalize=normalize, num_threads=1)
    wanted = np.stack([alone.encode(text) for text in texts])
    found = make(normalize=normalize, num_threads=num_threads).encode(texts, batch_size=batch_size)
    assert found.tobytes() == wanted.tobytes() and wanted.std() > 0.1


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_numpy_backend_is_close(texts, batch_size):
    """Catches a batch that leaks into its neighbours by more than BLAS's own rounding."""
    vectors = make("numpy").encode(texts, batch_size=batch_size)
    assert np.abs(vectors - make("numpy").encode(texts)).max() <= BLAS_BATCH
    assert np.abs(vectors - make("numba").encode(texts)).max() <= HIDDEN_FLOAT32


def test_it_is_the_mean_of_the_encoders_rows(texts):
    """Catches other ids, other positions or padding in the mean."""
    encoder = make()
    batch = encoder.tokenizer(texts, max_length=encoder.max_seq_length)
    hidden_BLD = encoder.encoder(**batch).last_hidden_state
    mask_BL = batch["attention_mask"].astype(np.float64)
    exact_BD = (hidden_BLD * mask_BL[:, :, None]).sum(axis=1) / mask_BL.sum(axis=1)[:, None]
    assert np.abs(encoder.encode(texts) - exact_BD).max() <= HIDDEN_FLOAT32


def test_empty_text_is_cls_sep():
    """Catches a text without rows, whose mean would be 0 / 0."""
    encoder = make()
    ids = [[encoder.tokenizer.cls_token_id, encoder.tokenizer.sep_token_id]]
    exact_D = encoder.encoder(ids).last_hidden_state[0].astype(np.float64).mean(axis=0)
    for text in ("", " ", "\t\n", "\u200b"):
        assert np.abs(encoder.encode(text) - exact_D).max() <= HIDDEN_FLOAT32


def test_texts_are_tokenized_once(texts, monkeypatch):
    """Catches tokenising for the order, and then again for each batch."""
    encoder = make()
    seen: list[str] = []
    honest = encoder.tokenizer.pack

    def counting(some, *rest):
        seen.extend(some)
        return honest(some, *rest)

    monkeypatch.setattr(encoder.tokenizer, "pack", counting)
    encoder.encode(texts, batch_size=4)
    assert seen == list(dict.fromkeys(texts))


@pytest.mark.parametrize("kind", [list, iter])
def test_equal_texts_are_computed_once(texts, kind, monkeypatch):
    """Catches work done again for each copy of a text, and a copy that gets another's vector."""
    encoder, rows = make(), []
    honest = encoder.encoder.backend.pooled

    def recording(batch, *rest):
        rows.extend(batch.lengths)
        return honest(batch, *rest)

    wanted = encoder.encode(texts)
    monkeypatch.setattr(encoder.encoder.backend, "pooled", recording)
    found = encoder.encode(kind(texts[::-1] + texts))
    assert len(rows) == len(set(texts)) < len(texts)
    assert found.tobytes() == wanted[::-1].tobytes() + wanted.tobytes()


@pytest.mark.parametrize("window", [1, 5, 46, 1000])
def test_windows_change_nothing(texts, window, monkeypatch):
    """Catches a window that is lost, comes twice, or orders its texts into another's rows."""
    encoder = make()
    wanted = encoder.encode(texts)
    monkeypatch.setattr(sentence_encoder, "WINDOW", window)
    assert encoder.encode(texts).tobytes() == wanted.tobytes()
    assert encoder.encode(iter(texts)).tobytes() == wanted.tobytes()
    with pytest.raises(InputError, match=r"^inputs\[40\]: expected a str"):
        encoder.encode(iter([*texts[:40], 3]))


@pytest.mark.parametrize("batch_tokens", [1, 10, 60, 10**6])
def test_blocks_are_what_encode_returns(texts, batch_tokens, monkeypatch):
    """Catches blocks out of order, larger than asked for, or without a text."""
    monkeypatch.setattr(sentence_encoder, "READ_AHEAD", 20)
    encoder = make()
    wanted = encoder.encode(texts, normalize_embeddings=True)
    blocks = list(encoder.encode_iter(iter(texts), batch_tokens, normalize_embeddings=True))
    assert np.concatenate(blocks).tobytes() == wanted.tobytes()
    ends = np.cumsum([0, *map(len, blocks)])
    lengths = np.diff(encoder.tokenizer.pack(texts, encoder.max_seq_length).cu_seqlens)
    for first, last in pairwise(ends):
        assert last > first
        assert lengths[first:last].sum() <= batch_tokens or last == first + 1
    assert len(blocks) > 2


def test_blocks_of_texts_without_end():
    """Catches an iterable that is read to its end before the first block comes."""
    blocks = make().encode_iter(itertools.repeat("a b"), batch_tokens=100)
    assert [next(blocks).shape[1] for _ in range(20)] == [D] * 20
    assert list(make().encode_iter([])) == []


@pytest.mark.parametrize("wrong", [0, -3, 1.5, "100", None])
def test_bad_arguments_of_blocks_are_named_at_once(wrong):
    """Catches a generator that says nothing until somebody asks it for a block."""
    with pytest.raises(InputError, match=r"^batch_tokens: expected a"):
        make().encode_iter(["a"], batch_tokens=wrong)
    with pytest.raises(InputError, match=r"^inputs: expected a str or an iterable of str"):
        make().encode_iter(5)


def test_long_batches_come_first(texts, monkeypatch):
    """Catches batches in the caller's order, which mix long and short texts."""
    encoder = make()
    batches: list[list[int]] = []
    honest = encoder.encoder.backend.pooled

    def recording(batch, *rest):
        batches.append(batch.lengths.tolist())
        return honest(batch, *rest)

    monkeypatch.setattr(encoder.encoder.backend, "pooled", recording)
    encoder.encode(texts, batch_size=10)
    assert len(batches) > 3
    flat = [length for lengths in batches for length in lengths]
    assert flat == sorted(flat, reverse=True) and len(set(flat)) > 10


@pytest.mark.parametrize("field", [False, True])
def test_normalize_embeddings(texts, field):
    """Catches True that cannot win over the folder, and False that switches its module off."""
    encoder = make(normalize=field)
    results = {
        asked: encoder.encode(texts, normalize_embeddings=asked) for asked in (None, True, False)
    }
    lengths_B = np.linalg.norm(results[True].astype(np.float64), axis=1)
    assert np.abs(lengths_B - 1).max() <= HIDDEN_FLOAT32
    assert (np.abs(np.linalg.norm(results[False], axis=1) - 1).min() > 0.01) == (not field)
    assert results[None].tobytes() == results[False].tobytes()
    assert (results[False].tobytes() == results[True].tobytes()) == field


def test_truncation_at_max_seq_length():
    """Catches a limit that leaves [CLS] and [SEP] out of the count, or cuts at 512."""
    text = " ".join(["a", "b", "c"] * 20)
    for limit in (2, 3, 10, 41):
        encoder = make(max_seq_length=limit)
        shorter = " ".join(text.split()[: limit - 2])
        assert encoder.encode(text).tobytes() == encoder.encode(shorter).tobytes()
        if limit > 2:
            less = " ".join(text.split()[: limit - 3])
            assert encoder.encode(text).tobytes() != encoder.encode(less).tobytes()


def test_the_limit_is_never_above_the_positions():
    """Catches a long text that dies in the encoder: 60 tokens, 41 positions."""
    assert make().max_seq_length == make(max_seq_length=512).max_seq_length == 41
    assert np.isfinite(make(max_seq_length=512).encode("a " * 60)).all()
    tokenizer = Tokenizer.from_vocab(VOCAB, model_max_length=9)
    parts = make()
    assert SentenceEncoder(tokenizer, parts.encoder, parts.head).max_seq_length == 9
    assert SentenceEncoder(tokenizer, parts.encoder, parts.head, 12).max_seq_length == 12


@pytest.mark.parametrize("wrong", [0, 1, -1, 2.0, "9", True])
def test_bad_max_seq_length(wrong):
    """Catches 0 taken for "no limit"."""
    with pytest.raises(InputError, match="max_seq_length: expected an integer of at least 2"):
        make(max_seq_length=wrong)


def test_a_limit_raised_by_hand_is_an_error_and_no_read_past_the_table():
    """Catches the attribute that sentence-transformers lets one set, set too high."""
    encoder = make()
    encoder.max_seq_length = 60
    with pytest.raises(InputError, match="a text of 60 tokens, but the model has 41 positions"):
        encoder.encode("a " * 80)


@pytest.mark.parametrize("wrong", [None, 5, 1.5, b"text", bytearray(b"x"), {"a": 1}, np.array("x")])
def test_things_that_are_no_texts(wrong):
    """Catches TypeError, and a mapping whose keys would be embedded."""
    with pytest.raises(
        InputError, match=r"^inputs: expected a str or an iterable of str, received"
    ):
        make().encode(wrong)


@pytest.mark.parametrize(
    "item", [None, 5, b"bytes", ("a", "pair"), ["a"], float("nan"), "\ud800", "x\udc80y"]
)
def test_the_bad_text_is_named(item):
    """Catches a message without the index, in a list of a million."""
    with pytest.raises(InputError, match=r"^inputs\[3\]: "):
        make().encode(["a", "", "b", item, "c"])
    with pytest.raises(InputError, match=r"^inputs\[0\]: lone surrogate U\+DFFF at character 2"):
        make().encode("ab\udfff")


def test_a_generators_own_failure_comes_through():
    """Catches an except clause that calls it a bad argument."""

    def failing():
        yield "a"
        raise TypeError("of the caller")

    with pytest.raises(TypeError, match="of the caller"):
        make().encode(failing())


@pytest.mark.parametrize("wrong", [0, -1, 1.0, "32", None, True])
def test_bad_batch_size(wrong):
    """Catches range() raising ValueError, and True as batches of one."""
    with pytest.raises(
        InputError, match=r"batch_size: expected an? (int|positive integer), received"
    ):
        make().encode(["a"], batch_size=wrong)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    "show, terminal", [(True, False), (None, True), (None, False), (False, True)]
)
def test_progress_bar(monkeypatch, capsys, show, terminal):
    """Catches a bar in a log file, none where one was asked for, and a bar on standard output."""
    stderr = _Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    make().encode(["a", "b", "c"], batch_size=2, show_progress_bar=show)
    shown = show or (show is None and terminal)
    assert ("3/3" in stderr.getvalue()) == shown
    if not shown:
        assert stderr.getvalue() == ""
    assert capsys.readouterr().out == ""


def test_the_interface():
    """Catches a renamed, reordered or re-defaulted argument: these names were promised."""
    load = inspect.signature(SentenceEncoder.from_pretrained).parameters
    assert [(p.name, p.default) for p in load.values()][1:6] == [
        ("backend", "numba"), ("num_threads", None), ("pooling", None), ("revision", None),
        ("prompts", None),
    ]  # fmt: skip
    assert next(iter(load)) == "folder"
    encode = inspect.signature(SentenceEncoder.encode).parameters
    assert [(p.name, p.default) for p in encode.values()][1:12] == [
        ("inputs", None), ("prompt_name", None), ("prompt", None), ("batch_size", 32),
        ("show_progress_bar", None), ("output_value", "sentence_embedding"),
        ("precision", "float32"), ("convert_to_numpy", True), ("convert_to_tensor", False),
        ("device", None), ("normalize_embeddings", False),
    ]  # fmt: skip
