"""An ONNX file as the other side, beside a graph that was written node by node."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto

from npdistil import InputError
from npdistil.params import cast, map_arrays
from npdistil.parity.compare import compare
from npdistil.parity.onnx_side import OnnxSide
from npdistil.parity.ours import Ours
from tests.live.onnx_models import SHOWN, write_bert
from tests.tasks.folders import write_model

TEXTS = ["the Unable c", "É, a b!", "a"]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return Ours.from_pretrained(write_model(tmp_path_factory.mktemp("onnx") / "model"))


@pytest.fixture(scope="module")
def params(ours):
    return cast(ours.params, np.float32)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sizes": ("batch", 41)},
        {"sizes": (1, "tokens")},
        {"shown": ()},
        {"integers": TensorProto.INT32, "sizes": (3, "tokens")},
    ],
)
def test_a_graph_passes(options, ours, params, tmp_path):
    """Catches outputs under other names, fixed sizes that are not met, and padding that is seen."""
    path = write_bert(tmp_path / "bert.onnx", ours.config, params, **options)
    report = compare(ours, OnnxSide(path, ours), TEXTS)
    assert report.passed, report.as_table()
    names = [*options.get("shown", SHOWN), "layers.1.output", "pooler"]
    assert [row.name for row in report.activations] == names
    assert all(row.theirs.max_abs > 1e-12 for row in report.activations)
    assert report.side == "onnx bert.onnx" and report.ids == ()
    assert [(row.name, row.theirs) for row in report.settings] == [("dtype", "float32")]


@pytest.mark.parametrize(
    "name, first",
    [
        ("embeddings.position_PD", "embeddings"),
        ("layers.0.attention.query.weight_EI", "layers.0.attention.probs"),
        ("layers.1.feed_forward.norm.bias_D", "layers.1.output"),
        ("pooler.bias_E", "pooler"),
    ],
)
def test_a_graph_of_other_weights_fails(name, first, ours, params, tmp_path):
    """Catches a bound that lets wrong weights pass, and a verdict at another place."""

    def wrong(path, array):
        return array * np.float32(1.001) if path == name else array

    path = write_bert(tmp_path / "bert.onnx", ours.config, map_arrays(wrong, params))
    assert compare(ours, OnnxSide(path, ours), TEXTS).first == first


def test_more_texts_than_the_graph_takes(ours, params, tmp_path):
    """Catches the runtime's own words about axes."""
    side = OnnxSide(write_bert(tmp_path / "b.onnx", ours.config, params, (2, 9)), ours)
    with pytest.raises(InputError, match="takes 2 texts of 9 tokens at once, not 3 of 7"):
        side.observe(TEXTS)
    assert side.observe(TEXTS[:2]).activations["layers.1.output"].shape == (2, 9, 12)
    with pytest.raises(InputError, match="of 9 tokens at once"):
        side.observe(["a " * 11, "a"])


def test_files_that_are_no_graph_of_an_encoder(ours, params, tmp_path):
    """Catches a traceback of the runtime's, and a graph whose inputs nobody can give."""
    with pytest.raises(InputError, match="no such file"):
        OnnxSide(tmp_path / "none.onnx", ours)
    with pytest.raises(InputError, match="not a regular file"):
        OnnxSide(tmp_path, ours)
    (tmp_path / "text.onnx").write_text("no graph at all")
    with pytest.raises(InputError, match="onnxruntime cannot load it"):
        OnnxSide(tmp_path / "text.onnx", ours)
    path = write_bert(tmp_path / "b.onnx", ours.config, params)
    content = path.read_bytes()
    for old, new, message in (
        (b"attention_mask", b"attention_musk", "input 'attention_musk'"),
        (b"last_hidden_state", b"lost_hidden_state", None),
    ):
        path.write_bytes(content.replace(old, new))
        if message:
            with pytest.raises(InputError, match=message):
                OnnxSide(path, ours)
        else:
            assert "layers.1.output" not in OnnxSide(path, ours).observe(TEXTS).activations


def test_a_graph_that_shows_nothing_known(ours, params, tmp_path):
    """Catches a comparison of nothing, which would pass."""
    path = write_bert(tmp_path / "b.onnx", ours.config, params, shown=())
    content = path.read_bytes().replace(b"last_hidden_state", b"lost_hidden_state")
    path.write_bytes(content.replace(b"pooler_output", b"puuler_output"))
    with pytest.raises(InputError, match="gives lost_hidden_state, puuler_output; expected last_"):
        OnnxSide(path, ours)


def test_without_onnxruntime(ours, tmp_path, monkeypatch):
    """Catches a ModuleNotFoundError where the extra should be named."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'npdistil\[onnx\]'"):
        OnnxSide(tmp_path / "b.onnx", ours)


def test_a_pooler_that_only_the_other_side_has(ours, params, tmp_path):
    """Catches a failure over weights that a framework made up."""
    path = write_bert(tmp_path / "b.onnx", ours.config, params)
    bare = replace(ours, params=ours.params._replace(pooler=None))
    report = compare(bare, OnnxSide(path, bare), TEXTS)
    assert report.passed and report.activations[-1].name == "layers.1.output"
