"""Fetching with the real huggingface_hub from a hub on this machine, over a line that fails."""

import os
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest

from npdistil import Encoder, SentenceEncoder, Tokenizer
from npdistil.checkpoint import hub_download
from npdistil.checkpoint.locate import locate
from npdistil.errors import ConfigError, InputError, ModelFileError
from tests.live.hub_server import COMMIT, Hub, digest_of, read_folder
from tests.tasks.folders import write_json, write_settings
from tests.text.tiny import VOCAB

HUB_ID = "microsoft/xtremedistil-l6-h256-uncased"
WEIGHTS = "pytorch_model.bin"
CLIENT_CHUNK = 1 << 14  # of 10 MB, which the client keeps back until they are whole
ROOT = Path(__file__).parents[2]


def repository(tmp_path: Path) -> Path:
    return tmp_path / "cache" / f"models--{HUB_ID.replace('/', '--')}"


def fetched(hub: Hub) -> set[str]:
    return {name for name in hub.files if hub.sent(name)}


def test_xtremedistil_loads_by_name(hub, xtremedistil_folder):
    """What all this is for; files fetched that nobody reads; the hub asked a second time."""
    vectors = SentenceEncoder.from_pretrained(HUB_ID, pooling="mean").encode(["a b", "the"])
    expected = SentenceEncoder.from_pretrained(xtremedistil_folder, pooling="mean").encode(
        ["a b", "the"]
    )
    np.testing.assert_array_equal(vectors, expected)
    assert fetched(hub) == {"config.json", "vocab.txt", WEIGHTS}
    # compressed on the way, neither a size nor a range of a file would be that of the file
    assert {request.encoding for request in hub.requests if request.sent} == {"identity"}
    asked = len(hub.requests)
    again = SentenceEncoder.from_pretrained("xtremedistil-l6-h256", pooling="mean")
    assert again.tokenizer.vocab_size == len(VOCAB)
    assert Encoder.from_pretrained(HUB_ID).config.hidden_size == 12
    assert len(hub.requests) == asked


def test_the_client_finds_what_we_fetched(hub, tmp_path, monkeypatch):
    """A cache of our own making: Transformers would fetch everything again."""
    snapshot = locate(HUB_ID, "sentence")
    assert snapshot == repository(tmp_path) / "snapshots" / COMMIT
    asked = len(hub.requests)
    for name in ("config.json", WEIGHTS):
        place = huggingface_hub.hf_hub_download(
            HUB_ID, name, cache_dir=tmp_path / "cache", local_files_only=True
        )
        assert Path(place) == snapshot / name
        blob = Path(os.path.realpath(place))
        assert blob.name == digest_of(name, hub.files[name])
    assert (repository(tmp_path) / "refs" / "main").read_text() == COMMIT
    assert len(hub.requests) == asked
    (info,) = huggingface_hub.scan_cache_dir(tmp_path / "cache").repos
    assert info.repo_id == HUB_ID and len(info.revisions) == 1


def test_we_find_what_the_client_fetched(hub, tmp_path):
    """A layout of the cache that is only what we think it is."""
    place = None
    for name in ("config.json", "vocab.txt", WEIGHTS):
        place = huggingface_hub.hf_hub_download(
            HUB_ID, name, cache_dir=tmp_path / "cache", endpoint=hub.url
        )
    assert place is not None
    asked = len(hub.requests)
    assert locate(HUB_ID, "encoder") == Path(place).parent
    assert len(hub.requests) == asked


def test_a_snapshot_of_the_client_needs_no_question(hub, tmp_path):
    """The hub asked at every start whether there is a modules.json, although the client knows."""
    huggingface_hub.snapshot_download(
        HUB_ID,
        cache_dir=tmp_path / "cache",
        endpoint=hub.url,
        allow_patterns=["*.json", "*.txt", "*.bin"],
    )
    asked = len(hub.requests)
    assert SentenceEncoder.from_pretrained(HUB_ID, pooling="mean").embedding_dimension == 12
    assert len(hub.requests) == asked


def test_a_tokenizer_fetches_no_weights(hub, tmp_path):
    """90 MB for a vocabulary; and an encoder that takes the tokenizer's snapshot for whole."""
    Tokenizer.from_pretrained(HUB_ID)
    assert fetched(hub) == {"config.json", "vocab.txt"}
    Encoder.from_pretrained(HUB_ID)
    assert fetched(hub) == {"config.json", "vocab.txt", WEIGHTS}
    assert len(hub.sent("config.json")) == 1


def test_one_format_of_weights(hub):
    """Each model fetched two or three times over; .bin in place of safetensors."""
    hub.files["model.safetensors"] = b"\2\0\0\0\0\0\0\0{}"
    assert hub_download.list_files(HUB_ID, "main", "encoder").files[-1].name == "model.safetensors"
    del hub.files["model.safetensors"]
    hub.files["model.safetensors.index.json"] = b"{}"
    hub.files |= {f"model-0000{n}-of-00002.safetensors": bytes([n]) for n in (1, 2)}
    names = [file.name for file in hub_download.list_files(HUB_ID, "main", "encoder").files]
    assert names == [
        "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
    ]  # fmt: skip


