"""Real sentences against sentence-transformers: every vector, and what they are good for."""

from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from npdistil import SentenceEncoder
from tests.live.test_sentence_transformers import assert_same_vectors
from tests.tolerances import SCORE
from tools import eval as tool
from tools import eval_data, eval_heads

SENTENCES = 500
ITEMS = 6  # of each set: documents are long


@pytest.fixture(scope="module")
def sentences(data_folder: Path) -> list[str]:
    """Different ones, the longest first: they hold every genre of the file."""
    pairs = eval_data.sts_b(data_folder, None)
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


def test_every_set(monkeypatch, data_folder, capsys, compared):
    """Embeddings that are close, but not in the order that people see; a set that is not read."""
    monkeypatch.setenv("NPDISTIL_DATA", str(data_folder))
    assert tool.main(["--limit", str(ITEMS), "--only", *tool.SETS, "sst-2"]) == 0
    head, _, *lines = capsys.readouterr().out.splitlines()
    assert head == "all-MiniLM-L6-v2, numba, and fitted heads"
    assert len(lines) == len(tool.SETS) + 1 and all(
        line.endswith("within 0.0005") for line in lines
    )
    for line in lines:
        items, ours, _, theirs, *_ = line[30:].split()
        assert int(items) == ITEMS and abs(float(ours) - float(theirs)) <= SCORE
        assert float(ours) > 0.5, "both agree on nonsense"
    compared(
        "items of the sets of tools/eval.py (sentence-transformers, transformers)",
        ITEMS * len(lines),
    )


def test_a_difference_is_exit_code_1(monkeypatch, data_folder, capsys):
    """A tool that says "within" whatever it found."""
    monkeypatch.setenv("NPDISTIL_DATA", str(data_folder))
    monkeypatch.setattr(tool, "sides", lambda *_: (None, None))
    score, nan = tool.Score(0.9, 1.0), tool.Score(float("nan"), 1.0)
    worse = tool.Score(0.9 - 1.1 * SCORE, 1.0)
    for pair in ((score, worse), (worse, score), (nan, nan)):
        monkeypatch.setattr(
            tool, "SETS", {"sts-b": lambda *_, pair=pair: [tool.Row("STS", 1500, *pair)]}
        )
        assert tool.main(["--only", "sts-b"]) == 1
        assert "1,500" in (out := capsys.readouterr().out)
        assert "BEYOND" in out


def test_what_is_missing_is_exit_code_2(monkeypatch, tmp_path, capsys):
    """A traceback for a user who has no data."""
    monkeypatch.delenv("NPDISTIL_DATA", raising=False)
    monkeypatch.setattr(tool, "sides", lambda *_: (None, None))
    assert tool.main([]) == 2
    monkeypatch.setenv("NPDISTIL_DATA", str(tmp_path))
    assert tool.main(["--only", "squad"]) == 2
    file = tmp_path / "glue" / "STS-B" / "dev.tsv"
    file.parent.mkdir(parents=True)
    for content in ("", "sentence1\tscore\na\t1\n"):
        file.write_text(content)
        assert tool.main(["--only", "sts-b"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4
    assert all(line.startswith("eval: ") for line in errors)


def test_items_are_spread_over_the_file(data_folder):
    """A limit that sees the captions alone, and quotation marks that swallow lines."""
    everything = eval_data.sts_b(data_folder, None)
    assert len(everything) == 1500
    assert eval_data.sts_b(data_folder, 1500) == eval_data.sts_b(data_folder, 9999) == everything
    assert eval_data.sts_b(data_folder, 3) == [everything[0], everything[500], everything[1000]]


def test_retrieval_sets(data_folder):
    """Judgements beside the wrong query or document, and authors taken for text."""
    found = eval_data.cranfield(data_folder, None)
    assert (len(found.documents), len(found.queries)) == (1400, 225)
    assert found.documents[0].startswith("experimental investigation of the aerodynamics of a wing")
    assert "brenckman" not in found.documents[0]
    # cran.qry numbers its third query 004, the judgements number it 3
    assert found.queries[2].startswith("what problems of heat conduction in composite slabs")
    assert found.gains[2][4] == 2.0 and found.gains[0][183] == 3.0 and 485 not in found.gains[0]
    assert "heat conduction" in found.documents[4] or "composite" in found.documents[4]
    found = eval_data.cisi(data_folder, None)
    assert (len(found.documents), len(found.queries)) == (1460, 76)
    assert 27 in found.gains[0] and len(found.gains[0]) == 46
    assert found.queries[2].startswith("What is information science?")
    some = eval_data.cisi(data_folder, 4)
    assert len(some.queries) == len(some.gains) == 4 and len(some.documents) < 30
    assert all(0 <= n < len(some.documents) for gains in some.gains for n in gains)


def test_squad(monkeypatch, data_folder):
    """Predictions beside the answers to another question, options of one side, or percents."""
    pairs = eval_heads.squad(data_folder, 40)
    assert all(case.name == gold.id for case, gold in pairs)
    assert len({case.context for case, _ in pairs}) > 20
    answered = [case.name for case, gold in pairs if gold.answers]
    assert 5 < len(answered) < 35
    right = {gold.id: (gold.answers or ("",))[0] for _, gold in pairs}
    names = {(case.question, case.context): case.name for case, _ in pairs}
    asked = []

    def ours(inputs, **options):
        asked.append((len(inputs), options))
        found = [right[names[entry["question"], entry["context"]]] for entry in inputs]
        return [{"answer": text if n % 2 else "wrong"} for n, text in enumerate(found)]

    def theirs(_python, _folder, cases):
        asked.append((len(cases), cases[0].options))
        starts = [case.context.index(right[case.name]) for case in cases]
        return [
            [(0.9, start, start + len(right[case.name]))]
            for start, case in zip(starts, cases, strict=True)
        ]

    for name, value in {
        "fitted_folder": lambda name: Path(name),
        "pipeline": lambda *_: ours,
        "environment": lambda place: place,
        "answers_of": theirs,
    }.items():
        monkeypatch.setattr(eval_heads, name, value)
    f1, exact, answerable, _ = eval_heads.answers(data_folder, 40, Path("none"))
    assert asked == [(40, {"handle_impossible_answer": True})] * 2 + [(len(answered), {})] * 2
    assert (exact.ours.value, exact.theirs.value, f1.theirs.value) == (0.5, 1.0, 1.0)
    assert (f1.what, f1.items, f1.good) == ("SQuAD 2, F1", 40, False)
    assert (answerable.what, answerable.items) == ("SQuAD 2 answerable, F1", len(answered))


def test_clinc150(data_folder):
    """Texts to train on that are tested as well, or classes that cannot be learned."""
    train, test = eval_data.clinc150(data_folder, None)
    assert (len(train), len(test)) == (15000, 4500)
    assert {label for _, label in train} == {label for _, label in test} == set(range(150))
    train, test = eval_data.clinc150(data_folder, 10)
    assert {label for _, label in train} == {label for _, label in test}
    assert (len(train), len(test)) == (100, 10)
    assert not {text for text, _ in train} & {text for text, _ in test}
    assert len(eval_data.sst_2(data_folder, None)) == 872
