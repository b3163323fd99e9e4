"""The golden files are what the tool makes with the installed libraries, and a lie is noticed."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tools import make_golden


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    make_golden.write_all(folder)
    return folder


def test_golden_files_are_current(fresh):
    """Files changed by hand, and a Transformers or tokenizers that computes something else."""
    assert make_golden.differences(make_golden.GOLDEN, fresh) == []


def test_the_same_bytes_again(fresh, tmp_path):
    """A seed, an order or a time stamp that differs from run to run."""
    make_golden.write_all(tmp_path)
    for path in sorted(file for file in fresh.rglob("*") if file.is_file()):
        assert (tmp_path / path.relative_to(fresh)).read_bytes() == path.read_bytes(), path.name


def test_every_kind_of_lie_is_noticed(fresh, tmp_path):
    """A check that passes whatever is committed."""
    folder = tmp_path / "golden"
    shutil.copytree(fresh, folder)
    activations = folder / "tiny-odd" / "activations.safetensors"
    arrays = load_file(activations)
    arrays["padded.attentions.1"][0, 0, 0, 0] += 1e-9
    save_file(arrays, activations)
    weights = folder / "tiny-distilbert" / "model.safetensors"
    arrays = load_file(weights)
    last = arrays["transformer.layer.1.ffn.lin2.bias"]
    last[-1] = np.nextafter(last[-1], np.float32(9))
    save_file(arrays, weights)
    text = folder / "tokenization.json"
    content = json.loads(text.read_text())
    content["cases"][7]["encodings"][0]["input_ids"][0] = 3
    text.write_text(json.dumps(content))
    (folder / "tiny-odd" / "config.json").unlink()
    (folder / "stray.json").write_text("{}")
    config = folder / "tiny-distilbert" / "config.json"
    config.write_text(config.read_text().replace('"transformers_version": "', '"x": "1'))

    found = make_golden.differences(folder, fresh)
    assert [line.split(" ")[0] + line.split(" ")[1] for line in found] == [
        "stray.json:nothing",
        "tiny-distilbert/config.json:x",
        "tiny-distilbert/model.safetensors:transformer.layer.1.ffn.lin2.bias",
        "tiny-odd/activations.safetensors:padded.attentions.1",
        "tiny-odd/config.json:made",
        "tokenization.json:cases",
    ]


def test_other_versions_are_no_difference(fresh, tmp_path):
    """A check that fails on the day of a new release that computes the same."""
    folder = tmp_path / "golden"
    shutil.copytree(fresh, folder)
    config = folder / "tiny-odd" / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps({**values, "transformers_version": "9", "made_with": "torch 9"}))
    assert make_golden.differences(folder, fresh) == []
