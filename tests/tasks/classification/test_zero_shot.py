"""Labels chosen at the call: which logits count, order, templates, and what is refused."""

import re
import warnings

import numpy as np
import pytest

from npdistil import InputError, TextClassification, ZeroShotClassification, pipeline
from tests.tasks.classification.folders import NLI, write_classifier
from tests.tasks.folders import random_texts

TEXTS = [text for text in random_texts() if text]
LABELS = ["a", "the b", "unable", "c c"]
TEMPLATE = "This example is {}."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_classifier(tmp_path_factory.mktemp("nli"), NLI)


@pytest.fixture(scope="module")
def task(folder) -> ZeroShotClassification:
    return ZeroShotClassification.from_pretrained(folder)


def logits(folder, text: str, labels: list[str], template: str = TEMPLATE) -> np.ndarray:
    """Of each label's pair, by the class next door."""
    pairs = [{"text": text, "text_pair": template.format(label)} for label in labels]
    classify = TextClassification.from_pretrained(folder)
    found = classify(pairs, top_k=None, function_to_apply="none")
    return np.array(
        [
            [next(r["score"] for r in one if r["label"] == x) for x in classify.labels]
            for one in found
        ]
    )


def softmax(values: np.ndarray) -> np.ndarray:
    return np.exp(values) / np.exp(values).sum(-1, keepdims=True)


def test_entailment_is_shared_out_among_the_labels(task, folder):
    """Catches another class than entailment, a softmax over classes, and labels out of order."""
    for text in TEXTS[:6]:
        wanted = softmax(logits(folder, text, LABELS)[:, 2])
        found = task(text, LABELS)
        assert list(found) == ["sequence", "labels", "scores"] and found["sequence"] == text
        assert found["labels"] == [LABELS[n] for n in np.argsort(-wanted)]
        np.testing.assert_allclose(found["scores"], np.sort(wanted)[::-1], rtol=1e-5)
        assert all(type(score) is float for score in found["scores"])


def test_multi_label_is_entailment_against_contradiction(task, folder):
    """Catches neutral counted, and labels that still share a sum; one label is always so."""
    values = logits(folder, TEXTS[1], LABELS)[:, [0, 2]]
    wanted = softmax(values)[:, 1]
    found = task(TEXTS[1], LABELS, multi_label=True)
    np.testing.assert_allclose(found["scores"], np.sort(wanted)[::-1], rtol=1e-5)
    one = task(TEXTS[1], LABELS[:1])
    assert one == task(TEXTS[1], LABELS[:1], multi_label=True)
    np.testing.assert_allclose(one["scores"], wanted[:1], rtol=1e-5)


def test_the_class_of_entailment_is_found_by_its_name(tmp_path):
    """Catches a fixed number; where it is 0, contradiction is the last, as in Transformers."""
    names = ("Entailed", "neutral", "contradiction")
    task = ZeroShotClassification.from_pretrained(write_classifier(tmp_path, names))
    assert task.entailment_id == 0
    values = logits(tmp_path, TEXTS[1], LABELS)
    found = task(TEXTS[1], LABELS, multi_label=True)
    wanted = softmax(values[:, [2, 0]])[:, 1]
    np.testing.assert_allclose(found["scores"], np.sort(wanted)[::-1], rtol=1e-5)


def test_without_such_a_name_it_is_the_last_and_a_warning(tmp_path):
    """Catches silence, and a warning that an error filter cannot see."""
    folder = write_classifier(tmp_path, 3)
    with pytest.warns(
        UserWarning, match="'LABEL_2'.* begins with 'entail', so the last class"
    ) as told:
        task = ZeroShotClassification.from_pretrained(folder)
        ZeroShotClassification(folder)
        pipeline("zero-shot-classification", folder)
    assert {warning.filename for warning in told} == {__file__}  # the line of the caller
    wanted = softmax(logits(folder, TEXTS[1], LABELS)[:, 2])
    np.testing.assert_allclose(task(TEXTS[1], LABELS)["scores"], np.sort(wanted)[::-1], rtol=1e-5)


def test_labels_in_one_string(task):
    """Catches spaces kept and empty labels asked about."""
    assert task("a b", " a , the b,, unable ,") == task("a b", LABELS[:3])
    assert task("a b", "a")["labels"] == ["a"]
    assert task("a b", ["a, b"])["labels"] == ["a, b"]


