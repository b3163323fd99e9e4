"""The tool that fits heads: what is made again, what is not, and data that is never learnt."""

import json
from pathlib import Path

import pytest

from tools import fit_heads
from tools.fitting.examples import FILES, WNUT_LABELS, squad, wnut17
from tools.task_cases.models import FITTED


@pytest.fixture
def data(tmp_path: Path, monkeypatch) -> Path:
    """Files of any content, which no head is fitted on here."""
    folder = tmp_path / "data"
    for file in (name for names in FILES.values() for name in names):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(file)
    weights = tmp_path / "minilm"
    weights.mkdir()
    (weights / "model.safetensors").write_bytes(b"weights")
    monkeypatch.setattr(fit_heads, "MINILM", weights)
    monkeypatch.setattr(fit_heads, "HEADS", tmp_path / "heads")
    monkeypatch.setenv("NPDISTIL_DATA", str(folder))
    return folder


@pytest.fixture
def made(monkeypatch) -> list[str]:
    """The names of the heads that were made, in their order."""
    names: list[str] = []

    def make(name: str, data: Path, folder: Path, key: str) -> dict[str, float]:
        names.append(name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "fitted.json").write_text(json.dumps({"key": key}))
        return {"f1": 50.0}

    monkeypatch.setattr(fit_heads, "make", make)
    return names


def test_a_second_run_does_nothing(data, made, capsys):
    """Catches minutes before each run of the tests, and a head that is out of date."""
    assert fit_heads.main([]) == 0 and made == list(FITTED)
    assert "sst2: f1 50.0" in capsys.readouterr().out
    assert fit_heads.main([]) == 0 and made == list(FITTED)
    (data / FILES["squad"][1]).write_text("other")
    assert fit_heads.main([]) == 0 and made[4:] == ["squad"]
    assert fit_heads.main(["wnut17", "--again"]) == 0 and made[5:] == ["wnut17"]


def test_what_is_missing_is_said(data, made, capsys):
    """Catches a traceback where the data are not there, and a misspelt name."""
    (data / FILES["sst2"][0]).unlink()
    assert fit_heads.main([]) == 2 and "SST-2" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        fit_heads.main(["sst3"])
    assert made == []


def test_questions_held_back_are_never_learnt(tmp_path):
    """Catches a context of the other file that is the same as one that is held back."""

    def article(*contexts: str) -> dict[str, object]:
        questions = [
            {"id": "1", "question": "?", "answers": [{"text": "b", "answer_start": 2}]},
            {"id": "2", "question": "!", "answers": []},
        ]
        return {"paragraphs": [{"context": text, "qas": questions} for text in contexts]}

    files = [tmp_path / name for name in FILES["squad"]]
    files[0].parent.mkdir(parents=True)
    articles = [article(f"a b {n}") for n in range(16)]
    files[0].write_text(json.dumps({"data": articles}))
    files[1].write_text(json.dumps({"data": [article("a b 15", "a b 3", "new b")]}))
    learnt = {question.context for question in squad(tmp_path, "train")}
    held_back = {question.context for question in squad(tmp_path, "dev")}
    assert learnt == {*(f"a b {n}" for n in range(10)), "new b"}
    assert held_back == {f"a b {n}" for n in range(10, 16)}
    assert [question.start for question in squad(tmp_path, "dev")][:2] == [2, -1]


def test_words_and_labels_are_read_by_sentence(tmp_path):
    """Catches sentences that run together, or a label that no head has."""
    for file in FILES["wnut17"]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("In\tO\nNew\tB-location\nYork\tI-location\n\n:)\tO\n\n")
    assert wnut17(tmp_path, "train") == [
        (["In", "New", "York"], ["O", "B-location", "I-location"]),
        ([":)"], ["O"]),
    ]
    assert len(WNUT_LABELS) == 13 and {"O", "I-creative-work"} < set(WNUT_LABELS)
