"""Texts and pairs to labels: shapes of results, scores by hand, bytes, and what is refused."""

import re

import numpy as np
import pytest

from npdistil import ConfigError, Encoder, InputError, TextClassification, Tokenizer, pipeline
from npdistil.dims import Floats
from npdistil.tasks.results import Answer, Answers
from tests.tasks.classification.folders import write_classifier
from tests.tasks.folders import random_texts, write_model
from tests.tolerances import HIDDEN_FLOAT32

LABELS = ("bad", "fair", "good")
TEXTS = random_texts()
PAIR = {"text": "a b c", "text_pair": "the unable"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_classifier(tmp_path_factory.mktemp("classifier"), LABELS)


@pytest.fixture(scope="module")
def task(folder) -> TextClassification:
    return TextClassification.from_pretrained(folder)


def logits_by_hand(folder, first: list[str], second: list[str] | None = None) -> Floats:
    """Padded arrays through the encoder in float64, its pooler, and the classifier as written."""
    from safetensors.numpy import load_file

    arrays = load_file(folder / "model.safetensors")
    encoder = Encoder.from_pretrained(folder, "numpy", dtype="float64")
    batch = Tokenizer.from_pretrained(folder)(first, second, max_length=41)
    pooled_BD = encoder(**batch).pooler_output
    return pooled_BD @ arrays["classifier.weight"].T + arrays["classifier.bias"]


def rows(answers: list[list[dict]]) -> Floats:
    """The scores of results with all labels, in the order of the labels."""
    return np.array(
        [[{row["label"]: row["score"] for row in one}[x] for x in LABELS] for one in answers]
    )


def test_scores_are_those_of_the_arithmetic(task, folder):
    """Catches a pooler left out, token types of pairs lost, and labels in another order."""
    texts = TEXTS[:12]
    found = rows(task(texts, top_k=None, function_to_apply="none"))
    np.testing.assert_allclose(found, logits_by_hand(folder, texts), atol=10 * HIDDEN_FLOAT32)
    pairs = [{"text": a, "text_pair": b} for a, b in zip(texts, reversed(texts), strict=True)]
    found = rows(task(pairs, top_k=None, function_to_apply="none"))
    wanted = logits_by_hand(folder, texts, texts[::-1])
    np.testing.assert_allclose(found, wanted, atol=10 * HIDDEN_FLOAT32)
    softmax = np.exp(wanted) / np.exp(wanted).sum(1, keepdims=True)
    np.testing.assert_allclose(rows(task(pairs, top_k=None)), softmax, atol=1e-5)


def test_results_have_the_shapes_of_transformers(task):
    """Catches a list too many or too few: Transformers puts one around a single text only."""
    one = task(["a b"])[0]
    assert type(one) is Answer and set(one) == {"label", "score"}
    assert one["label"] in LABELS and type(one["score"]) is float
    assert task("a b") == [one] and type(task("a b")) is Answers
    assert task("a b", top_k=1) == [one] and task(["a b"], top_k=1) == [[one]]
    everything = task("a b", top_k=None)
    assert [row["score"] for row in everything] == sorted(
        (row["score"] for row in everything), reverse=True
    )
    assert everything[0] == one and len(everything) == 3
    assert task(["a b"], top_k=2) == [everything[:2]]
    assert task("a b", top_k=99) == everything  # more than there are
    assert type(task(PAIR)) is Answer and len(task(PAIR, top_k=2)) == 2
    assert task([]) == [] and list(task(iter([]))) == []


def test_options_of_the_object(folder, task):
    """Catches defaults that a call cannot change, and the list that Transformers puts around."""
    made = pipeline("sentiment-analysis", folder, top_k=None, function_to_apply="sigmoid")
    assert type(made) is TextClassification
    wanted = task("a b", top_k=None, function_to_apply="sigmoid")
    assert made("a b") == [wanted] and made(["a b"]) == [wanted]
    assert made("a b", top_k=1, function_to_apply="softmax") == task("a b", top_k=1)


@pytest.mark.parametrize(
    "num_labels, problem_type, function",
    [
        (1, None, "sigmoid"),
        (1, "regression", "none"),
        (4, "multi_label_classification", "sigmoid"),
        (4, "single_label_classification", "softmax"),
        (4, "regression", "none"),
    ],
)
def test_the_folder_decides_the_function(tmp_path, num_labels, problem_type, function):
    """Catches a problem_type that nobody reads; labels without names are LABEL_0 and so on."""
    task = TextClassification.from_pretrained(
        write_classifier(tmp_path, num_labels, problem_type=problem_type), backend="numpy"
    )
    assert task.labels == tuple(f"LABEL_{n}" for n in range(num_labels))
    found = task(TEXTS[:5], top_k=None)
    assert found == task(TEXTS[:5], top_k=None, function_to_apply=function)
    assert any(
        found != task(TEXTS[:5], top_k=None, function_to_apply=other)
        for other in ("sigmoid", "softmax", "none")
    )


@pytest.mark.parametrize("options", [{}, {"batch_size": 3}, {"batch_tokens": 1}])
@pytest.mark.parametrize("num_threads", [1, 2])
def test_a_score_does_not_depend_on_its_neighbours(folder, task, options, num_threads):
    """Catches sums whose order depends on the batch; singles and pairs stand side by side."""
    mixed = [*TEXTS, *({"text": text, "text_pair": TEXTS[3]} for text in TEXTS)]
    mixed = [mixed[n] for n in np.random.default_rng(3).permutation(len(mixed))]
    threaded = TextClassification.from_pretrained(folder, num_threads=num_threads)
    together = threaded(mixed, top_k=None, **options)
    for item, found in zip(mixed, together, strict=True):
        alone = task(item, top_k=None)
        assert found == alone and found.num_truncated_tokens == alone.num_truncated_tokens
    assert len({repr(found) for found in together}) > 60


def test_a_stream_and_a_file(task, tmp_path):
    """Catches a generator made a list, and lines in another order."""
    wanted = task(TEXTS)
    stream = task(text for text in TEXTS)
    assert iter(stream) is stream and list(stream) == wanted
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    assert list(task(path)) == wanted


def test_what_was_cut_off_is_counted(task):
    """Catches a count of all tokens, of pairs by their first text alone, and a shifted count."""
    long, short = " ".join(["a"] * 60), "b b"
    pair = {"text": long, "text_pair": long}
    counts = [found.num_truncated_tokens for found in task([short, long, pair, short])]
    assert counts == [0, 60 - 39, 120 - 38, 0]
    assert task(long).num_truncated_tokens == task(long, top_k=2).num_truncated_tokens == 21
    assert task(long, max_length=11).num_truncated_tokens == 60 - 9


def test_an_empty_text_is_a_text(task):
    """Catches a row that is lost, and a pair where Transformers' pipelines see none."""
    assert task([""])[0]["label"] in LABELS
    wanted = task("a", top_k=None)
    for pair in (None, ""):
        assert task({"text": "a", "text_pair": pair}, top_k=None) == wanted
    assert task({"text": "a"}, top_k=None) == wanted
    assert task({"text": "a", "text_pair": "b"}, top_k=None) != wanted


@pytest.mark.parametrize(
    "inputs, options, message",
    [
        (None, {}, "inputs: expected one of the texts"),
        (7, {}, "inputs: expected one of the texts"),
        (["a", 7], {}, "inputs[1]: expected a str, received int"),
        (["a", ("a", "b")], {}, "inputs[1]: expected a str or a dict, received tuple; a pair is"),
        (["a", {"text": 5}], {}, "inputs[1]: expected a str, received int"),
        ([{"text": "a", "text_pair": 5}], {}, "text_pair[0]: expected a str, received int"),
        ([{"text_pair": "a"}], {}, 'inputs[0]: expected the keys "text" and perhaps "text_pair"'),
        ([{"text": "a", "pair": "b"}], {}, "received ['text', 'pair']"),
        (["a", "\ud800"], {}, "inputs[1]: lone surrogate U+D800"),
        ("a", {"top_k": 0}, "top_k: expected a positive integer or None, received 0"),
        ("a", {"top_k": -1}, "top_k: expected a positive integer or None, received -1"),
        ("a", {"top_k": True}, "top_k: expected an int, received True"),
        ("a", {"function_to_apply": "relu"}, "function_to_apply: expected one of"),
        ("a", {"batch_size": 0}, "batch_size: expected a positive integer, received 0"),
        ("a", {"batch_tokens": "9"}, "batch_tokens: expected an int, received '9'"),
        ("a", {"truncation": "right"}, "truncation: expected one of"),
        ("a", {"max_length": 1}, "max_length: 1 tokens cannot hold the 2 special tokens"),
        ("a " * 60, {"truncation": False}, "62 tokens, but the model has 41 positions"),
    ],
)
def test_refusals(task, inputs, options, message):
    """Catches a traceback from deep inside, or an answer to what was not asked."""
    with pytest.raises(InputError, match=re.escape(message)):
        task(inputs, **options)


def test_another_head_is_told(tmp_path):
    """Catches a random or missing classifier that answers."""
    with pytest.raises(ConfigError, match="holds no text-classification head; it holds"):
        TextClassification.from_pretrained(write_model(tmp_path))
