"""Limits of the reader, and that the helpers of the hostile cases make good files too."""

from pathlib import Path

import pytest

from npdistil.checkpoint import safetensors_header
from npdistil.checkpoint.safetensors_file import read_safetensors, read_stored
from npdistil.errors import ModelFileError
from tests.hostile.safetensors_cases import floats, one, text, two


def test_the_good_file_beside_them_loads(tmp_path: Path) -> None:
    """Catches hostile cases that are refused because their helper is broken."""
    path = tmp_path / "model.safetensors"
    for content in (one(floats(1.5)), text('"a"', floats(1.5))):
        path.write_bytes(content)
        assert read_safetensors(path)["a"].tolist() == [1.5]
    path.write_bytes(two((0, 2), (2, 4), b"abcd"))
    assert read_safetensors(path)["b"].tobytes() == b"cd"


def test_limits_of_file_and_tensor_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches limits that exist in name only."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(two((0, 2), (2, 4), b"abcd"))
    with pytest.raises(ModelFileError, match="at most 20 are accepted"):
        read_stored(path, max_bytes=20)
    monkeypatch.setattr(safetensors_header, "MAX_TENSORS", 1)
    with pytest.raises(ModelFileError, match="2 tensors, at most 1"):
        read_safetensors(path)
    monkeypatch.setattr(safetensors_header, "MAX_HEADER_BYTES", 20)
    with pytest.raises(ModelFileError, match="not a safetensors file"):
        read_safetensors(path)
