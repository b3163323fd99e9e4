"""Weights in several files: an index that is exact loads as one file does, any other is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npdistil.checkpoint import sharded_file
from npdistil.checkpoint.load import describe_encoder, load_encoder, load_stored
from npdistil.checkpoint.sharded_file import open_shards
from npdistil.errors import ModelFileError
from npdistil.params import named_arrays
from tests.checkpoint.tiny import BERT, bert_shapes, file_bytes, random_tensors, write_folder

INDEX = "model.safetensors.index.json"
FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
TENSORS = random_tensors(bert_shapes(), np.random.default_rng(3))
NAMES = list(TENSORS)
HALF = 17  # of 39 tensors: the parts differ
LAST = NAMES[-1]


def write_shards(folder: Path, **changed: Any) -> Path:
    """A folder of two shards; `changed` replaces keys of the index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(BERT))
    parts = {FIRST: NAMES[:HALF], SECOND: NAMES[HALF:]}
    for file, names in parts.items():
        (folder / file).write_bytes(file_bytes({name: TENSORS[name] for name in names}))
    shards = {name: file for file, names in parts.items() for name in names}
    index = {"metadata": {"total_size": 1}, "weight_map": shards, **changed}
    (folder / INDEX).write_text(json.dumps(index))
    return folder


def shards_with(**changed: object) -> dict[str, object]:
    """The map of an index with some entries changed."""
    shards: dict[str, object] = dict.fromkeys(NAMES[:HALF], FIRST)
    return shards | dict.fromkeys(NAMES[HALF:], SECOND) | changed


def test_shards_load_as_one_file_does(tmp_path: Path) -> None:
    """Catches tensors of one shard under the names of another, and a size of one shard only."""
    whole = write_folder(tmp_path / "whole", BERT, TENSORS)
    folder = write_shards(tmp_path / "shards")
    expected, found = (named_arrays(load_encoder(path)[1]) for path in (whole, folder))
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[path], expected[path]) for path in expected)
    stored = load_stored(folder)[2]
    sizes = [(folder / name).stat().st_size for name in (FIRST, SECOND)]
    assert (stored.format, stored.file_bytes) == ("safetensors", sum(sizes))
    assert describe_encoder(folder) == (load_encoder(folder)[0], describe_encoder(whole)[1], stored)


def test_one_file_comes_before_shards(tmp_path: Path) -> None:
    """Catches the other order: what Transformers reads is what we read."""
    write_shards(tmp_path)
    write_folder(tmp_path, BERT, {name: 2 * array for name, array in TENSORS.items()})
    found = load_encoder(tmp_path)[1].embeddings.word_VD
    assert np.array_equal(found, 2 * TENSORS["embeddings.word_embeddings.weight"])


Change = Callable[[Path], object]


def index(**changed: object) -> Change:
    """Replace keys of the index."""
    return lambda folder: write_shards(folder, **changed)


def text(content: str) -> Change:
    """Replace the index as a whole."""
    return lambda folder: (folder / INDEX).write_text(content)


def named(file: object) -> Change:
    """The last tensor is said to be in another file."""
    return index(weight_map=shards_with(**{LAST: file}))


def rewrite(file: str, tensors: dict[str, np.ndarray]) -> Change:
    """Replace a shard."""
    return lambda folder: (folder / file).write_bytes(file_bytes(tensors))


def nan_in_the_second(folder: Path) -> None:
    """One value of the second shard."""
    broken = {name: TENSORS[name].copy() for name in NAMES[HALF:]}
    broken[LAST][0] = np.nan
    rewrite(SECOND, broken)(folder)


