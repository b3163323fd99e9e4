"""From a model's name to a folder: what comes first, what is never done, what an error says."""

import os
import shutil
import socket
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from npdistil import Encoder, SentenceEncoder, Tokenizer
from npdistil.checkpoint.hub_cache import cache_folder, checked_revision, is_hub_id
from npdistil.checkpoint.hub_model import fetchable
from npdistil.checkpoint.locate import locate
from npdistil.errors import InputError, ModelFileError
from tests.checkpoint.cache_folders import COMMIT, OTHER, cache_model
from tests.cli.running import runner
from tests.tasks.folders import write_model, write_settings

HUB_ID = "some-owner/tiny.bert_model"
VARIABLES = (
    "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE", "HF_ENDPOINT",
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """No client is installed, and whoever opens a socket all the same fails the test."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)

    def fail(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", fail)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model(tmp_path) -> Path:
    return write_settings(
        write_model(tmp_path / "model"), kinds=("Transformer", "Pooling", "Normalize")
    )


@pytest.fixture
def snapshot(tmp_path, model) -> Path:
    return cache_model(tmp_path / "cache", HUB_ID, model)


def test_a_cached_model_loads_by_name(model, snapshot):
    """A cache that needs huggingface_hub; links that are refused; another pooling by name."""
    expected = SentenceEncoder.from_pretrained(model).encode(["a b", "the"])
    found = SentenceEncoder.from_pretrained(HUB_ID).encode(["a b", "the"])
    np.testing.assert_array_equal(found, expected)
    ids = Tokenizer.from_pretrained(HUB_ID)(["a b"]).input_ids
    np.testing.assert_array_equal(
        Encoder.from_pretrained(HUB_ID)(ids).last_hidden_state,
        Encoder.from_pretrained(model)(ids).last_hidden_state,
    )


def test_the_command_line_takes_names_too(snapshot, monkeypatch, capsys, tmp_path):
    """A verb that opens its own folder."""
    run = runner(monkeypatch, capsys)
    assert run("info", HUB_ID).out.startswith("architecture")
    assert "##able" in run("tokenize", "unable", "-m", HUB_ID).out
    (tmp_path / "in.txt").write_text("a b\n")
    done = run("embed", tmp_path / "in.txt", "-m", HUB_ID, "-o", tmp_path / "out.npy")
    assert done.code == 0
    assert np.load(tmp_path / "out.npy").shape == (1, 12)
    for verb in (
        ["info", HUB_ID],
        ["tokenize", "a", "-m", HUB_ID],
        ["embed", "in.txt", "-m", HUB_ID, "-o", "b.npy"],
    ):
        assert "revision v2" in run(*verb, "--revision", "v2").error
        assert run(*verb, "--revision", COMMIT).code == 0


def test_a_folder_comes_first(tmp_path, snapshot):
    """A model of the hub that stands in the way of a user's own folder of that name."""
    own = write_model(tmp_path / "some-owner" / "tiny.bert_model")
    assert locate(HUB_ID, "sentence") == Path(HUB_ID)
    shutil.rmtree(own)
    assert locate(HUB_ID, "sentence") == snapshot


def test_a_broken_link_of_that_name_is_not_passed_over(tmp_path, snapshot):
    """A model from elsewhere in place of one whose disk is not mounted."""
    (tmp_path / "some-owner").mkdir()
    (tmp_path / HUB_ID).symlink_to(tmp_path / "gone")
    assert locate(HUB_ID, "encoder") == Path(HUB_ID)
    with pytest.raises(ModelFileError):
        Encoder.from_pretrained(HUB_ID)


def test_a_path_is_never_a_name(snapshot):
    """Path("owner/name") that silently becomes a model of the hub."""
    assert locate(Path(HUB_ID), "encoder") == Path(HUB_ID)


def test_revisions(tmp_path, model, snapshot):
    """main in place of what was asked for; a branch with a slash; a commit without a reference."""
    branch = cache_model(tmp_path / "cache", HUB_ID, model, "refs/pr/1", OTHER)
    assert locate(HUB_ID, "encoder", "refs/pr/1") == branch
    assert locate(HUB_ID, "encoder", OTHER) == branch
    assert locate(HUB_ID, "encoder", COMMIT) == locate(HUB_ID, "encoder") == snapshot
    with pytest.raises(ModelFileError, match="revision v2"):
        locate(HUB_ID, "encoder", "v2")
    with pytest.raises(ModelFileError, match="revision v2"):
        SentenceEncoder.from_pretrained(HUB_ID, revision="v2")
    with pytest.raises(ModelFileError, match="revision v2"):
        Tokenizer.from_pretrained(HUB_ID, revision="v2")


@pytest.mark.parametrize(
    "revision", ["", "../..", "a/../../b", "/etc", "a//b", "a\\b", "a\0b", "a\n", ".", "x" * 251, 7]
)
def test_a_revision_never_leaves_the_cache(snapshot, revision):
    """A path that a revision makes up."""
    with pytest.raises(InputError, match="revision: expected a branch, tag or commit"):
        locate(HUB_ID, "encoder", revision)


def test_a_revision_of_a_folder_is_refused(model):
    """A revision that is read past, so that a user believes in it."""
    with pytest.raises(InputError, match="revision: is for names of the hub"):
        Encoder.from_pretrained(model, revision="main")


def test_a_damaged_reference_is_an_error(snapshot):
    """A reference whose content becomes a path."""
    (snapshot.parent.parent / "refs" / "main").write_text("../../../..")
    with pytest.raises(ModelFileError, match="which is no commit"):
        locate(HUB_ID, "encoder")


@pytest.mark.parametrize(
    "variable, below",
    [
        ("HF_HUB_CACHE", ""),
        ("HUGGINGFACE_HUB_CACHE", ""),
        ("HF_HOME", "hub"),
        ("XDG_CACHE_HOME", "huggingface/hub"),
        ("HOME", ".cache/huggingface/hub"),
    ],
)
def test_where_the_cache_is(monkeypatch, tmp_path, variable, below):
    """A variable that is not honoured, or in the wrong order; "~" and "$X" left as they are."""
    order = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"]
    for name in order[: order.index(variable)]:
        monkeypatch.setenv(name, "")
    for name in order[order.index(variable) :]:
        monkeypatch.setenv(name, str(tmp_path / name))
    assert cache_folder() == tmp_path / variable / below
    if variable != "HOME":
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("BELOW", "b")
        monkeypatch.setenv(variable, "~/a/$BELOW")
        assert cache_folder() == tmp_path / "a" / "b" / below


def test_short_names(tmp_path, model):
    """A registry that nobody asks; a cache under the old name that is not found."""
    snapshot = cache_model(
        tmp_path / "cache", "microsoft/xtremedistil-l6-h256-uncased", model, "main"
    )
    for name in ("xtremedistil-l6-h256", "xtremedistil-l6-h256-uncased"):
        assert locate(name, "sentence") == snapshot
    old = cache_model(tmp_path / "cache", "bert-base-uncased", model)
    assert locate("bert-base-uncased", "encoder") == old
    with pytest.raises(ModelFileError, match="it is not known where its weights are"):
        locate("minilm-6x768", "encoder")


def test_nothing_found_says_where_and_what_to_do(tmp_path, monkeypatch):
    """A user who is told that something went wrong, but not what to do."""
    with pytest.raises(ModelFileError) as caught:
        Encoder.from_pretrained(HUB_ID)
    message = str(caught.value)
    assert f"no such folder ({tmp_path / HUB_ID})" in message
    assert str(tmp_path / "cache" / "models--some-owner--tiny.bert_model") in message
    assert "pip install 'npdistil[hub]'" in message
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelFileError, match="HF_HUB_OFFLINE is set"):
        Encoder.from_pretrained(HUB_ID)
    with pytest.raises(ModelFileError, match="OWNER/NAME, or one of: bert-base, distilbert, "):
        Encoder.from_pretrained("tiny-bert-of-mine")


