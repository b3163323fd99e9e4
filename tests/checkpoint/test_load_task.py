"""A head loads with its encoder and its settings, or one error says why not and what there is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npdistil.checkpoint.load import load_encoder
from npdistil.checkpoint.load_task import OpenTask, open_task
from npdistil.errors import ConfigError, ModelFileError, NpdistilError
from npdistil.params import DenseParams, MaskedLMParams, named_arrays
from tests.checkpoint.tiny import (
    BERT,
    DISTILBERT,
    bert_shapes,
    distilbert_shapes,
    random_tensors,
    write_folder,
)

Tensors = dict[str, np.ndarray]
MLM = {
    "cls.predictions.transform.dense.weight": (12, 12),
    "cls.predictions.transform.dense.bias": (12,),
    "cls.predictions.transform.LayerNorm.weight": (12,),
    "cls.predictions.transform.LayerNorm.bias": (12,),
    "cls.predictions.bias": (37,),
}
DISTILBERT_MLM = {
    "vocab_transform.weight": (12, 12),
    "vocab_transform.bias": (12,),
    "vocab_layer_norm.weight": (12,),
    "vocab_layer_norm.bias": (12,),
    "vocab_projector.bias": (37,),
}
DECODER = "cls.predictions.decoder.weight"
WORDS = "embeddings.word_embeddings.weight"


def linear(name: str, outputs: int, inputs: int = 12) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


@pytest.fixture
def bert(rng: np.random.Generator) -> Tensors:
    return random_tensors(bert_shapes(), rng)


@pytest.fixture
def distilbert(rng: np.random.Generator) -> Tensors:
    return random_tensors(distilbert_shapes(), rng)


@pytest.fixture
def heads(rng: np.random.Generator):
    return lambda shapes: random_tensors(shapes, rng)


def opened(folder: Path, task: str) -> OpenTask:
    with open_task(folder, task) as found:
        return found._replace(params=found.params._replace(layers=tuple(found.params.layers)))


def refusal(folder: Path, task: str, error: type[NpdistilError]) -> str:
    with pytest.raises(error) as caught, open_task(folder, task):
        pass
    return str(caught.value)


def layers_of(found: OpenTask) -> list[DenseParams]:
    assert isinstance(found.head, tuple) and not isinstance(found.head, MaskedLMParams)
    return list(found.head)


def without_pooler(tensors: Tensors) -> Tensors:
    return {name: array for name, array in tensors.items() if not name.startswith("pooler.")}


@pytest.mark.parametrize("prefix, wrapper", [("", ""), ("bert.", ""), ("bert.", "module.")])
def test_bert_classifier_stands_on_the_pooler(tmp_path, bert, heads, prefix, wrapper):
    """Catches a head that is looked for behind the encoder's prefix, or without DataParallel's."""
    head = heads(linear("classifier", 3))
    named = {wrapper + prefix + name: array for name, array in bert.items()}
    named |= {wrapper + name: array for name, array in head.items()}
    folder = write_folder(tmp_path, BERT, named)
    found = opened(folder, "text-classification")
    (layer,) = layers_of(found)
    assert found.on_pooler and layer.activation == "identity"
    assert np.array_equal(layer.linear.weight_EI, head["classifier.weight"])
    assert np.array_equal(layer.linear.bias_E, head["classifier.bias"])
    assert found.settings.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    alone = named_arrays(load_encoder(folder)[1])
    beside = named_arrays(found.params)
    assert alone.keys() == beside.keys()
    assert all(np.array_equal(alone[path], beside[path]) for path in alone)


def test_a_classifier_without_its_pooler_is_refused(tmp_path, bert, heads):
    """Catches a classifier on the bare first row: other scores without a sign of it."""
    config = {**BERT, "architectures": ["BertForSequenceClassification"]}
    tensors = {**without_pooler(bert), **heads(linear("classifier", 3))}
    message = refusal(
        write_folder(tmp_path, config, tensors), "text-classification", ModelFileError
    )
    assert "no pooler.dense, whose output the classifier of a BERT reads" in message


def test_xtremedistil_projects_the_first_row(tmp_path, bert, heads):
    """Catches a projection that is taken for a leftover, or put on the pooler."""
    tensors = {**bert, **heads({**linear("projection", 20), **linear("classifier", 3, 20)})}
    folder = write_folder(tmp_path, BERT, tensors)
    found = opened(folder, "text-classification")
    assert not found.on_pooler
    assert [layer.linear.weight_EI.shape for layer in layers_of(found)] == [(20, 12), (3, 20)]
    assert [layer.activation for layer in layers_of(found)] == ["identity", "identity"]
    load_encoder(folder)  # a bare encoder has no use for it
    tensors["classifier.weight"] = np.zeros((3, 12), np.float32)
    message = refusal(write_folder(tmp_path, BERT, tensors), "text-classification", ModelFileError)
    assert "classifier.weight (3, 12), where (3, 20) is needed" in message


def test_distilbert_heads(tmp_path, distilbert, heads):
    """Catches relu left out, or the two layers in the other order."""
    tensors = {**distilbert, **heads({**linear("pre_classifier", 12), **linear("classifier", 5)})}
    found = opened(write_folder(tmp_path, DISTILBERT, tensors), "text-classification")
    first, second = layers_of(found)
    assert not found.on_pooler and (first.activation, second.activation) == ("relu", "identity")
    assert np.array_equal(first.linear.weight_EI, tensors["pre_classifier.weight"])
    assert np.array_equal(second.linear.weight_EI, tensors["classifier.weight"])
    assert found.settings.num_labels == 5


@pytest.mark.parametrize("decoder", ["absent", "equal", "other"])
@pytest.mark.parametrize("spelling", ["today", "gamma"])
def test_masked_words(tmp_path, bert, heads, decoder, spelling):
    """Catches a tied table that is kept twice, an untied one that is dropped, and old names."""
    head = heads(MLM)
    if decoder != "absent":
        head[DECODER] = bert[WORDS].copy()
        head[DECODER][36, 11] += decoder == "other"
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    stored = {**without_pooler(bert), **head}
    if spelling == "gamma":
        for today, before in old.items():
            stored = {name.replace(today, before): array for name, array in stored.items()}
    found = opened(write_folder(tmp_path, {**BERT, "hidden_act": "gelu_new"}, stored), "fill-mask")
    assert isinstance(found.head, MaskedLMParams) and found.settings.labels == ()
    assert found.head.transform.activation == "gelu_tanh"
    for array, name in zip(
        (*found.head.transform.linear, *found.head.norm, found.head.bias_V), MLM, strict=True
    ):
        assert np.array_equal(array, head[name]), name
    if decoder == "other":
        assert np.array_equal(found.head.decoder_VD, head[DECODER])
    else:
        assert found.head.decoder_VD is None


def test_masked_words_of_distilbert(tmp_path, distilbert, heads):
    """Catches BERT's names on DistilBERT; its decoder is tied as well."""
    head = heads(DISTILBERT_MLM)
    head["vocab_projector.weight"] = distilbert[WORDS]
    found = opened(write_folder(tmp_path, DISTILBERT, {**distilbert, **head}), "fill-mask").head
    assert isinstance(found, MaskedLMParams) and found.decoder_VD is None
    assert np.array_equal(found.transform.linear.weight_EI, head["vocab_transform.weight"])
    assert np.array_equal(found.bias_V, head["vocab_projector.bias"])


