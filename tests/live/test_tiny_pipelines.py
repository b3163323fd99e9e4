"""Tags and masked words of odd texts beside Transformers' pipelines, on tiny folders.

Real texts are compared in tests/data/tasks/; here is what they lack: nothing at all, words that the
vocabulary cannot spell, long texts in windows, targets of every kind.
"""

import logging
from pathlib import Path
from typing import Any

import pytest
import transformers

from npdistil import FillMask, InputError, TokenClassification
from npdistil.tasks.tagging.words import STRATEGIES
from tests.tasks.folders import random_texts
from tests.tasks.head_folders import write_masked_lm, write_token_classifier
from tests.text.tiny import VOCAB

LONGEST = 41  # positions of the tiny model
ODD = ["", " ", "É", "the", "zzz", "unable!the", "[SEP] c [MASK]", "  c\t,b ", "中a中", "x" * 101]
MASKED = [
    *("[MASK]", "the [MASK]", "[MASK] the", "a [MASK]b !", "zzz [MASK] É", "[MASK][MASK]"),
    *("[SEP] [MASK] [PAD] c", "a [MASK] b [MASK] , [MASK]"),
]


@pytest.fixture(scope="module")
def tags(tmp_path_factory) -> tuple[TokenClassification, Any]:
    """Ours and theirs, of one folder."""
    return _both(
        TokenClassification,
        "token-classification",
        write_token_classifier(tmp_path_factory.mktemp("tags")),
    )


@pytest.fixture(scope="module", params=[True, False], ids=["tied", "not tied"])
def words(request, tmp_path_factory) -> tuple[FillMask, Any]:
    """Likewise."""
    folder = write_masked_lm(tmp_path_factory.mktemp("words"), tied=request.param)
    return _both(FillMask, "fill-mask", folder)


def _both(ours: Any, task: str, folder: Path) -> tuple[Any, Any]:
    peer = transformers.pipeline(task, str(folder), device="cpu")
    peer.tokenizer.model_max_length = LONGEST
    return ours.from_pretrained(folder), peer


def close(found: Any, wanted: Any) -> None:
    """The same keys in the same order, the same values, scores within float32."""
    if isinstance(wanted, list):
        assert len(found) == len(wanted)
        for one, two in zip(found, wanted, strict=True):
            close(one, two)
    else:
        assert list(found) == list(wanted)
        assert found.pop("score") == pytest.approx(float(wanted.pop("score")), rel=1e-4)
        assert found == wanted


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_tags(tags, strategy, compared):
    """Catches another answer to a text that is hardly one, and to one that is cut off."""
    ours, theirs = tags
    texts = [*ODD, *random_texts()[:25]]
    for ignored in (["O"], [], ["B-PER", "PER"]):
        found = ours(texts, strategy, ignore_labels=ignored)
        close(found, theirs(texts, aggregation_strategy=strategy, ignore_labels=ignored))
        compared("odd texts that are tagged", len(texts))
    assert sum(answer.num_truncated_tokens > 0 for answer in found) > 2


@pytest.mark.parametrize("stride", [0, 1, 13, 30])
@pytest.mark.parametrize("strategy", ["simple", "max"])
def test_windows(tags, strategy, stride):
    """Catches entities at the borders of windows that are lost, cut or told twice."""
    ours, theirs = tags
    texts = [text for text in [*ODD, *random_texts()] if text]
    options = {"aggregation_strategy": strategy, "stride": stride, "ignore_labels": []}
    close(ours(texts, **options), theirs(texts, **options))


@pytest.mark.parametrize("delimiter", [" ", "", "--"])
def test_lists_of_words(tags, delimiter):
    """Catches offsets in words that are not those in their text."""
    ours, theirs = tags
    texts = [["The", "unable", "c"], ["É!"], ["", "c"], ["zzz", "中a"], ["the"] * 60]
    options = {"ignore_labels": [], "is_split_into_words": True, "delimiter": delimiter}
    for strategy in STRATEGIES:
        found = ours(texts, strategy, **options)
        close(found, theirs(texts, aggregation_strategy=strategy, **options))


@pytest.mark.parametrize("top_k", [1, 5, len(VOCAB)])
def test_words(words, top_k, compared):
    """Catches another word, order or text, where special tokens are among the words."""
    ours, theirs = words
    for text, found in zip(MASKED, ours(MASKED, top_k), strict=True):
        close(found, theirs(text, top_k=top_k))
    compared("odd texts with masks", len(MASKED))


def test_a_list_of_one_text(words, tags):
    """The deviation that FillMask documents: a list gives a list; theirs gives what is in it."""
    ours, theirs = words
    for text in MASKED:
        (found,) = ours([text])
        close(found, theirs([text]))
    ours, theirs = tags
    (found,) = ours(["the unable"], ignore_labels=[])
    (wanted,) = theirs(["the unable"], ignore_labels=[])
    close(found, wanted)


@pytest.mark.filterwarnings("ignore:targets")
@pytest.mark.parametrize(
    "targets", ["the", ["the", "c", "the"], ["unable", "zzz"], ["", "c"], ["[MASK]", "##able", "É"]]
)
def test_targets(words, targets, caplog):
    """Catches a word that is looked up or cut otherwise; both say what is not in the vocabulary."""
    ours, theirs = words
    for text in MASKED[:4]:
        close(ours(text, targets=targets), theirs(text, targets=targets))


@pytest.mark.filterwarnings("ignore:targets")
def test_what_both_refuse(words, tags):
    """Catches an answer where Transformers has none."""
    ours, theirs = words
    logging.getLogger("transformers").setLevel(logging.ERROR)
    for inputs, options in [
        ("the", {}),
        ("", {}),
        ("[MASK]", {"top_k": len(VOCAB) + 1}),
        ("[MASK]", {"targets": [""]}),
        ("[MASK]", {"targets": []}),
    ]:
        with pytest.raises(InputError):
            ours(inputs, **options)
        with pytest.raises(Exception, match=r"."):
            theirs(inputs, **options)
    ours, theirs = tags
    for options in (
        {"aggregation_strategy": "none", "stride": 3},
        {"aggregation_strategy": "max", "stride": LONGEST},
        {"aggregation_strategy": "last"},
    ):
        with pytest.raises(InputError):
            ours("the", **options)
        with pytest.raises((ValueError, KeyError)):
            theirs("the", **options)
