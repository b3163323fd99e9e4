"""`SentenceEncoder.encode` against sentence-transformers' `encode`, from the same folders."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules
from transformers import BertTokenizer

from npdistil import SentenceEncoder
from npdistil.encoder.backend import POOLINGS
from tests.live.random_models import save_random_model
from tests.tolerances import COSINE, SENTENCE

SENTENCES = Path(__file__).parent.parent.parent / "tools" / "demo" / "sentences.txt"
BACKENDS = ("numba", "numpy")
LONG = (
    "the model reads no more than its first tokens and forgets what is written behind them. " * 40
)
ODD = ["", " \t", "[SEP] [CLS]", "caf\xe9 \u4e2d\u6587 \U0001f468\u200d\U0001f469", "x" * 300, LONG]


def assert_same_vectors(ours: np.ndarray, exact: np.ndarray) -> None:
    """Each number, and the direction of each vector."""
    assert ours.dtype == np.float32
    assert ours.shape == exact.shape
    assert np.abs(ours - exact).max() <= SENTENCE
    a, b = ours.astype(np.float64), exact.astype(np.float64)
    cosines = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    assert cosines.min() >= 1 - COSINE


def peer_of(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


@pytest.fixture(scope="module")
def peer(minilm_folder):
    return peer_of(minilm_folder)


@pytest.fixture(scope="module")
def texts():
    return [*SENTENCES.read_text(encoding="utf-8").splitlines(), *ODD]


@pytest.fixture(scope="module")
def some(texts):
    """Of every kind, for the tests that repeat them often."""
    return texts[::8] + ODD


@pytest.fixture(scope="module")
def exact(peer, texts):
    return peer.encode(texts, show_progress_bar=False)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_sentences_of_the_demo(backend, minilm_folder, texts, exact, compared):
    """A wrong pooling, length, order or special token; empty and very long texts included."""
    ours = SentenceEncoder.from_pretrained(minilm_folder, backend).encode(texts)
    assert len(texts) > 300
    assert_same_vectors(ours, exact)
    compared(f"demo sentences (sentence-transformers, {backend})", len(texts))


def test_long_texts_are_cut_alike(minilm_folder, peer):
    """512 or 128 tokens where the folder says 256, or a cut that loses [SEP]."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder)
    assert encoder.max_seq_length == peer.max_seq_length == 256
    words = "the first of all words that were ever written".split() * 40
    at_the_edge = [" ".join(words[:count]) for count in (253, 254, 255, 300)]
    lengths = [len(ids) for ids in encoder.tokenizer(at_the_edge, padding=False).input_ids]
    assert lengths == [255, 256, 257, 302]
    ours = encoder.encode(at_the_edge)
    assert_same_vectors(ours, peer.encode(at_the_edge, show_progress_bar=False))
    assert (ours[1:] == ours[1]).all(), "nothing behind the cut is read"
    assert (ours[0] != ours[1]).any(), "everything before it is"


@pytest.mark.parametrize("normalize", [True, False, None])
@pytest.mark.parametrize("backend", BACKENDS)
def test_normalize_embeddings(backend, normalize, tiny_folder, some):
    """An argument that is ignored, for a folder that does not normalise by itself."""
    folder = tiny_folder("mean")
    ours = SentenceEncoder.from_pretrained(folder, backend).encode(
        some, normalize_embeddings=normalize
    )
    peer = peer_of(folder)
    exact = peer.encode(some, show_progress_bar=False, normalize_embeddings=bool(normalize))
    assert_same_vectors(ours, exact)
    lengths = np.linalg.norm(ours, axis=1)
    assert (np.abs(lengths - 1) <= SENTENCE).all() == bool(normalize)


def test_normalize_false_against_a_folder_that_normalises(minilm_folder, texts, exact):
    """A module of the folder that an argument switches off: there is no such thing there."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder)
    assert_same_vectors(encoder.encode(texts[:20], normalize_embeddings=False), exact[:20])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_str_gives_one_row(backend, minilm_folder, peer):
    """A batch of one, or of the characters of a text."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder, backend)
    for text in ("one text", ""):
        ours = encoder.encode(text)
        assert ours.shape == (384,)
        assert_same_vectors(ours, peer.encode(text, show_progress_bar=False))


def test_no_texts_give_no_rows(minilm_folder):
    """An empty list that fails, or loses its width (sentence-transformers gives shape (0,))."""
    assert SentenceEncoder.from_pretrained(minilm_folder).encode([]).shape == (0, 384)


def test_the_device_of_torch(minilm_folder, peer):
    """A call that the peer takes, and that fails because its device is no string."""
    encoder, cpu = SentenceEncoder.from_pretrained(minilm_folder), torch.device("cpu")
    exact = peer.encode("one text", device=cpu, show_progress_bar=False)
    assert_same_vectors(encoder.encode("one text", device=cpu), exact)


def test_folders_of_the_new_spelling(minilm_folder, peer, some, tmp_path):
    """A reader of the old spelling alone: other class names, pooling_mode, length elsewhere."""
    peer.save_pretrained(str(tmp_path))
    assert "max_seq_length" not in (tmp_path / "sentence_bert_config.json").read_text()
    assert '"pooling_mode": "mean"' in (tmp_path / "1_Pooling" / "config.json").read_text()
    assert "sentence_transformers.models" not in (tmp_path / "modules.json").read_text()
    again = SentenceEncoder.from_pretrained(tmp_path)
    original = SentenceEncoder.from_pretrained(minilm_folder)
    assert again.max_seq_length == 256
    np.testing.assert_array_equal(again.encode(some), original.encode(some))


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory):
    """Makes a sentence-transformers folder of the tiny odd BERT with a pooling, no Normalize."""
    root = tmp_path_factory.mktemp("tiny")
    save_random_model("tiny-odd", root / "bert")
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, ".", ","]
    pieces += [f"##{letter}" for letter in letters] + ["the", "of", "a\u0308"]
    (root / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    tokenizer = BertTokenizer(str(root / "vocab.txt"), model_max_length=40)
    tokenizer.save_pretrained(root / "bert")

    def make(pooling: str | tuple[str, ...]) -> Path:
        folder = root / "-".join([pooling] if isinstance(pooling, str) else pooling)
        if not folder.exists():
            parts = [modules.Transformer(str(root / "bert")), modules.Pooling(24, pooling)]
            SentenceTransformer(modules=parts, device="cpu").save_pretrained(str(folder))
        return folder

    return make


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "pooling",
    [*POOLINGS, ("mean", "cls"), ("max", "mean", "cls"), POOLINGS, POOLINGS[::-1]],
)
def test_poolings(pooling, backend, tiny_folder, some, compared):
    """Another pooling than the folder's, several in another order, or a normalisation unasked."""
    folder = tiny_folder(pooling)
    ours = SentenceEncoder.from_pretrained(folder, backend).encode(some)
    exact = peer_of(folder).encode(some, show_progress_bar=False)
    assert_same_vectors(ours, exact)
    compared(f"texts by pooling (sentence-transformers, {backend})", len(some))
    if isinstance(pooling, str):
        other = tiny_folder("mean" if pooling != "mean" else "max")
        argued = SentenceEncoder.from_pretrained(other, backend, pooling=pooling).encode(some)
        np.testing.assert_array_equal(argued, ours)