@pytest.mark.parametrize("name", ["/no/such/folder", "./no", "../no", "a/b/c", "no-/such", "a b"])
def test_what_can_be_no_name_is_a_folder(name):
    """A mistyped path that is looked for at the hub."""
    assert not is_hub_id(name)
    with pytest.raises(ModelFileError, match="no such folder"):
        SentenceEncoder.from_pretrained(name)


def drop(snapshot: Path, *names: str) -> None:
    for name in names:
        (snapshot / name).unlink()


def test_each_reader_needs_its_own_files(snapshot):
    """A cache with a tokenizer alone, as AutoTokenizer leaves it, taken for a model."""
    drop(snapshot, "model.safetensors")
    assert locate(HUB_ID, "tokenizer") == snapshot
    for need in ("encoder", "sentence"):
        with pytest.raises(ModelFileError, match="in the hub's cache without weights"):
            locate(HUB_ID, need)
    drop(snapshot, "config.json")
    with pytest.raises(ModelFileError, match=r"without config\.json"):
        locate(HUB_ID, "encoder")
    drop(snapshot, "vocab.txt")
    with pytest.raises(ModelFileError, match=r"without tokenizer\.json or vocab\.txt"):
        locate(HUB_ID, "tokenizer")


def test_a_link_without_its_blob_counts_as_nothing(snapshot):
    """A cache that was tidied up by hand."""
    Path(os.path.realpath(snapshot / "model.safetensors")).unlink()
    with pytest.raises(ModelFileError, match="without weights"):
        locate(HUB_ID, "encoder")


def test_missing_shards_count_as_missing_weights(snapshot):
    """An interrupted download of shards that passes for a model."""
    drop(snapshot, "model.safetensors")
    (snapshot / "model.safetensors.index.json").write_text("{}")
    for shard in (1, 3):
        (snapshot / f"model-0000{shard}-of-00003.safetensors").write_text("")
    with pytest.raises(ModelFileError, match="without weights"):
        locate(HUB_ID, "encoder")
    (snapshot / "model-00002-of-00003.safetensors").write_text("")
    assert locate(HUB_ID, "encoder") == snapshot


def test_a_cache_without_modules_is_used_when_nobody_can_be_asked(snapshot):
    """A model that does not load offline although everything is there; a silent guess."""
    drop(snapshot, "modules.json")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert SentenceEncoder.from_pretrained(HUB_ID).head.pooling == ("mean",)
    assert ["pooling is a guess" in str(warning.message) for warning in caught] == [True]


def test_fetch_without_the_client_says_what_to_install(monkeypatch, capsys):
    """An ImportError."""
    run = runner(monkeypatch, capsys)
    assert "pip install 'npdistil[hub]'" in run("fetch", HUB_ID).error
    assert "expected OWNER/NAME" in run("fetch", "./folder").error
    with pytest.raises(InputError, match="expected OWNER/NAME"):
        fetchable("a/b/c")


@pytest.mark.parametrize(
    "name, is_id",
    [
        ("bert", True), ("a/b", True), ("A-1/b_2.c", True), ("a/b/c", False), ("a--b/c", False),
        ("a/..", False), ("a..b", False), (".a/b", False), ("a/b-", False), ("a/b.git", False),
        ("a/é", False), ("a/" + "b" * 97, False), ("", False), ("a/", False), ("a\\b", False),
    ],
)  # fmt: skip
def test_what_a_hub_id_is(name, is_id):
    """A name that becomes a path outside of the cache."""
    assert is_hub_id(name) is is_id
    assert checked_revision(None) == "main"
