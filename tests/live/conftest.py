"""A hub on this machine with one repository, for the tests of fetching."""

from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
import torch
from safetensors.numpy import load_file

from tests.live.hub_server import Hub, read_folder, serving
from tests.tasks.folders import write_model


@pytest.fixture
def xtremedistil_folder(tmp_path) -> Path:
    """The layout of the XtremeDistil repositories: no safetensors, no tokenizer settings."""
    folder = write_model(tmp_path / "model")
    # the state of a bare BertModel, with ballast that makes the file one of several chunks
    state = {
        name: torch.from_numpy(array)
        for name, array in load_file(folder / "model.safetensors").items()
    }
    state["embeddings.position_ids"] = torch.arange(50_000).unsqueeze(0)
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    (folder / "tf_model.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50_000))
    (folder / "README.md").write_text("# a card\n")
    (folder / ".gitattributes").write_text("*.bin filter=lfs\n")
    return folder


@pytest.fixture
def hub(tmp_path, xtremedistil_folder, monkeypatch) -> Iterator[Hub]:
    """XtremeDistil at HF_ENDPOINT; the cache and the current folder are temporary."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with serving(
        Hub("microsoft/xtremedistil-l6-h256-uncased", read_folder(xtremedistil_folder))
    ) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub
    huggingface_hub.close_session()  # its open connections would be warnings at the end
