"""Real sentences against sentence-transformers: every vector, and what they are good for."""

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from npdistil import SentenceEncoder
from tests.live.test_sentence_transformers import assert_same_vectors
from tests.tolerances import SPEARMAN
from tools import eval_sts

SENTENCES = 500
PAIRS = 300


@pytest.fixture(scope="module")
def sentences(data_folder: Path) -> list[str]:
    """Different ones, the longest first: they hold every genre of the file."""
    pairs = eval_sts.read_pairs(data_folder / "glue" / "STS-B" / "dev.tsv", None)
    texts = sorted(
        {text for pair in pairs for text in pair[:2]}, key=lambda text: (-len(text), text)
    )
    return texts[:: len(texts) // SENTENCES][:SENTENCES]


@pytest.fixture(scope="module")
def exact(minilm_folder: Path, sentences: list[str]) -> np.ndarray:
    peer = SentenceTransformer(str(minilm_folder), device="cpu", local_files_only=True)
    return peer.encode(sentences, show_progress_bar=False)


@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_sentences_of_sts_b(backend, minilm_folder, sentences, exact, compared):
    """A step of the whole chain that differs on real text: tokens, layers, pooling, length 1."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder, backend)
    assert len(sentences) == SENTENCES
    assert_same_vectors(encoder.encode(sentences), exact)
    compared(f"STS-B sentences (sentence-transformers, {backend})", len(sentences))


def test_spearman(monkeypatch, data_folder, capsys, compared):
    """Embeddings that are close, but not in the order that people see."""
    monkeypatch.setenv("NPDISTIL_DATA", str(data_folder))
    assert eval_sts.main(["--limit", str(PAIRS)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"STS-B dev, all-MiniLM-L6-v2: {PAIRS} pairs, {2 * PAIRS} texts"
    ours, theirs = (float(line[26:].split()[0]) for line in lines[2:4])
    assert lines[2].startswith("npdistil (numba)")
    assert lines[3].startswith("sentence-transformers")
    assert abs(ours - theirs) <= SPEARMAN
    assert ours > 0.8, "both agree on nonsense"
    compared("STS-B pairs, Spearman (sentence-transformers)", PAIRS)


def test_a_difference_is_exit_code_1(monkeypatch, data_folder, capsys):
    """A tool that says "within" whatever it found."""
    monkeypatch.setenv("NPDISTIL_DATA", str(data_folder))
    score = eval_sts.Score("x", 0.9, 1.0)
    worse = eval_sts.Score("y", 0.9 - 1.1 * SPEARMAN, 1.0)
    for pair in ((score, worse), (worse, score)):
        monkeypatch.setattr(eval_sts, "evaluate", lambda *_, pair=pair: pair)
        assert eval_sts.main([]) == 1
        assert "1,500 pairs" in (out := capsys.readouterr().out)
        assert "BEYOND" in out
    nan = eval_sts.Score("z", float("nan"), 1.0)
    monkeypatch.setattr(eval_sts, "evaluate", lambda *_: (nan, nan))
    assert eval_sts.main([]) == 1


def test_what_is_missing_is_exit_code_2(monkeypatch, tmp_path, capsys):
    """A traceback for a user who has no data."""
    monkeypatch.delenv("NPDISTIL_DATA", raising=False)
    assert eval_sts.main([]) == 2
    monkeypatch.setenv("NPDISTIL_DATA", str(tmp_path))
    assert eval_sts.main([]) == 2
    file = tmp_path / "glue" / "STS-B" / "dev.tsv"
    file.parent.mkdir(parents=True)
    for content in ("", "sentence1\tscore\na\t1\n"):
        file.write_text(content)
        assert eval_sts.main([]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4
    assert all(line.startswith("eval_sts: ") for line in errors)


def test_pairs_are_spread_over_the_file(data_folder):
    """A limit that sees the captions alone, and quotation marks that swallow lines."""
    path = data_folder / "glue" / "STS-B" / "dev.tsv"
    everything = eval_sts.read_pairs(path, None)
    assert len(everything) == 1500
    assert eval_sts.read_pairs(path, 1500) == eval_sts.read_pairs(path, 9999) == everything
    some = eval_sts.read_pairs(path, 3)
    assert some == [everything[0], everything[500], everything[1000]]


def test_spearman_shares_ranks():
    """A correlation of values instead of ranks, or ties in the order of the file."""
    values = np.array([0.1, 0.2, 0.3, 90.0])
    assert eval_sts.spearman(values, np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(1.0)
    assert eval_sts.spearman(values, np.array([2.0, 2.0, 2.0, 3.0])) == pytest.approx(0.6**0.5)