def test_the_decoders_own_bias_comes_first(tmp_path, bert, heads):
    """Catches the other bias of an untied head, which Transformers does not read."""
    head = heads({**MLM, "cls.predictions.decoder.bias": (37,)})
    found = opened(write_folder(tmp_path, BERT, {**bert, **head}), "fill-mask").head
    assert isinstance(found, MaskedLMParams)
    assert np.array_equal(found.bias_V, head["cls.predictions.decoder.bias"])


def test_an_untied_decoder_must_be_there(tmp_path, bert, heads):
    """Catches the table of embeddings in the place of a decoder that was lost."""
    config = {**BERT, "tie_word_embeddings": False}
    folder = write_folder(tmp_path, config, {**bert, **heads(MLM)})
    assert f"no {DECODER}" in refusal(folder, "fill-mask", ModelFileError)


@pytest.mark.parametrize(
    "shapes, architecture, task, held",
    [
        ({}, None, "question-answering", "an encoder alone"),
        (linear("qa_outputs", 2), None, "fill-mask", "question-answering"),
        (MLM, "BertForMaskedLM", "text-classification", "fill-mask"),
        (linear("classifier", 2), "BertForSequenceClassification", "token-classification",
         "text-classification"),
        (linear("classifier", 2), "BertForTokenClassification", "text-classification",
         "token-classification"),
        (linear("classifier", 1), "BertForMultipleChoice", "text-classification",
         "multiple-choice"),
        ({**MLM, **linear("cls.seq_relationship", 2)}, "BertForPreTraining", "question-answering",
         "fill-mask, next-sentence-prediction"),
    ],
)  # fmt: skip
def test_another_head_is_named(tmp_path, bert, heads, shapes, architecture, task, held):
    """Catches scores of a head that was trained for something else."""
    config = {**BERT, **({"architectures": [architecture]} if architecture else {})}
    folder = write_folder(tmp_path, config, {**bert, **heads(shapes)})
    assert refusal(folder, task, ConfigError) == (
        f"{folder}: holds no {task} head; it holds: {held}."
    )


