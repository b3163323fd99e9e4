"""The arguments of `encode` that sentence-transformers has too."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from npdistil import InputError
from tests.models import TINY
from tests.tasks.folders import make, random_texts
from tests.tolerances import HIDDEN_FLOAT32

D = TINY.hidden_size


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return random_texts()


def test_truncate_dim(texts):
    """Catches a cut behind the normalisation, and a cut that widens."""
    whole, encoder = make().encode(texts), make(truncate_dim=5)
    assert encoder.encode(texts).tobytes() == whole[:, :5].tobytes()
    assert encoder.encode(texts, truncate_dim=7).tobytes() == whole[:, :7].tobytes()
    assert make().encode(texts, truncate_dim=D + 9).tobytes() == whole.tobytes()
    scaled = encoder.encode(texts, normalize_embeddings=True)
    exact = whole[:, :5] / np.linalg.norm(whole[:, :5].astype(np.float64), axis=1, keepdims=True)
    assert np.abs(scaled - exact).max() <= HIDDEN_FLOAT32
    # A folder's own Normalize comes before the cut.
    cut = make(normalize=True, truncate_dim=5).encode(texts)
    assert cut.tobytes() == make(normalize=True).encode(texts)[:, :5].tobytes()
    assert encoder.embedding_dimension == encoder.get_embedding_dimension() == 5
    assert make(truncate_dim=99).get_sentence_embedding_dimension() == D
    encoder.truncate_dim = None
    assert encoder.encode(texts[0]).shape == (D,)
    for wrong in (0, -1, 2.0, "3", True):
        with pytest.raises(InputError, match="truncate_dim: expected a"):
            make().encode(texts, truncate_dim=wrong)
        with pytest.raises(InputError, match="truncate_dim: expected a"):
            make(truncate_dim=wrong)


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_token_embeddings(texts, backend):
    """Catches rows of a neighbour, padding, and rows in the order of the work."""
    encoder = make(backend)
    found = encoder.encode(texts, output_value="token_embeddings", truncate_dim=3)
    assert isinstance(found, list) and len(found) == len(texts)
    for text, rows in zip(texts, found, strict=True):
        ids = encoder.tokenizer([text], max_length=encoder.max_seq_length).input_ids
        hidden = encoder.encoder(ids).last_hidden_state[0]
        assert rows.shape == hidden.shape
        assert np.abs(rows - hidden).max() <= HIDDEN_FLOAT32
    one = encoder.encode(texts[3], output_value="token_embeddings")
    assert np.abs(one - found[3]).max() <= HIDDEN_FLOAT32
    assert encoder.encode([], output_value="token_embeddings") == []
    for options in ({"precision": "int8"}, {"long": True}, {"return_num_truncated_tokens": True}):
        with pytest.raises(InputError, match="'token_embeddings' goes neither with precision"):
            encoder.encode(texts, output_value="token_embeddings", **options)
    with pytest.raises(InputError, match="output_value: expected one of"):
        encoder.encode(texts, output_value=None)


def test_lost_tokens_are_counted(texts):
    """Catches [SEP] counted as lost, copies without their count, and counts out of order."""
    encoder = make(max_seq_length=9)
    given = [*texts, texts[4]]
    found, lost = encoder.encode(given, return_num_truncated_tokens=True, batch_size=3)
    assert found.tobytes() == encoder.encode(given).tobytes()
    whole = np.diff(encoder.tokenizer.pack(given, truncation=False).cu_seqlens)
    assert lost.dtype == np.int32
    assert lost.tolist() == np.maximum(whole - 9, 0).tolist() and lost[4] == lost[-1]
    assert lost.max() > 20 and (lost == 0).any()
    assert encoder.encode(given[4], return_num_truncated_tokens=True)[1] == lost[4]
    _, longer = encoder.encode([given[4]], prompt="a b ", return_num_truncated_tokens=True)
    assert longer[0] == max(whole[4] + 2 - 9, 0)
    assert encoder.encode(iter([]), return_num_truncated_tokens=True)[1].shape == (0,)


def test_lines_of_a_file(tmp_path: Path, texts):
    """Catches a path embedded as a text, other line ends, and a last empty line."""
    path = tmp_path / "texts.txt"
    path.write_bytes("\ufeffa b\r\n\nthe\u2028unable\n".encode())
    encoder = make()
    wanted = encoder.encode(["a b", "", "the\u2028unable"])
    assert encoder.encode(path).tobytes() == wanted.tobytes()
    assert np.concatenate([*encoder.encode_iter(path)]).tobytes() == wanted.tobytes()
    for call in (encoder.encode, encoder.encode_iter):
        with pytest.raises(InputError, match=r"absent: no such file\.$"):
            call(tmp_path / "absent")


def test_what_is_accepted_and_what_is_not(texts):
    """Catches calls of sentence-transformers 5 and 6 that fail without need, or lie."""
    encoder = make()
    wanted = encoder.encode(texts)
    assert encoder.encode(sentences=texts).tobytes() == wanted.tobytes()
    for device in ("cpu", -1, None):
        assert encoder.encode(inputs=texts, device=device).tobytes() == wanted.tobytes()
    rows = encoder.encode(texts, convert_to_numpy=False)
    assert isinstance(rows, list) and np.stack(rows).tobytes() == wanted.tobytes()
    with pytest.raises(InputError, match="inputs and sentences are two names"):
        encoder.encode(texts, sentences=texts)
    with pytest.raises(InputError, match=r"^inputs: expected a str or an iterable of str"):
        encoder.encode()
    for output in ("sentence_embedding", "token_embeddings"):
        with pytest.raises(InputError, match=r"^sentences\[1\]: expected a str"):
            encoder.encode(sentences=["a", 3], output_value=output)
    with pytest.raises(InputError, match=r"convert_to_tensor: .* torch\.from_numpy"):
        encoder.encode(texts, convert_to_tensor=True)
    with pytest.raises(InputError, match="device: this package runs on the CPU"):
        encoder.encode(texts, device="cuda")


@pytest.mark.parametrize("batch_size, tokens", [(1000, 100), (2, 32), (3, 48)])
def test_work_is_bounded_by_tokens(texts, monkeypatch, batch_size, tokens):
    """Catches a thousand long texts that are computed at once, and short ones that go two by two.

    A budget that is used holds no two neighbours that would fit into one.
    """
    encoder, rows = make(), []
    encoder.max_seq_length = 16
    honest = encoder.encoder.backend.pooled

    def recording(batch, *rest):
        rows.append(len(batch.input_ids_T))
        return honest(batch, *rest)

    wanted = encoder.encode(texts)
    monkeypatch.setattr(encoder.encoder.backend, "pooled", recording)
    monkeypatch.setattr("npdistil.tasks.stream.BATCH_TOKENS", 100)
    assert encoder.encode(texts, batch_size=batch_size).tobytes() == wanted.tobytes()
    assert max(rows) <= tokens and len(rows) > 5
    assert all(a + b > tokens for a, b in itertools.pairwise(rows))


def test_a_limit_set_by_hand(texts):
    """Catches a limit that is read once, at the beginning."""
    encoder = make()
    encoder.max_seq_length = 9
    assert encoder.encode(texts).tobytes() == make(max_seq_length=9).encode(texts).tobytes()
    encoder.max_seq_length = None
    assert encoder.encode("a").tobytes() == make().encode("a").tobytes()
    encoder.max_seq_length = np.int64(9)
    assert encoder.encode(texts, batch_size=10**30).shape == (len(texts), D)
    encoder.max_seq_length = "8"
    with pytest.raises(InputError, match="max_seq_length: expected an int, received '8'"):
        encoder.encode(texts)
