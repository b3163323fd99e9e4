"""The card's table: published figures beside ours, and a dash where nobody knows."""

import json

import pytest

from npdistil.checkpoint.parity import Parity, parities
from npdistil.checkpoint.registry import entries
from npdistil.tasks import card_table
from npdistil.tasks.card_table import COLUMNS, UNKNOWN, cells, legend, rows
from tests.tolerances import HIDDEN_FLOAT32, HIDDEN_FLOAT64

# Section 6.4 of the reference: what the arithmetic allows at 128 tokens.
ALLOWED = {
    "bert-base": 1.0,
    "distilbert": 2.0,
    "minilm-12x384": 3.89,
    "minilm-6x384": 7.79,
    "xtremedistil-l6-h256": 17.08,
    "tinybert-4x312": 17.92,
}


def test_every_model_has_a_row():
    """A model that was left out, or a ratio that counts attention twice."""
    found = {row["name"]: row for row in rows()}
    assert list(found) == [entry.name for entry in entries()]
    for name, ratio in ALLOWED.items():
        assert found[name]["flops_allow"] == pytest.approx(ratio, abs=0.006)
    assert json.loads(json.dumps([*found.values()]))[0]["scores"]["MNLI"] == 84.5


def test_cells(monkeypatch):
    """A figure under another head, or a zero where nothing is known."""
    known = {"bert-base": Parity("random", ("safetensors",), 1.24e-14, 5.4e-06)}
    monkeypatch.setattr(card_table, "parities", lambda: known)
    found = {line[0]: dict(zip(COLUMNS, line, strict=True)) for line in cells(rows())}
    assert list(found["BERT-base"].values()) == [
        "BERT-base", "12 x 768", "109,482,240", "174.6", "1.0x", "1.0x", "-",
        "84.5", "91.7", "91.3", "68.6", "93.2", "87.3", "76.8", "84.8", "1.2e-14", "5.4e-06",
    ]  # fmt: skip
    assert list(found["TinyBERT 4x312"].values())[2:] == [
        "14,350,248", "9.7", "17.9x", *12 * [UNKNOWN],
    ]  # fmt: skip
    assert found["MiniLM 12x384"]["Avg"] == UNKNOWN and found["MiniLM 12x384"]["MNLI"] == "85.7"
    measured = cells(rows({"xtremedistil-l6-h256": 20.94}))
    assert [line[6] for line in measured if line[6] != UNKNOWN] == ["20.9x"]


def test_parity_of_every_model_is_in_the_package():
    """A model that was never compared, or one that is said to be compared with real weights."""
    for entry in entries():
        parity = parities()[entry.name]
        assert parity.weights == ("real" if entry.name == "all-MiniLM-L6-v2" else "random")
        assert parity.formats == ("safetensors", "pytorch_model.bin", "tf_model.h5")
        assert 0 < parity.reference <= HIDDEN_FLOAT64
        assert 1e3 * parity.reference < parity.kernels <= HIDDEN_FLOAT32


def test_legend():
    """Random weights that are not said to be random; a note that nobody sees."""
    text = "\n".join(legend(rows()))
    assert "from random weights of the shape, all-MiniLM-L6-v2 from its own." in text
    assert "XtremeDistil l6-h256: No measurement is known behind the published speed." in text
    alone = "\n".join(legend([row for row in rows() if row["name"] == "bert-base"]))
    assert "random weights of the shape." in alone