def test_a_classifier_of_unknown_purpose_serves_both(tmp_path, bert, heads):
    """Catches a refusal where config.json says nothing of architectures."""
    folder = write_folder(tmp_path, BERT, {**bert, **heads(linear("classifier", 3))})
    assert opened(folder, "text-classification").on_pooler
    tokens = opened(folder, "token-classification")
    assert not tokens.on_pooler and len(layers_of(tokens)) == 1


@pytest.mark.parametrize(
    "shapes, problem",
    [
        (linear("qa_outputs", 3), "qa_outputs.weight (3, 12), where (2, 12) is needed; "
         "qa_outputs.bias (3,), where (2) is needed"),
        (linear("qa_outputs", 2, 13), "qa_outputs.weight (2, 13), where (2, 12) is needed"),
        ({"qa_outputs.weight": (2, 12)}, "no qa_outputs.bias"),
    ],
)  # fmt: skip
def test_a_damaged_head_is_refused(tmp_path, bert, heads, shapes, problem):
    """Catches a head that would be read past its end, or with a bias of nothing."""
    folder = write_folder(tmp_path, BERT, {**bert, **heads(shapes)})
    assert problem in refusal(folder, "question-answering", ModelFileError)


def test_values_and_types_of_heads_are_checked(tmp_path, bert, heads):
    """Catches NaN or integers in a head, where those of an encoder would be refused."""
    head = heads(linear("qa_outputs", 2))
    head["qa_outputs.bias"][1] = np.nan
    folder = write_folder(tmp_path / "nan", BERT, {**bert, **head})
    assert "qa_outputs.bias" in refusal(folder, "question-answering", ModelFileError)
    head["qa_outputs.bias"] = np.zeros(2, np.int64)
    folder = write_folder(tmp_path / "int", BERT, {**bert, **head})
    assert "of dtype I64" in refusal(folder, "question-answering", ModelFileError)


def test_one_tensor_under_two_names_is_refused(tmp_path, bert, heads):
    """Catches whichever of two spellings happens to come last."""
    twice = {**MLM, "cls.predictions.transform.LayerNorm.gamma": (12,)}
    folder = write_folder(tmp_path, BERT, {**bert, **heads(twice)})
    assert "present under two names" in refusal(folder, "fill-mask", ModelFileError)


@pytest.mark.parametrize("half", [np.float16, np.float64])
def test_other_float_types_become_float32(tmp_path, bert, heads, half):
    """Catches a head in another type than its encoder."""
    tensors = {
        name: array.astype(half)
        for name, array in {**bert, **heads({**MLM, **linear("qa_outputs", 2)})}.items()
    }
    folder = write_folder(tmp_path, BERT, tensors)
    for task in ("question-answering", "fill-mask"):
        arrays: dict[str, Any] = named_arrays(opened(folder, task).head)
        assert arrays and {array.dtype for array in arrays.values()} == {np.dtype("float32")}
