"""--json of the verbs that print one object: the values, not only that it is JSON."""

import json
from pathlib import Path

import pytest

from npdistil.tasks.folder_lock import write_lock
from tests.cli.running import runner
from tests.tasks.folders import write_model, write_settings
from tests.text.tiny import IDS


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_settings(write_model(tmp_path / "model"), settings={"max_seq_length": 9})


def test_info(run, folder):
    """Catches numbers as texts for people, and keys that the configuration does not have."""
    found = json.loads(run("info", folder, "--json").out)
    assert found["parameters"] == {"all": 3508, "embeddings": 984, "layers": 2368, "pooler": 156}
    wanted = {"model_type": "bert", "hidden_size": 12, "vocabulary": 20, "vocab_size": 37,
              "max_seq_length": 9, "max_position_embeddings": 41, "pooling": "mean"}  # fmt: skip
    assert {key: found[key] for key in wanted} == wanted
    assert found["stored"]["format"] == "safetensors" and found["stored"]["dtype"] == "F32"


def test_tokenize(run, folder):
    """Catches NumPy's numbers, which are no JSON, and offsets of another text."""
    found = json.loads(run("tokenize", "Unable!", "-m", folder, "--json").out)
    assert found == {
        "tokens": ["[CLS]", "un", "##able", "!", "[SEP]"],
        "input_ids": [IDS[token] for token in ("[CLS]", "un", "##able", "!", "[SEP]")],
        "offset_mapping": [[0, 0], [0, 2], [2, 6], [6, 7], [0, 0]],
    }


def test_verify(run, folder):
    """Catches exit code 0 of a folder that is not as it was."""
    write_lock(folder)
    done = run("verify", folder, "--json")
    assert done.code == 0 and json.loads(done.out)["right"] is True
    (folder / "vocab.txt").write_text("other\n")
    done = run("verify", folder, "--json")
    found = json.loads(done.out)
    assert (done.code, done.err, found["right"], found["probe"]) == (1, "", False, None)
    assert found["faults"] == ["vocab.txt: 6 bytes instead of 82"]


def test_embed(run, folder, tmp_path):
    """Catches a summary that goes to standard error, where no program looks."""
    output = tmp_path / "out.npy"
    arguments = ["embed", "-", "--jsonl", "--skip-errors", "-m", folder, "-o", output, "--json"]
    done = run(*arguments, stdin=b'{"text": "%b"}\n{}\n' % (b"a " * 10))
    found = json.loads(done.out)
    assert done.code == 1 and found.pop("seconds") > 0
    assert found == {"output": str(output), "texts": 2, "features": 12, "skipped": 1,
                     "truncated": 1, "tokens_lost": 3}  # fmt: skip
