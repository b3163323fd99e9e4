"""`npdistil parity` beside Transformers, and docs/parity.md as a reader follows it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModel

from npdistil.params import cast
from npdistil.parity.ours import Ours
from npdistil.parity.side import SETTINGS
from tests.cli.running import runner
from tests.live.onnx_models import write_bert
from tests.models import TINY
from tests.pages import ROOT, Shell, run_blocks, sections
from tests.tasks.folders import write_model, write_settings

PAGE = "docs/parity.md"
KINDS = ("Transformer", "Pooling", "Normalize")


@pytest.fixture
def run(monkeypatch, capsys):
    return runner(monkeypatch, capsys)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_command_beside_transformers(run, dtype, tmp_path):
    """Catches an option that does not arrive, and words of the frameworks among the report's."""
    folder = write_settings(write_model(tmp_path / "model"), kinds=KINDS)
    page = tmp_path / "report.html"
    done = run("parity", folder, "--dtype", dtype, "--html", page, "--json")
    assert (done.code, done.err) == (0, f"{page} written\n")
    told = json.loads(done.out)
    assert told["passed"] and told["against"] == f"transformers {dtype}"
    assert len(told["activations"]) == 37 and len(told["ids"]) == 7
    assert told["texts"][-1].count(" | ") == 1
    largest = max(row["theirs"]["max_abs"] for row in told["activations"])
    assert (largest < 1e-11) == (dtype == "float64")
    assert page.stat().st_size < 100_000


def test_a_model_that_differs(run, tmp_path, monkeypatch):
    """Catches an exit code of 0 under a report that fails, and a cause that is not told."""
    folder = write_settings(write_model(tmp_path / "model"), kinds=KINDS)
    load = AutoModel.from_pretrained

    def other(*arguments, **options):
        model = load(*arguments, **options)
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.eps = 1e-7
        return model

    monkeypatch.setattr(AutoModel, "from_pretrained", other)
    done = run("parity", folder)
    assert done.code == 1 and done.out.endswith("\nFAILED\n")
    assert "first activation over its bound: embeddings.norm.rstd (" in done.out
    assert "likely cause: layer_norm_eps" in done.out
    assert run("parity", folder, "--dtype", "float32").code == 1  # the setting still differs


def test_a_folder_that_transformers_cannot_load(run, tmp_path):
    """Catches a traceback of somebody else's."""
    folder = write_model(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_dropout_prob": "much"}))
    assert "transformers cannot load it" in run("parity", folder).error


def test_an_onnx_file(run, tmp_path):
    """Catches a file that is looked for elsewhere."""
    folder = write_model(tmp_path / "model")
    ours = Ours.from_pretrained(folder)
    path = write_bert(tmp_path / "b.onnx", ours.config, cast(ours.params, np.float32))
    done = run("parity", folder, "--against", "onnx", path)
    assert done.code == 0 and "beside onnx b.onnx" in done.out


def test_the_page_does_what_it_says(tmp_path, monkeypatch):
    """Catches a writer that was never run, or not since a name was changed.

    The reader's model is a small one with the folder's name and settings.
    """
    folder = tmp_path / "reader"
    config = replace(TINY, max_position_embeddings=300)
    model = write_model(folder / "weights" / "all-MiniLM-L6-v2", config)
    write_settings(model, kinds=KINDS, settings={"max_seq_length": 256})
    ours = Ours.from_pretrained(model)
    write_bert(folder / "model.onnx", ours.config, cast(ours.params, np.float32), shown=())
    monkeypatch.chdir(folder)
    blocks = [block for blocks in sections(PAGE).values() for block in blocks]
    run_blocks(PAGE, blocks, folder, Shell(tmp_path / "bin"))
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    shown = [block for block in blocks if block.printed is not None]
    assert text.count("```") == 2 * (len(blocks) + len(shown)) and len(shown) == 5
    writers = [
        block.code for block in blocks if "np.savez(" in block.code and "import" in block.code
    ]
    assert [len([*filter(None, code.split("\n"))]) <= 33 for code in writers] == [True, True]
    assert [name for name in SETTINGS if f"`{name}`" not in text] == []