def test_an_old_sentence_model(hub):
    """The folder 0_Transformer, where old sentence-transformers keep the encoder."""
    old = {f"0_Transformer/{name}": hub.files.pop(name) for name in [*hub.files]}
    hub.files |= old
    assert fetched(hub) == set()
    snapshot = locate(HUB_ID, "sentence")
    assert fetched(hub) == {
        f"0_Transformer/{name}" for name in ("config.json", "vocab.txt", WEIGHTS)
    }
    assert Encoder.from_pretrained(snapshot / "0_Transformer").config.hidden_size == 12


def test_a_sentence_model_brings_its_pooling(hub, tmp_path):
    """A cache filled by Transformers, without modules.json: pooling would silently be a guess."""
    folder = write_settings(tmp_path / "pooling", settings={"max_seq_length": 9})
    hub.files |= read_folder(folder)
    Encoder.from_pretrained(HUB_ID)
    Tokenizer.from_pretrained(HUB_ID)
    assert "modules.json" not in fetched(hub)
    assert SentenceEncoder.from_pretrained(HUB_ID).max_seq_length == 9
    assert {"modules.json", "1_Pooling/config.json", "sentence_bert_config.json"} <= fetched(hub)
    assert len(hub.sent(WEIGHTS)) == 1
    asked = len(hub.requests)
    SentenceEncoder.from_pretrained(HUB_ID)
    assert len(hub.requests) == asked


def test_revisions(hub, tmp_path):
    """main in place of what was asked for."""
    hub.revisions["refs/pr/1"] = "d" * 40
    assert locate(HUB_ID, "tokenizer", "refs/pr/1").name == "d" * 40
    assert (repository(tmp_path) / "refs" / "refs" / "pr" / "1").read_text() == "d" * 40
    assert locate(HUB_ID, "tokenizer").name == COMMIT
    assert locate(HUB_ID, "tokenizer", COMMIT).name == COMMIT
    with pytest.raises(ModelFileError, match="the hub knows no revision v9"):
        Encoder.from_pretrained(HUB_ID, revision="v9")


