"""Every hidden state and attention map against golden files of Transformers; needs no torch.

tools/make_golden.py makes the files; tests/live/test_golden_is_current.py holds them to today's
Transformers.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from npdistil.checkpoint.load import load_encoder
from npdistil.encoder import Encoder
from npdistil.encoder.output import EncoderOutput
from npdistil.params import map_arrays, named_arrays
from tests.tolerances import COSINE, GOLDEN_FLOAT64, HIDDEN_FLOAT32

GOLDEN = Path(__file__).parent.parent / "golden"
MODELS = ("tiny-odd", "tiny-distilbert")
BATCHES = ("padded", "one_token")
# What makes the files of each folder.
TOOLS = {
    **dict.fromkeys(("golden", *MODELS), "make_golden"),
    **dict.fromkeys(("bert", "distilbert"), "make_h5_golden"),
    "question_answering": "make_qa_goldens",
}
BACKENDS = {
    ("numpy", "float64"): GOLDEN_FLOAT64,
    ("numpy", "float32"): HIDDEN_FLOAT32,
    ("numba", "float32"): HIDDEN_FLOAT32,
}
Arrays = dict[str, np.ndarray]


@cache
def golden(model: str, batch: str) -> tuple[Arrays, Arrays]:
    """What the encoder is given, and the activations that Transformers computed from it."""
    arrays = load_file(GOLDEN / model / "activations.safetensors")
    mine = {key.partition(".")[2]: array for key, array in arrays.items() if key.startswith(batch)}
    given = {key: mine.pop(key) for key in list(mine) if key.endswith(("_ids", "_mask"))}
    return given, mine


def in_computing_order(found: EncoderOutput) -> Iterator[tuple[str, np.ndarray]]:
    """Each activation under its golden name."""
    yield "hidden_states.0", found.hidden_states[0]
    for n, maps in enumerate(found.attentions):
        yield f"attentions.{n}", maps
        yield f"hidden_states.{n + 1}", found.hidden_states[n + 1]
    if found.pooler_output is not None:
        yield "pooler_output", found.pooler_output


def first_divergence(
    encoder: Encoder, model: str, batch: str, tolerance: float
) -> tuple[str, float] | None:
    """Name and largest difference of the first activation that misses the tolerance.

    Rows of masked tokens must be zeros; Transformers leaves numbers there that mean nothing.
    """
    given, exact = golden(model, batch)
    found = encoder(**given, output_hidden_states=True, output_attentions=True)
    keep_BL = given["attention_mask"] == 1
    keep = {
        "hidden_states": keep_BL[:, :, None],
        "attentions": (keep_BL[:, :, None] & keep_BL[:, None, :])[:, None],
        "pooler_output": keep_BL[:, :1],
    }
    compared = []
    for name, array in in_computing_order(found):
        compared.append(name)
        assert array.shape == exact[name].shape, name
        wanted = exact[name] * keep[name.partition(".")[0]]
        size = float(np.abs(array - wanted).max())
        if not size <= tolerance:
            return name, size
    assert sorted(compared) == sorted(exact)
    return None


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("backend, dtype", BACKENDS)
@pytest.mark.parametrize("model", MODELS)
def test_every_layer_equals_the_golden_files(model, backend, dtype, batch):
    """A wrong weight, bias, scale, mask, position or type, named with the layer it first hurts."""
    encoder = Encoder.from_pretrained(GOLDEN / model, backend, dtype)
    diverged = first_divergence(encoder, model, batch, BACKENDS[backend, dtype])
    assert diverged is None, f"{model}, {batch}: first at {diverged}"


@pytest.mark.parametrize("backend, dtype", BACKENDS)
@pytest.mark.parametrize("model", MODELS)
def test_the_direction_of_every_row(model, backend, dtype):
    """An error within the tolerance of each number that still turns the whole vector."""
    given, exact = golden(model, "padded")
    encoder = Encoder.from_pretrained(GOLDEN / model, backend, dtype)
    keep_BL = given["attention_mask"] == 1
    ours_TD = encoder(**given).last_hidden_state[keep_BL].astype(np.float64)
    exact_TD = exact["hidden_states.2"][keep_BL]
    lengths_T = np.linalg.norm(ours_TD, axis=1) * np.linalg.norm(exact_TD, axis=1)
    assert ((ours_TD * exact_TD).sum(axis=1) / lengths_T).min() >= 1 - COSINE


def parameters_that_act() -> Iterator[tuple[str, str, str]]:
    """(model, path, where it is first seen) of every array.

    Without the biases of the keys: they add the same to all scores of a row, and softmax takes
    that away again.
    """
    for model in MODELS:
        for path in named_arrays(load_encoder(GOLDEN / model)[1]):
            part, *rest = path.split(".")
            place = {"embeddings": "hidden_states.0", "pooler": "pooler_output"}.get(part)
            if part == "layers":
                scores = rest[2] in ("query", "key")
                n = int(rest[0])
                place = f"attentions.{n}" if scores else f"hidden_states.{n + 1}"
            assert place is not None
            if not path.endswith("key.bias_E"):
                yield model, path, place


@pytest.mark.parametrize("model, path, place", list(parameters_that_act()))
def test_a_wrong_parameter_is_seen_where_it_acts(model, path, place, rng):
    """A blind golden file: each array is disturbed in turn, and must be named at the right layer.

    So no bias of the tiny models is zero without need, and no attention too flat to show a score.
    """

    def disturbed(where: str, array: np.ndarray) -> np.ndarray:
        return array + 1e-6 * rng.standard_normal(array.shape) if where == path else array

    config, params = load_encoder(GOLDEN / model, np.dtype("float64"))
    encoder = Encoder(config, map_arrays(disturbed, params), "numpy", "float64")
    diverged = first_divergence(encoder, model, "padded", GOLDEN_FLOAT64)
    assert diverged is not None
    assert diverged[0] == place


@pytest.mark.parametrize("model", MODELS)
def test_the_inputs_are_the_difficult_ones(model):
    """A golden file made again with easier inputs."""
    given, exact = golden(model, "padded")
    keep_BL = given["attention_mask"] == 1
    assert keep_BL[0].all(), "a row without padding"
    assert not keep_BL[1, -1] and keep_BL[1, 0], "padding on the right"
    assert keep_BL[2, -1] and not keep_BL[2, 0], "padding on the left"
    assert (np.diff(keep_BL.astype(int), axis=1) != 0).sum(axis=1).max() > 2, "holes"
    assert golden(model, "one_token")[0]["input_ids"].shape == (2, 1)
    assert {0, 98} <= set(given["input_ids"][keep_BL].tolist()), "both ends of the table"
    assert all(array.dtype == np.float64 for array in exact.values())
    if model == "tiny-odd":
        for row in (0, 2, 3):
            assert set(given["token_type_ids"][row, keep_BL[row]].tolist()) == {0, 1}, "pairs"
    entropy = -(exact["attentions.0"] * np.log(np.maximum(exact["attentions.0"], 1e-300))).sum(-1)
    assert entropy[0].mean() < 0.9 * np.log(keep_BL.shape[1]), "attention is not uniform"


def origin_of(path: Path) -> dict[str, Any]:
    if path.suffix == ".json":
        return json.loads(path.read_text())
    with safe_open(path, "np") as file:
        return file.metadata()


def test_the_files_are_small_and_say_where_they_come_from():
    """A file that nobody knows how to make again, or a repository that fills with binaries."""
    files = [path for path in GOLDEN.rglob("*") if path.is_file()]
    assert len(files) >= 7
    assert sum(path.stat().st_size for path in files) < 1_000_000
    for path in files:
        if path.suffix == ".h5":  # its origin stands in the files beside it
            continue
        origin = origin_of(path)
        assert origin["made_by"].startswith(f"python tools/{TOOLS[path.parent.name]}.py"), path
        assert " " in origin["made_with"], path
