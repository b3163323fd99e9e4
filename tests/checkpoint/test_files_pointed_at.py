"""A file of weights stands for its folder, and for no other file in it."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from npdistil import Encoder, InputError, ModelFileError, SentenceEncoder, Tokenizer
from npdistil.checkpoint.load import load_encoder
from npdistil.params import named_arrays
from npdistil.tasks.convert import convert_folder
from tests.cli.running import runner
from tests.tasks.folders import write_model


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """A folder with two models' weights, and the file of the second, which is not the usual one."""
    folder = write_model(tmp_path / "folder")
    tensors = load_file(folder / "model.safetensors")
    file = folder / "best.safetensors"
    save_file({name: values[::-1].copy() for name, values in tensors.items()}, file)
    return folder, file


def words(model: Path) -> np.ndarray:
    return named_arrays(load_encoder(model)[1])["embeddings.word_VD"]


def test_the_file_that_is_meant_is_read(
    two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches weights of the usual name read in place of those that somebody points at."""
    folder, file = two
    assert not np.array_equal(words(file), words(folder))
    same = [Encoder.from_pretrained(path)([[1, 2, 3]]).last_hidden_state for path in (file, folder)]
    assert not np.array_equal(*same)
    vectors = [SentenceEncoder.from_pretrained(p, pooling="mean").encode("abc") for p in two]
    assert not np.array_equal(*vectors)
    assert Tokenizer.from_pretrained(file).tokenize("ab") == (
        Tokenizer.from_pretrained(folder).tokenize("ab")
    )
    run = runner(monkeypatch, capsys)
    assert run("info", file).out == run("info", folder).out


def test_a_file_is_converted_with_what_lies_beside_it(two: tuple[Path, Path]) -> None:
    """Catches a conversion of the other weights, or one without its tokenizer."""
    folder, file = two
    new = folder.parent / "new"
    convert_folder(file, new)
    assert np.array_equal(words(new), words(file))
    assert Tokenizer.from_pretrained(new).vocab_size == Tokenizer.from_pretrained(file).vocab_size


def test_other_files_are_refused_by_name(two: tuple[Path, Path]) -> None:
    """Catches config.json taken for weights, and a message that does not say what to name."""
    folder, _ = two
    for name in ("config.json", "vocab.txt"):
        with pytest.raises(
            ModelFileError, match=rf"{name}: not a folder, and no file of weights, .*\.bin"
        ):
            Encoder.from_pretrained(folder / name)
    with pytest.raises(ModelFileError, match="no such"):  # and the hub is not asked for it
        Encoder.from_pretrained("folder/model.safetensors")
    with pytest.raises(InputError, match="revision: is for names"):
        Encoder.from_pretrained(folder / "best.safetensors", revision="main")
