"""Pairs of texts beside Transformers: token types that a port forgets are seen, and named."""

import numpy as np
import pytest
import torch

from npdistil.params import cast
from npdistil.parity.causes import likely_cause
from npdistil.parity.compare import compare
from npdistil.parity.onnx_side import OnnxSide
from npdistil.parity.ours import Ours
from npdistil.parity.texts import default_texts
from npdistil.parity.transformers_side import TransformersSide
from tests.live.faulty_ports import Port, token_types, write_small
from tests.live.onnx_models import write_bert
from tests.tasks.classification.folders import NLI, write_classifier

ALONE = ["Hi", "Café Müller"]
PAIR = ("Lazy dogs", "do not jump.")
TEXTS = [*ALONE, PAIR, ("a", "")]


def untyped(port):
    """The types are made, and do not arrive."""

    def zeroed(_, args, kwargs):
        return args, {**kwargs, "token_type_ids": torch.zeros_like(kwargs["token_type_ids"])}

    port.model.register_forward_pre_hook(zeroed, with_kwargs=True)


def never_typed(port):
    """The tokenizer makes none."""
    port.tokenizer.model_input_names = ["input_ids", "attention_mask"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {name: write_small(tmp_path_factory.mktemp(name), name) for name in KINDS}


KINDS = {"bert": "float64", "distilbert": "float32"}


def port_of(folder, dtype, *faults):
    return Port(folder, dtype, 48, *faults)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("family", KINDS)
def test_a_faultless_port_passes(family, dtype, folders, compared):
    """Catches second texts that one side leaves out, and a cause where there is none."""
    ours = Ours.from_pretrained(folders[family])
    side = port_of(folders[family], dtype).side()
    report = compare(ours, side, TEXTS)
    assert report.passed and report.cause is None, report.as_table()
    assert likely_cause(ours, TEXTS, side.observe(TEXTS), "looked for, and not there") is None
    tokens = ours.tokens(TEXTS)
    assert [len(row) for row in tokens.input_ids] == [row.theirs for row in report.ids]
    types = tokens.token_type_ids
    assert (types is None) == (family == "distilbert")
    assert types is None or [max(row) for row in types] == [0, 0, 1, 1]
    compared("texts and pairs of a parity report with Transformers", len(TEXTS))


def test_types_that_do_not_arrive_are_named(folders):
    """Catches a report of texts alone, whose types are 0 in any case."""
    ours = Ours.from_pretrained(folders["bert"])
    side = port_of(folders["bert"], "float32", untyped).side()
    assert compare(ours, side, ALONE).passed
    report = compare(ours, side, TEXTS)
    assert report.first == "embeddings.norm.mean" and all(row.ok for row in report.ids)
    assert (report.cause.key, report.cause.where) == ("token_types", "embeddings.norm.mean")
    assert "of a pair, those of the second text" in report.cause.sentence
    vectors = side.observe(TEXTS)._replace(input_ids=None, token_type_ids=None, activations={})
    assert likely_cause(ours, TEXTS, vectors, "sentence_embedding").key == "token_types"


def test_types_that_are_not_made_are_one_finding(folders):
    """Catches activations that are compared on types that the other side has not got."""
    ours = Ours.from_pretrained(folders["bert"])
    report = compare(ours, port_of(folders["bert"], "float64", never_typed).side(), TEXTS)
    assert report.first == "input_ids" and all(row.ok for row in report.activations)
    row = report.ids[2]
    assert (row.our_piece, row.their_piece) == ("d (type 1)", "d (type 0)")
    assert (report.cause.key, report.cause.where) == ("token_types", "token_type_ids")


def test_the_other_form_keeps_its_name(folders):
    """Catches types of 0 named where the table is left out, of pairs and texts alike."""
    ours = Ours.from_pretrained(folders["bert"])
    port = port_of(folders["bert"], "float64", token_types)
    cause = compare(ours, port.side(), TEXTS).cause
    assert (cause.key, cause.where) == ("token_types", "embeddings.token_type_GD")


def test_a_classifier_and_the_default_texts(tmp_path):
    """Catches defaults without a pair, and logits of the first text alone."""
    folder = write_classifier(tmp_path / "model", NLI)
    ours = Ours.from_pretrained(folder)
    texts = default_texts(ours.typed)
    assert [type(text) for text in texts] == [str] * 6 + [tuple]
    report = compare(ours, TransformersSide.from_pretrained(folder), texts)
    assert report.passed and report.activations[-1].name == "head.logits", report.as_table()


def test_a_graph_gets_the_types(folders, tmp_path):
    """Catches types of 0 that are fed to a graph."""
    ours = Ours.from_pretrained(folders["bert"])
    for sizes in ("batch", "tokens"), (1, 41):
        path = write_bert(tmp_path / "b.onnx", ours.config, cast(ours.params, np.float32), sizes)
        report = compare(ours, OnnxSide(path, ours), TEXTS)
        assert report.passed, report.as_table()
