"""`TokenClassification` as a whole, on a tiny folder."""

from itertools import pairwise
from pathlib import Path

import pytest

from npdistil import ConfigError, InputError, TokenClassification, pipeline
from npdistil.encoder.encoder import BACKENDS
from npdistil.tasks import stream
from npdistil.tasks.tagging import token_classification
from npdistil.tasks.tagging.rows import make_rows
from npdistil.tasks.tagging.words import STRATEGIES
from tests.tasks.folders import random_texts
from tests.tasks.head_folders import LABELS, write_masked_lm, write_token_classifier

TEXT = "The unable, É c a!"
LONG = " ".join(["unable the c"] * 30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_token_classifier(tmp_path_factory.mktemp("tags"))


@pytest.fixture(scope="module")
def task(folder) -> TokenClassification:
    return TokenClassification.from_pretrained(folder, num_threads=2)


def test_tokens_of_a_text(task):
    """Catches offsets in anything but characters, special tokens, and numbers without [CLS]."""
    found = task(TEXT, ignore_labels=[])
    assert [one["word"] for one in found][:3] == ["the", "un", "##able"]
    assert [one["index"] for one in found] == [*range(1, len(found) + 1)]
    assert list(found[0]) == ["entity", "score", "index", "word", "start", "end"]
    assert TEXT[found[0]["start"] : found[0]["end"]] == "The"
    assert {one["entity"] for one in found} <= set(LABELS)
    assert all(isinstance(one["score"], float) and 0.25 <= one["score"] <= 1 for one in found)
    assert found.num_truncated_tokens == 0


@pytest.mark.parametrize("strategy", ["simple", "first", "average", "max"])
def test_entities_of_a_text(task, strategy):
    """Catches keys of tokens in entities, words that are cut, and text that is left out."""
    found = task(TEXT, aggregation_strategy=strategy, ignore_labels=[])
    assert all(list(one) == ["entity_group", "score", "word", "start", "end"] for one in found)
    assert all(one["end"] <= two["start"] for one, two in pairwise(found))
    letters = "".join(TEXT[one["start"] : one["end"]] for one in found)
    assert letters.replace(" ", "") == TEXT.replace(" ", "")
    if strategy != "simple":
        assert all(not "e" <= TEXT[one["end"] : one["end"] + 1] <= "z" for one in found)


def test_ignored_labels_are_left_out(task):
    """Catches a default that leaves out more than "O", or less."""
    every = task([TEXT, LONG], ignore_labels=())
    assert {one["entity"] for found in every for one in found} == set(LABELS)
    assert task([TEXT, LONG]) == [[one for one in found if one["entity"] != "O"] for found in every]


@pytest.mark.parametrize("backend", BACKENDS)
def test_backends_agree(folder, task, backend):
    """Catches a head that only one engine has."""
    other = TokenClassification.from_pretrained(folder, backend)
    for one, two in zip(task(TEXT), other(TEXT), strict=True):
        assert one.pop("score") == pytest.approx(two.pop("score"), rel=1e-5)
        assert one == two


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_neighbours_change_nothing(task, strategy):
    """A text's answer has the same bits alone, in a list, in any order and in a stream."""
    texts = random_texts()
    together = task(texts, strategy)
    assert together == [task(text, strategy) for text in texts]
    assert task(texts[::-1], strategy) == together[::-1]
    assert list(task(iter(texts), strategy)) == together
    assert sum(map(len, together)) > 50


def test_the_bounds_of_a_batch_change_nothing(task, monkeypatch):
    """Catches a bound that is not kept, and a row that comes back to another text."""
    texts, rows, encode = [TEXT, "a", LONG, TEXT], [], task.model.encoder.backend.encode

    def watched(batch, *rest):
        rows.append(len(batch.lengths))
        return encode(batch, *rest)

    monkeypatch.setattr(task.model.encoder.backend, "encode", watched)
    together = task(texts, "simple", stride=5)
    assert max(rows) > 3
    rows.clear()
    assert task(texts, "simple", stride=5, batch_size=3) == together and max(rows) == 3
    rows.clear()
    assert task(texts, "simple", stride=5, batch_tokens=1) == together and max(rows) == 1
    with pytest.raises(InputError, match="batch_size: expected a positive integer"):
        task(texts, batch_size=0)


def test_memory_is_bounded_by_tokens(task, monkeypatch):
    """Catches windows of many long texts, and their scores, all held before the first result."""
    made = []

    def watched(tokenizer, texts, *rest):
        made.append(len(texts))
        return make_rows(tokenizer, texts, *rest)

    monkeypatch.setattr(token_classification, "make_rows", watched)
    monkeypatch.setattr(stream, "CHARACTERS", 3 * len(LONG))
    texts = [f"{LONG} {'a' * n}" for n in range(12)]
    found = task(iter(texts), "simple", stride=37)
    first = next(found)
    assert made == [2]  # of twelve
    whole = [task(text, "simple", stride=37) for text in texts]
    assert [first, *found] == whole
    held, spans = [], token_classification.in_token_spans
    monkeypatch.setattr(token_classification, "WINDOW", 4)
    monkeypatch.setattr(
        token_classification,
        "in_token_spans",
        lambda batch, *rest: held.append(len(batch.lengths)) or spans(batch, *rest),
    )
    assert task(LONG + " ", "simple", stride=37) == whole[0]
    assert max(held) == 4 and len(held) > 10


def test_what_is_cut_off_is_counted(task):
    """Catches a long text that loses its end in silence."""
    found = task(LONG, ignore_labels=[])
    tokens = len(task.tokenizer.tokenize(LONG))
    assert found.num_truncated_tokens == tokens - len(found) > 0
    assert len(found) == task.max_length - 2


@pytest.mark.parametrize("stride", [0, 5, 20])
def test_windows_cover_a_long_text(task, stride):
    """Catches a text that ends with its first window, and entities that are told twice."""
    found = task(LONG, "first", ignore_labels=[], stride=stride)
    assert found.num_truncated_tokens == 0
    assert found[-1]["end"] == len(LONG)
    assert all(one["end"] <= two["start"] for one, two in pairwise(found))
    short = task([TEXT, LONG, TEXT], "first", ignore_labels=[], stride=stride)
    assert short[1] == found and short[0] == short[2] == task(TEXT, "first", ignore_labels=[])


@pytest.mark.parametrize("delimiter", [" ", "", " / "])
def test_texts_that_are_words(task, delimiter):
    """Offsets are those in the words' text; a list of words is one text."""
    words = ["The", "unable", "É", "c", "a!"]
    text = delimiter.join(words)
    found = task(words, ignore_labels=[], is_split_into_words=True, delimiter=delimiter)
    assert [one["word"] for one in found] == task.tokenizer.tokenize(" ".join(words))
    for one in found:
        piece = one["word"].removeprefix("##")
        assert text[one["start"] : one["end"]].lower().replace("é", "e") in (piece, "é", "e")
    both = task([words, ["c"]], ignore_labels=[], is_split_into_words=True, delimiter=delimiter)
    assert both[0] == found and both[1][0]["word"] == "c"
    grouped = task(words, "first", is_split_into_words=True, delimiter=delimiter)
    assert all(text[one["start"] : one["end"]].strip() for one in grouped)


def test_texts_without_tokens(task):
    """Catches a row of [CLS] and [SEP] alone that is answered, or fails."""
    assert task("") == [] and task(["", " "]) == [[], []] and task([]) == []
    assert task([[]], is_split_into_words=True) == [[]]


@pytest.mark.parametrize(
    "inputs, options, reason",
    [
        (3, {}, "inputs: expected one of the texts"),
        (["a", 3], {}, r"inputs\[1\]: expected a str"),
        ("a\ud800", {}, "lone surrogate"),
        ("a", {"aggregation_strategy": "last"}, "aggregation_strategy: expected one of"),
        ("a", {"ignore_labels": "O"}, "ignore_labels: expected a list"),
        ("a", {"ignore_labels": [0]}, "ignore_labels: expected str"),
        ("a", {"stride": 3}, "stride: windows need an aggregation_strategy"),
        ("a", {"stride": 39, "aggregation_strategy": "max"}, "stride: expected 0 to 38"),
        ("a", {"stride": -1, "aggregation_strategy": "max"}, "stride: expected 0 to 38"),
        (["a b"], {"is_split_into_words": 1}, "is_split_into_words: expected True or False"),
        ("a b", {"is_split_into_words": True}, "inputs: expected one of the texts"),
        ([["a"], "b"], {"is_split_into_words": True}, r"inputs\[1\]: expected a list of words"),
        (["a"], {"is_split_into_words": True, "delimiter": None}, "delimiter: expected a str"),
        ([["a"]], {}, r"inputs\[0\]: expected a str"),
    ],
)
def test_unusable_arguments(task, inputs, options, reason):
    """Catches an argument that is taken for something else."""
    with pytest.raises(InputError, match=reason):
        task(inputs, **options)


def test_a_folder_with_another_head_is_refused(tmp_path):
    """Says what it holds."""
    with pytest.raises(ConfigError, match=r"holds no token-classification head.*fill-mask"):
        TokenClassification.from_pretrained(write_masked_lm(tmp_path))


def test_by_name(folder):
    """Both names that Transformers has."""
    task = pipeline("ner", folder, aggregation_strategy="simple")
    again = pipeline("token-classification", folder)
    assert task(TEXT) == again(TEXT, aggregation_strategy="simple")
    assert all("entity_group" in one for one in task(TEXT, ignore_labels=[]))
