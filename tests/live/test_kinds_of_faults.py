"""The same mistakes in other forms: another shift, one layer of several, a norm elsewhere."""

from functools import partial

import pytest
import torch

from npdistil.parity.causes import likely_cause
from npdistil.parity.ours import Ours
from tests.live import faulty_ports as ports
from tests.live.faulty_ports import Port, write_small

TEXTS = ["Hi", "Lazy dogs.", "Café Müller", "The quick brown fox jumps over the lazy dogs. " * 2]


def one_scale(port):
    port.attention(2).scaling = 1.0


def one_swap(port):
    query, key = port.linear(1, "query"), port.linear(1, "key")
    query.weight, key.weight, query.bias, key.bias = key.weight, query.weight, key.bias, query.bias


def transposed(linear, port):
    """Of one that is not square, the file's numbers read row by row as (inputs, outputs)."""
    weight = linear(port).weight
    weight.data = weight.data.reshape(*weight.shape[::-1]).T.contiguous()


def all_values(port):
    for n in range(len(port.layers)):
        transposed(lambda port, n=n: port.linear(n, "value"), port)


def bfloat16(port):
    port.model.bfloat16().float()


def longer(port):
    port.options["max_length"] = 80


def pool(mode, port):
    port.options["pooling"] = mode


def accents_of_capitals(port):
    """As `do_lower_case=False` of Transformers, under which accents are kept only if said."""
    port.tokenizer.backend_tokenizer.normalizer.lowercase = False
    port.tokenizer.backend_tokenizer.normalizer.strip_accents = True


def norms_inside(port):
    def block(self, hidden, attention_mask=None, *_, **options):
        attention = self.attention
        seen, _ = attention.self(attention.output.LayerNorm(hidden), attention_mask, **options)
        hidden = attention.output.dense(seen) + hidden
        wide = self.intermediate(self.output.LayerNorm(hidden))
        return self.output.dense(wide) + hidden

    for layer in port.layers:
        layer.forward = block.__get__(layer)


INTERMEDIATE = "layers.0.feed_forward.intermediate.weight_EI"
# Mistake -> key, where, and a part of the sentence.
KINDS = {
    "two rows on": (partial(ports.positions, shift=2), "positions", ports.POSITION, "two too late"),
    "a row back": (partial(ports.positions, shift=-1), "positions", ports.POSITION, "too early"),
    "eps 1e-5": (partial(ports.another_eps, eps=1e-5), "layer_norm_eps", ports.RSTD, " 1e-05;"),
    "eps 1e-6": (partial(ports.another_eps, eps=1e-6), "layer_norm_eps", ports.RSTD, " 1e-06;"),
    "eps 3.3e-9": (partial(ports.another_eps, eps=3.3e-9), "layer_norm_eps", ports.RSTD, "3.3e-09"),
    "one scale": (one_scale, "missing_scale", "layers.2.attention.scores", "in layer 2"),
    "one swap": (one_swap, "query_key_swapped", "layers.1.attention.query", "in layer 1"),
    "intermediate": (
        partial(transposed, lambda port: port.layers[0].intermediate.dense),
        "transposed_weight",
        INTERMEDIATE,
        "Their encoder.layer.0.intermediate.dense.weight is transposed",
    ),
    "all values": (
        all_values,
        "transposed_weight",
        "layers.0.attention.value.weight_EI",
        "of all 3 layers",
    ),
    "bfloat16": (bfloat16, "float16_weights", ports.SUM, "bfloat16"),
    "longer": (longer, "max_length", "input_ids", "at 80 tokens, this model at 48"),
    "max": (partial(pool, "max"), "pooling", ports.VECTORS, "by 'max'"),
    "capitals": (accents_of_capitals, "lower_case", "input_ids", "keep capitals"),
    "norms inside": (norms_inside, "norm_before_residual", "layers.0.attention.query", "take"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_small(tmp_path_factory.mktemp("bert"), "bert")


@pytest.fixture(scope="module")
def ours(folder):
    return Ours.from_pretrained(folder)


def observed(folder, ours, *faults):
    return Port(folder, "float64", ours.max_length, *faults).side().observe(TEXTS)


@pytest.mark.parametrize("shown", ["everything", "embeddings"])
@pytest.mark.parametrize("kind", KINDS)
def test_other_forms_are_named_too(kind, shown, folder, ours):
    """Catches a hypothesis that knows one form of its mistake, or says the wrong layer."""
    fault, key, where, said = KINDS[kind]
    theirs = observed(folder, ours, fault)
    if shown == "embeddings":
        theirs = theirs._replace(input_ids=None, token_type_ids=None, activations={})
    cause = likely_cause(ours, TEXTS, theirs, "?")
    assert cause is not None and (cause.key, cause.where) == (key, where)
    assert said in cause.sentence


@pytest.mark.parametrize("masked", [True, False])
def test_padding_that_is_pooled(masked, folder, ours):
    """Catches a mask that is thought of in attention alone."""
    faults = () if masked else (ports.padding_mask,)
    theirs = observed(folder, ours, *faults)
    rows_BLD = torch.from_numpy(theirs.activations["layers.2.output"])
    pooled_BD = torch.nn.functional.normalize(rows_BLD.mean(1)).numpy()
    theirs = theirs._replace(embeddings=pooled_BD, activations={})
    cause = likely_cause(ours, TEXTS, theirs, "sentence_embedding")
    where = ports.VECTORS if masked else "layers.0.attention.probs"
    assert cause is not None and (cause.key, cause.where) == ("padding_mask", where)
    assert "pooling" in cause.sentence


def test_the_poolers_output_for_an_embedding(folder, ours):
    """Catches a pooler that nobody suspects, and one that is transposed."""
    theirs = observed(folder, ours)
    for normal in True, False:
        pooled_BD = torch.from_numpy(theirs.activations["pooler"])
        pooled_BD = torch.nn.functional.normalize(pooled_BD) if normal else pooled_BD
        seen = theirs._replace(embeddings=pooled_BD.numpy(), activations={})
        cause = likely_cause(ours, TEXTS, seen, "sentence_embedding")
        assert (cause and cause.key) == ("pooling" if normal else None)
    turned = observed(folder, ours, partial(transposed, lambda port: port.model.pooler.dense))
    cause = likely_cause(ours, TEXTS, turned, "pooler")
    assert cause is not None and cause.where == "pooler.weight_EI"
