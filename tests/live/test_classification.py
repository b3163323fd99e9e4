"""Classification beside the pipelines of Transformers and the CrossEncoder of its neighbour.

Shapes of results, defaults and orders on tiny models; `tests/data/tasks/` compares figures.
"""

import inspect
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import CrossEncoder as PeerCrossEncoder
from transformers import pipeline as peer_pipeline

from npdistil import CrossEncoder, InputError, pipeline
from tests.tasks.classification.folders import NLI, write_classifier
from tests.tasks.folders import write_json
from tests.tolerances import HIDDEN_FLOAT32

PAIR = {"text": "a b", "text_pair": "the unable"}
NAMES = ("LABEL_0", "LABEL_1", "LABEL_2")
TEXTS = ["the unable", "a b c é !", "", "中 b"]


def same(found: Any, wanted: Any) -> bool:
    """Equal in every type, key, order and string, and floats within rounding."""
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and [*found] == [*wanted]
            and all(same(found[key], wanted[key]) for key in wanted)
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
        )
    if isinstance(wanted, float):
        return type(found) is float and abs(found - wanted) <= 10 * HIDDEN_FLOAT32
    return type(found) is type(wanted) and found == wanted


def test_the_comparison_can_fail():
    """Catches a comparison that lets anything pass."""
    assert same([{"label": "a", "score": 0.5}], [{"label": "a", "score": 0.5}])
    for wrong in (
        {"label": "a", "score": 0.5},
        [{"label": "b", "score": 0.5}],
        [{"label": "a", "score": 0.6}],
        [{"score": 0.5, "label": "a"}],
        [[{"label": "a", "score": 0.5}]],
    ):
        assert not same(wrong, [{"label": "a", "score": 0.5}])


def peer(task: str, folder: Path, **options: Any) -> Any:
    return peer_pipeline(task, model=str(folder), device="cpu", **options)


@pytest.mark.parametrize(
    "num_labels, problem_type",
    [
        (1, None),
        (1, "regression"),
        (3, None),
        (3, "regression"),
        (3, "single_label_classification"),
        (3, "multi_label_classification"),
    ],
)
def test_text_classification(tmp_path, compared, num_labels, problem_type):
    """Catches another default function, and one list too many or too few around a result."""
    folder = write_classifier(tmp_path, NAMES[:num_labels], problem_type=problem_type)
    made_with = [{}] if problem_type else [{}, {"top_k": None}, {"top_k": 1}]
    for made in made_with:
        ours = pipeline("text-classification", folder, **made)
        theirs = peer("text-classification", folder, **made)
        for options in (
            {},
            {"top_k": 2},
            {"top_k": None},
            {"top_k": 9, "function_to_apply": "SIGMOID"},
            {"function_to_apply": "softmax" if num_labels == 1 else "none"},
        ):
            for inputs in ("a b", ["", "a b c é !"], PAIR, [{"text": "a", "text_pair": ""}]):
                assert same(ours(inputs, **options), theirs(inputs, **options)), (made, options)
                compared("text-classification results", 1)


def test_a_label_of_a_text_that_is_too_long(tmp_path):
    """Catches another end cut off than the one that Transformers cuts where it is told to."""
    folder = write_classifier(tmp_path, NAMES)
    ours, theirs = pipeline("text-classification", folder), peer("text-classification", folder)
    for inputs in ("a b c " * 40, {"text": "a b c " * 40, "text_pair": "the " * 70}):
        wanted = theirs(inputs, top_k=None, truncation=True, max_length=41)
        assert same(ours(inputs, top_k=None), wanted)


@pytest.mark.parametrize("told", [["input_ids", "attention_mask"], ["input_ids", "token_type_ids"]])
def test_pairs_of_a_model_that_is_told_no_types(tmp_path, told):
    """Catches types that the folder says the model does not get."""
    folder = write_classifier(tmp_path, NAMES)
    types = {"model_input_names": told, "tokenizer_class": "BertTokenizer"}
    write_json(folder / "tokenizer_config.json", types)
    ours, theirs = pipeline("text-classification", folder), peer("text-classification", folder)
    assert same(ours(PAIR, top_k=None), theirs(PAIR, top_k=None))
    write_json(folder / "tokenizer_config.json", {})
    with_types = pipeline("text-classification", folder)
    assert same(ours(PAIR), with_types(PAIR)) == ("token_type_ids" in told)


