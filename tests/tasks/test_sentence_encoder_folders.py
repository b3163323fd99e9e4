"""SentenceEncoder.from_pretrained: what the folder says is what happens."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from npdistil import (
    ConfigError,
    InputError,
    NpdistilError,
    SentenceEncoder,
    Tokenizer,
    TokenizerError,
)
from tests.models import TINY
from tests.tasks.folders import NEW_MEAN, make, random_texts, write_model, write_settings
from tests.text.tiny import VOCAB
from tests.tolerances import HIDDEN_FLOAT32


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return random_texts()


def test_vocabulary_larger_than_the_table(tmp_path: Path):
    """Catches ids past the table: here at the constructor, and in a folder at its loading."""
    parts = make()
    larger = Tokenizer.from_vocab([*VOCAB, *(f"w{n}" for n in range(18))])
    with pytest.raises(ConfigError, match=r"the vocabulary has 38 ids, .* table only 37 rows"):
        SentenceEncoder(larger, parts.encoder, parts.head)
    equal = Tokenizer.from_vocab([*VOCAB, *(f"w{n}" for n in range(17))])
    SentenceEncoder(equal, parts.encoder, parts.head).encode("w16")
    folder = write_model(tmp_path, vocab=[*VOCAB, *(f"w{n}" for n in range(18))])
    with pytest.raises(TokenizerError, match=r"ids up to 37, .* table 37 rows"):
        SentenceEncoder.from_pretrained(folder, pooling="mean")


def test_a_folder_in_the_constructor_is_loaded(tmp_path: Path):
    """Catches TypeError for what users of sentence-transformers write first."""
    folder = write_settings(write_model(tmp_path), settings={"max_seq_length": 7})
    wanted = SentenceEncoder.from_pretrained(folder)
    made = SentenceEncoder(str(folder))
    assert made.max_seq_length == wanted.max_seq_length == 7
    assert made("a b").tolist() == wanted.encode("a b").tolist()
    numpy = SentenceEncoder(folder, backend="numpy", pooling="cls", device="cpu")
    assert type(numpy.encoder.backend) is not type(made.encoder.backend)
    assert numpy("a b").tolist() != made("a b").tolist()
    other = SentenceEncoder(folder, max_seq_length=5, truncate_dim=3, prompts={"query": "a "})
    assert other.max_seq_length == 5 and other.encode("a").shape == (3,)
    assert other.prompts["query"] == "a " and set(other.prompts) == set(made.prompts)
    parts = make()
    for wrong in ((folder, parts.encoder), (parts.tokenizer,), (parts.tokenizer, parts.encoder)):
        with pytest.raises(InputError, match=r"expected a folder .* from_pretrained loads"):
            SentenceEncoder(*wrong)
    with pytest.raises(InputError, match="without options of loading"):
        SentenceEncoder(parts.tokenizer, parts.encoder, parts.head, backend="numpy")
    with pytest.raises(
        InputError, match=r"^no_such: no option of SentenceEncoder; it takes backend, "
    ):
        SentenceEncoder(folder, no_such=1)


def test_from_pretrained_follows_the_folder(tmp_path: Path, texts):
    """Catches modules.json, its limit or its normalisation being read and then forgotten."""
    folder = write_settings(
        write_model(tmp_path),
        kinds=("Transformer", "Pooling", "Normalize"),
        pooling={**NEW_MEAN, "pooling_mode": "cls"},
        settings={"max_seq_length": 7},
    )
    wanted = make(normalize=True, pooling=("cls",), max_seq_length=7).encode(texts)
    for path in (folder, str(folder)):
        encoder = SentenceEncoder.from_pretrained(path)
        assert encoder.max_seq_length == 7
        assert encoder.encode(texts).tobytes() == wanted.tobytes()
    slow = SentenceEncoder.from_pretrained(folder, backend="numpy", num_threads=1)
    assert np.abs(slow.encode(texts) - wanted).max() <= HIDDEN_FLOAT32
    other = SentenceEncoder.from_pretrained(folder, pooling="max").encode(texts)
    expected = make(normalize=True, pooling=("max",), max_seq_length=7).encode(texts)
    assert other.tobytes() == expected.tobytes()


def test_a_transformer_in_a_folder_of_its_own(tmp_path: Path, texts):
    """Catches weights or vocabulary looked for at the top."""
    write_model(tmp_path / "0_Transformer")
    folder = write_settings(tmp_path, first_folder="0_Transformer")
    found = SentenceEncoder.from_pretrained(folder).encode(texts)
    assert found.tobytes() == make().encode(texts).tobytes()


def test_a_bare_folder_warns_once_and_at_the_callers_line(tmp_path: Path, texts):
    """Catches a warning that points into this package, and one that a choice does not silence."""
    write_model(tmp_path, replace(TINY, max_position_embeddings=600))
    with pytest.warns(UserWarning, match="no modules.json, so pooling is a guess") as caught:
        encoder = SentenceEncoder.from_pretrained(tmp_path)
    assert [entry.filename for entry in caught] == [__file__]
    assert encoder.max_seq_length == 512
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chosen = SentenceEncoder.from_pretrained(tmp_path, pooling="mean")
    assert chosen.encode(texts).tobytes() == encoder.encode(texts).tobytes()


@pytest.mark.parametrize("wrong", [None, 5, b"folder", "x" * 300, "n\0l", "absent"])
def test_unusable_folders(wrong):
    """Catches TypeError, ValueError and OSError from pathlib."""
    with pytest.raises(NpdistilError):
        SentenceEncoder.from_pretrained(wrong, pooling="mean")