NOT_PLAIN = "expected the plain name"
SHARDED: dict[str, tuple[Change, str]] = {
    # the index as a file
    "index_empty": (text(""), "not valid JSON"),
    "index_array": (text("[]"), "expected a JSON object"),
    "index_without_map": (text("{}"), "weight_map: expected an object, received nothing"),
    "index_twice_one_name": (
        text(f'{{"weight_map": {{"a": "{FIRST}", "a": "{SECOND}"}}}}'),
        "'a' appears twice",
    ),
    "index_deep": (text('{"weight_map": ' * 5000), "nested more than"),
    "index_unknown_key": (index(auto_map={}), "auto_map: unknown field"),
    "map_null": (index(weight_map=None), "weight_map: expected an object"),
    "map_of_a_list": (index(weight_map=[FIRST]), "weight_map: expected an object"),
    "map_empty": (index(weight_map={}), "0 tensors, from 1 to"),
    "map_of_numbers": (named(1), NOT_PLAIN),
    "map_of_lists": (named([FIRST]), NOT_PLAIN),
    # names of files
    "name_up": (named("../model.safetensors"), NOT_PLAIN),
    "name_up_and_down": (named("a/../../model.safetensors"), NOT_PLAIN),
    "name_absolute": (named("/etc/model.safetensors"), NOT_PLAIN),
    "name_in_a_folder": (named("part/model.safetensors"), NOT_PLAIN),
    "name_backslash": (named("..\\model.safetensors"), NOT_PLAIN),
    "name_drive": (named("C:model.safetensors"), NOT_PLAIN),
    "name_address": (named("https://host/model.safetensors"), NOT_PLAIN),
    "name_nul": (named("model\0.safetensors"), NOT_PLAIN),
    "name_line_end": (named("model\n.safetensors"), NOT_PLAIN),
    "name_hidden": (named(".safetensors"), NOT_PLAIN),
    "name_empty": (named(""), NOT_PLAIN),
    "name_pickle": (named("pytorch_model.bin"), NOT_PLAIN),
    "name_of_the_index": (named(INDEX), NOT_PLAIN),
    "name_surrogate": (named("\ud800.safetensors"), NOT_PLAIN),
    "name_of_300_bytes": (named("x" * 300 + ".safetensors"), "cannot be looked up"),
    # files
    "file_missing": (lambda folder: (folder / SECOND).unlink(), f"1 files missing: {SECOND}"),
    "file_missing_and_another_extra": (
        lambda folder: (folder / SECOND).rename(folder / "model-00003-of-00003.safetensors"),
        f"missing: {SECOND}; 1 files beside it that it does not name: model-00003-of-00003",
    ),
    "file_extra": (
        rewrite("model-00003-of-00003.safetensors", {}),
        "1 files beside it that it does not name: model-00003-of-00003.safetensors",
    ),
    "file_cut": (
        lambda folder: (folder / SECOND).write_bytes((folder / SECOND).read_bytes()[:-1]),
        f"{SECOND}: the header describes",
    ),
    "file_is_a_folder": (
        lambda folder: ((folder / SECOND).unlink(), (folder / SECOND).mkdir()),
        f"{SECOND}: not a regular file|cannot be opened",
    ),
    "file_dangling": (
        lambda folder: (
            (folder / SECOND).unlink(),
            (folder / SECOND).symlink_to(folder / "nowhere"),
        ),
        f"{SECOND}: no such file",
    ),
    "file_is_itself": (
        lambda folder: ((folder / SECOND).unlink(), (folder / SECOND).symlink_to(SECOND)),
        f"{SECOND}: cannot be opened",
    ),
    # tensors
    "tensor_in_the_other_shard": (
        named(FIRST),
        f"1 tensors missing: {LAST} of {FIRST}; 1 tensors where it does not say: {LAST} in",
    ),
    "tensor_in_both_shards": (
        rewrite(FIRST, {name: TENSORS[name] for name in [*NAMES[:HALF], LAST]}),
        f"1 tensors where it does not say: {LAST} in {FIRST}",
    ),
    "tensor_of_no_shard": (
        index(weight_map=shards_with(ghost=FIRST)),
        f"1 tensors missing: ghost of {FIRST}",
    ),
    "tensor_that_the_index_leaves_out": (
        index(weight_map={k: v for k, v in shards_with().items() if k != LAST}),
        f"1 tensors where it does not say: {LAST} in {SECOND}",
    ),
    "tensors_swapped": (
        index(weight_map=shards_with(**{NAMES[0]: SECOND, LAST: FIRST})),
        "2 tensors missing: .*; 2 tensors where it does not say",
    ),
    "tensor_nan": (nan_in_the_second, f"{SECOND}: tensor '{LAST}': holds NaN"),
}


@pytest.mark.parametrize("name", SHARDED)
def test_an_index_that_is_not_exact_is_refused(tmp_path: Path, name: str) -> None:
    """Catches a file outside the folder being read, and an index that two readers understand."""
    change, message = SHARDED[name]
    change(write_shards(tmp_path))
    with pytest.raises(ModelFileError, match=message) as caught:
        load_encoder(tmp_path)
    assert str(caught.value).startswith(str(tmp_path)) or name == "name_of_300_bytes"
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1500


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches limits that exist in name only."""
    path = write_shards(tmp_path) / INDEX

    def refusal() -> str:
        with pytest.raises(ModelFileError) as caught, open_shards(path):
            pass
        return str(caught.value)

    monkeypatch.setattr(sharded_file, "MAX_TOTAL_BYTES", 1000)
    assert "bytes, at most 1000 are accepted" in refusal()
    monkeypatch.setattr(sharded_file, "MAX_SHARDS", 1)
    assert "2 files, at most 1" in refusal()
    monkeypatch.setattr(sharded_file, "MAX_TENSORS", 36)
    assert "39 tensors, from 1 to 36" in refusal()