@pytest.mark.parametrize("labels", [NLI, ("ENTAILMENT", "other"), ("x", "Entail", "y"), NAMES])
def test_zero_shot(tmp_path, compared, labels):
    """Catches another class of entailment or contradiction, and another order of the labels."""
    folder = write_classifier(tmp_path, labels)
    write_json(folder / "tokenizer_config.json", {"model_max_length": 41})  # where both cut
    with warnings.catch_warnings():
        if labels == NAMES:
            warnings.simplefilter("ignore")  # both say so, each in its way
        ours, theirs = (
            pipeline("zero-shot-classification", folder),
            peer("zero-shot-classification", folder),
        )
    for candidates in ("a", "a, b,,the c", ["b", "a", "A", "Á", "unable"]):
        for options in (
            {},
            {"multi_label": True},
            {"hypothesis_template": "{} {{c}}", "multi_label": True},
        ):
            for inputs in ("a b", [*TEXTS[:1], "b a " * 50]):
                found = ours(inputs, candidates, **options)
                assert same(found, theirs(inputs, candidates, **options)), (candidates, options)
                compared("zero-shot results", 1)


SIGMOID = "torch.nn.modules.activation.Sigmoid"
IDENTITY = "torch.nn.modules.linear.Identity"


@pytest.mark.parametrize(
    "num_labels, keys",
    [
        (1, {}),
        (1, {"sentence_transformers": {"activation_fn": IDENTITY}}),
        (1, {"sbert_ce_default_activation_function": IDENTITY}),
        (3, {}),
        (3, {"sentence_transformers": {"activation_fn": SIGMOID}}),
    ],
)
@pytest.mark.parametrize("saved", [False, True])
def test_cross_encoder(tmp_path, compared, num_labels, keys, saved):
    """Catches an activation that is read from another place, and other shapes of arrays."""
    folder = write_classifier(tmp_path / "plain", NAMES[:num_labels], **keys)
    theirs = PeerCrossEncoder(str(folder), device="cpu")
    if saved:  # in the newest spelling, with modules.json
        folder = tmp_path / "saved"
        theirs.save_pretrained(str(folder), create_model_card=False)
    ours = CrossEncoder.from_pretrained(folder)
    assert ours.max_seq_length == theirs.max_seq_length and ours.num_labels == theirs.num_labels
    pairs = [("a b", text) for text in [*TEXTS, "b c " * 50]]
    for inputs in (pairs[0], [*pairs[0]], pairs, [[*pair] for pair in pairs], np.array(pairs)):
        for options, torch_options in (
            ({}, {}),
            ({"apply_softmax": True}, {"apply_softmax": True}),
            ({"activation_fn": "sigmoid"}, {"activation_fn": torch.nn.Sigmoid()}),
            ({"activation_fn": "none"}, {"activation_fn": torch.nn.Identity()}),
        ):
            found, wanted = ours.predict(inputs, **options), theirs.predict(inputs, **torch_options)
            assert found.shape == wanted.shape and found.dtype == wanted.dtype
            np.testing.assert_allclose(found, wanted, atol=10 * HIDDEN_FLOAT32)
            compared("cross-encoder arrays", 1)
    if num_labels == 1:
        documents = [text for _, text in pairs]
        for options in ({}, {"top_k": 2}, {"return_documents": True}, {"top_k": 99}):
            found = ours.rank("a b", documents, **options)
            assert same(found, theirs.rank("a b", documents, **options)), options


PROMPTS = {"query": "un", "other": "the b "}  # "un" and "able" make a word