def test_a_newer_commit_comes_by_fetch_alone(hub, tmp_path):
    """A model that changes by itself between two runs; a file fetched twice that did not change."""
    old = locate(HUB_ID, "sentence")
    hub.files["config.json"] += b"\n"
    hub.revisions["main"] = "d" * 40
    assert locate(HUB_ID, "sentence") == old
    hub.requests.clear()
    new = hub_download.download(HUB_ID, "main", "sentence")
    assert new.name == "d" * 40 and locate(HUB_ID, "sentence") == new
    assert [request.path.rpartition("/")[2] for request in hub.requests if request.sent] == [
        "config.json"
    ]
    assert (new / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert locate(HUB_ID, "sentence", COMMIT) == old


def test_a_renamed_repository(hub, tmp_path):
    """A relative redirect that is not followed."""
    hub.renamed_from = "old/name"
    assert Encoder.from_pretrained("old/name").config.hidden_size == 12
    assert {request.path.split("/")[1] for request in hub.requests} >= {"old", "microsoft", "cdn"}
    assert (tmp_path / "cache" / "models--old--name" / "refs" / "main").exists()


def test_a_token_stays_with_the_hub(hub, monkeypatch):
    """A token that is sent along to the host of the large files, or not used at all."""
    hub.token = "hf_secret"
    with pytest.raises(ModelFileError, match="knows no such model, or shows it only with a token"):
        Encoder.from_pretrained(HUB_ID)
    hub.gated = True
    with pytest.raises(ModelFileError, match="access needs the owner's consent"):
        Encoder.from_pretrained(HUB_ID)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.requests.clear()
    assert Encoder.from_pretrained(HUB_ID).config.hidden_size == 12
    tokens = {request.path.startswith("/cdn/"): request.token for request in hub.requests}
    assert tokens == {True: None, False: "Bearer hf_secret"}


def test_offline_means_offline(hub, tmp_path, monkeypatch):
    """A single request, also where something is missing; a cached model that does not load."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelFileError, match="HF_HUB_OFFLINE is set"):
        SentenceEncoder.from_pretrained(HUB_ID)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert hub.requests == []
    locate(HUB_ID, "sentence")
    monkeypatch.setenv("HF_HUB_OFFLINE", "ON")
    hub.requests.clear()
    assert SentenceEncoder.from_pretrained(HUB_ID, pooling="cls").head.pooling == ("cls",)
    assert hub.requests == []


@pytest.mark.parametrize("name", ["config.json", WEIGHTS])
def test_a_corrupted_file_is_found_out(hub, tmp_path, name):
    """The right size and the wrong bytes: the client itself looks at the size alone."""
    hub.faults[name] = ["corrupt"]
    with pytest.raises(ModelFileError, match="came with another content than the hub says"):
        locate(HUB_ID, "encoder")
    digest = digest_of(name, hub.files[name])
    assert not list(repository(tmp_path).glob(f"blobs/{digest}*"))
    assert not (repository(tmp_path) / "refs").exists()
    snapshot = locate(HUB_ID, "encoder")  # and the next run is well
    assert (snapshot / name).read_bytes() == hub.files[name]


def test_a_broken_line_goes_on_by_itself(hub, monkeypatch):
    """A download from the start for every break, or half a file that is taken for whole."""
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", CLIENT_CHUNK)
    hub.faults[WEIGHTS] = ["cut"]
    snapshot = locate(HUB_ID, "encoder")
    assert (snapshot / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    first, second = hub.sent(WEIGHTS)
    size = len(hub.files[WEIGHTS])
    assert first == size // 2 and second <= size - first + CLIENT_CHUNK


def test_a_truncated_file_is_found_out_and_completed(hub, tmp_path):
    """A whole answer with half the bytes; bytes thrown away that were good."""
    hub.faults[WEIGHTS] = ["short"]
    with pytest.raises(ModelFileError, match="what came is kept, try again"):
        locate(HUB_ID, "encoder")
    (part,) = repository(tmp_path).glob("blobs/*.incomplete")
    size = len(hub.files[WEIGHTS])
    assert part.stat().st_size == size // 2
    snapshot = locate(HUB_ID, "encoder")
    assert (snapshot / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert hub.sent(WEIGHTS) == [size // 2, size - size // 2]
    assert not part.exists()


def test_what_lay_there_may_be_wrong(hub, tmp_path):
    """A file that can never be fetched again, because its beginning is damaged or too long."""
    size = len(hub.files[WEIGHTS])
    digest = digest_of(WEIGHTS, hub.files[WEIGHTS])
    part = repository(tmp_path) / "blobs" / f"{digest}.npdistil.incomplete"
    for damaged in (b"x" * 1000, b"x" * size, b"x" * (size + 1)):
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(damaged)
        snapshot = locate(HUB_ID, "encoder")
        assert (snapshot / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
        (part.parent / digest).unlink()


def test_a_server_without_ranges(hub, tmp_path):
    """The whole file written behind the half that is there."""
    hub.faults[WEIGHTS] = ["short", "no range"]
    with pytest.raises(ModelFileError):
        locate(HUB_ID, "encoder")
    snapshot = locate(HUB_ID, "encoder")
    assert (snapshot / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_errors_of_the_hub_are_one_sentence(hub, monkeypatch):
    """A traceback of whatever HTTP library the client has today."""
    hub.api_faults = [500]
    with pytest.raises(ModelFileError, match="the hub answered 500; try again later"):
        locate(HUB_ID, "encoder")
    hub.faults[WEIGHTS] = [503]
    with pytest.raises(ModelFileError, match="the hub answered 503"):
        locate(HUB_ID, "encoder")
    with pytest.raises(ModelFileError, match=r"knows no such model.* Nor is there a folder /"):
        locate("weights/mistyped", "encoder")
    hub.hide_hashes = True
    with pytest.raises(ModelFileError, match="states no size and hash"):
        locate(HUB_ID, "sentence")
    hub.hide_hashes = False
    hub.revisions["main"] = "../../../etc"
    with pytest.raises(ModelFileError, match="as a commit, which is none"):
        locate("microsoft/xtremedistil-l6-h256-uncased", "encoder", "main")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelFileError, match="cannot be fetched"):
        locate(HUB_ID, "encoder")


def test_what_cannot_be_run_is_refused_before_its_weights(hub, xtremedistil_folder):
    """440 MB, and then a sentence that could have been said before."""
    write_json(xtremedistil_folder / "config.json", {"model_type": "roberta", "hidden_size": 12})
    hub.files = read_folder(xtremedistil_folder)
    with pytest.raises(ConfigError, match=rf"^{HUB_ID}/config\.json.*roberta"):
        Encoder.from_pretrained(HUB_ID)
    assert fetched(hub) == {"config.json"}
    del hub.files[WEIGHTS], hub.files["tf_model.h5"]
    hub.files["flax_model.msgpack"] = b"x"
    with pytest.raises(ModelFileError, match=r"no weights that are read; .*flax_model\.msgpack"):
        Encoder.from_pretrained(HUB_ID)
    del hub.files["config.json"]
    with pytest.raises(ModelFileError, match=r"this repository has no config\.json"):
        Encoder.from_pretrained(HUB_ID)
    assert Tokenizer.from_pretrained(HUB_ID).vocab_size == len(VOCAB)
    del hub.files["vocab.txt"]
    hub.revisions["new"] = "d" * 40
    with pytest.raises(ModelFileError, match=r"has no tokenizer\.json or vocab\.txt"):
        locate("xtremedistil-l6-h256", "tokenizer", hub.revisions["new"])


def test_a_cache_that_cannot_be_written_to(hub, tmp_path, monkeypatch):
    """An OSError, or one that puts it down to the hub."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        locate(HUB_ID, "encoder")