def test_equal_scores_come_in_transformers_order(task):
    """Catches a stable sort: Transformers sorts upwards and turns the order."""
    found = task("a b", ["b", "a", "A", "Á"])  # three that are the same once lowered
    assert found["labels"] in (["Á", "A", "a", "b"], ["b", "Á", "A", "a"])
    assert len(set(found["scores"])) == 2


def test_the_template_is_filled_in(task, folder):
    """Catches a template that is ignored, or one that is only used for the first label."""
    template = "the {} {{b}}"
    wanted = softmax(logits(folder, TEXTS[1], LABELS, template)[:, 2])
    found = task(TEXTS[1], LABELS, hypothesis_template=template)
    np.testing.assert_allclose(found["scores"], np.sort(wanted)[::-1], rtol=1e-5)


def test_the_text_is_cut_and_never_the_hypothesis(task):
    """Catches longest_first, and a count of the first label's pair alone."""
    text = " ".join(["b"] * 60)
    labels = ["a", "a a a a a a"]
    found = task(text, labels)
    # 41 tokens, 3 of them special, 10 of the longer hypothesis: 28 are left for the text.
    assert found.num_truncated_tokens == 60 - 28
    assert task("b", labels).num_truncated_tokens == 0
    with pytest.raises(InputError):
        task(text, ["a " * 60])  # nothing of the text would be left


@pytest.mark.parametrize("multi_label", [False, True])
def test_a_score_does_not_depend_on_its_neighbours(task, multi_label):
    """Catches sums whose order depends on the batch."""
    together = task(TEXTS, LABELS, multi_label=multi_label, batch_size=7)
    assert together == [task(text, LABELS, multi_label=multi_label) for text in TEXTS]
    stream = task(iter(TEXTS), LABELS, multi_label=multi_label)
    assert iter(stream) is stream and list(stream) == together
    assert task([], LABELS) == []


def test_many_labels(task, monkeypatch):
    """Catches texts lost where the labels of one fill a step."""
    from npdistil.tasks.classification import zero_shot

    wanted = task(TEXTS[:9], LABELS)
    monkeypatch.setattr(zero_shot, "PAIRS_AT_A_TIME", 3)
    assert task(TEXTS[:9], LABELS) == wanted
    monkeypatch.setattr(zero_shot, "PAIRS_AT_A_TIME", 9)
    assert task(TEXTS[:9], LABELS) == wanted


@pytest.mark.parametrize(
    "inputs, labels, options, message",
    [
        ("", "a", {}, "inputs[0]: is empty; there is nothing to classify"),
        (["a", ""], "a", {}, "inputs[1]: is empty"),
        (["a", 7], "a", {}, "inputs[1]: expected a str, received int"),
        ("a", [], {}, "candidate_labels: expected at least one label, received none"),
        ("a", " , ", {}, "candidate_labels: expected at least one label"),
        ("a", ["c", "a " * 60], {}, "candidate_labels: 'a a a a"),
        ("a", None, {}, "candidate_labels: expected a str, or a list"),
        ("a", ["a", 1], {}, "candidate_labels[1]: expected a str"),
        ("a", "a", {"hypothesis_template": "no place"}, "has no place for the label"),
        ("a", "a", {"hypothesis_template": "{name}"}, "cannot be filled in with a label"),
        ("a", "a", {"hypothesis_template": "{1}"}, "cannot be filled in with a label"),
        ("a", "a", {"hypothesis_template": "{"}, "cannot be filled in with a label"),
        ("a", "a", {"hypothesis_template": None}, "hypothesis_template: expected a str"),
        ("a", "a", {"multi_label": 1}, "multi_label: expected True or False"),
        ("a", "a", {"batch_size": 0}, "batch_size: expected a positive integer"),
    ],
)
def test_refusals(task, inputs, labels, options, message):
    """Catches a traceback from deep inside."""
    with pytest.raises(InputError, match=re.escape(message)):
        task(inputs, labels, **options)


def test_by_its_name(folder):
    """Catches a table without this task; labels may be given once for all calls."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = pipeline("zero-shot-classification", folder, candidate_labels=LABELS)
    assert made("a b") == made("a b", LABELS)
    assert made("a b", ["c"])["labels"] == ["c"]