def save_with_prompts(folder: Path, **options: Any) -> Path:
    """A cross-encoder with prompts, as its neighbour saves it; `options` are of its constructor."""
    plain = str(write_classifier(folder / "plain", NAMES[:1]))
    made = PeerCrossEncoder(plain, device="cpu", prompts=PROMPTS, **options)
    made.save_pretrained(str(folder / "saved"), create_model_card=False)
    return folder / "saved"


@pytest.mark.parametrize("default", [None, "query", "other"])
@pytest.mark.parametrize("own", [{}, {"prompts": {"more": "c", "query": "c "}}])
def test_prompts_of_a_cross_encoder(tmp_path, compared, default, own):
    """Catches a prompt before the second text or behind a blank, and one that nobody applies."""
    folder = save_with_prompts(tmp_path, default_prompt_name=default)
    ours = CrossEncoder.from_pretrained(folder, **own)
    theirs = PeerCrossEncoder(str(folder), device="cpu", **own)
    assert [*ours.prompts.items()] == [*theirs.prompts.items()]
    assert ours.default_prompt_name == theirs.default_prompt_name == default
    pairs = [("able", text) for text in TEXTS]
    for options in ({}, {"prompt": "un"}, {"prompt": ""}, *({"prompt_name": n} for n in PROMPTS)):
        found, wanted = ours.predict(pairs, **options), theirs.predict(pairs, **options)
        np.testing.assert_allclose(found, wanted, atol=10 * HIDDEN_FLOAT32)
        ranked = ours.rank("able", TEXTS, **options)
        assert same(ranked, theirs.rank("able", TEXTS, **options)), options
        compared("cross-encoder arrays", 1)
    # What a wrong place would give is told from the right one.
    found = ours.predict(pairs, prompt="un")
    for first, before in (("able", ""), ("able", "un"), ("un able", "")):
        wrong = theirs.predict([(first, before + text) for text in TEXTS], prompt="")
        assert np.abs(found - wrong).max() > 1000 * HIDDEN_FLOAT32, (first, before)


def test_cross_encoders_without_prompts(tmp_path):
    """Catches "query" and "document", which a model that embeds always has, and others' prompts."""
    plain = write_classifier(tmp_path / "bare", NAMES[:1])
    of_another_kind = save_with_prompts(tmp_path, default_prompt_name="query")
    path = of_another_kind / "config_sentence_transformers.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, settings | {"model_type": "SentenceTransformer"})
    for folder in (plain, of_another_kind):
        ours, theirs = CrossEncoder(folder), PeerCrossEncoder(str(folder), device="cpu")
        assert ours.prompts == theirs.prompts == {}
        assert ours.default_prompt_name is theirs.default_prompt_name is None
        with pytest.raises(ValueError, match="'query' not found"):
            theirs.predict([("a", "b")], "query")
        with pytest.raises(InputError, match="no prompts, received 'query'"):
            ours.predict([("a", "b")], "query")


def test_arguments_of_cross_encoders(tmp_path):
    """Catches arguments in another order, under another name, or with another default."""
    for call in ("predict", "rank"):
        found, wanted = (
            [
                (parameter.name, parameter.default)
                for parameter in inspect.signature(getattr(kind, call)).parameters.values()
                if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            ]
            for kind in (CrossEncoder, PeerCrossEncoder)
        )
        names = [name for name, _ in wanted]
        assert [name for name, _ in found] + ["pool", "chunk_size"] == names
        assert found[2:] == wanted[2 : len(found)]  # ours need no inputs where there are sentences
    folder = save_with_prompts(tmp_path)
    ours, theirs = CrossEncoder(folder), PeerCrossEncoder(str(folder), device="cpu")
    pairs, cpu = [("able", text) for text in TEXTS], torch.device("cpu")
    places = ("query", None, 3, False, None, False, True, False, cpu)
    found = ours.predict(pairs, *places)
    np.testing.assert_allclose(found, theirs.predict(pairs, *places), atol=10 * HIDDEN_FLOAT32)
    assert ours.predict(sentences=pairs, prompt_name="query").tobytes() == found.tobytes()
    places = ("able", TEXTS, 3, True, "query", None, 2, False, None, cpu)
    assert same(ours.rank(*places), theirs.rank(*places))
