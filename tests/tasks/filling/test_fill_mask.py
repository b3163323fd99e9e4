"""`FillMask` as a whole, on a tiny folder."""

from pathlib import Path

import numpy as np
import pytest

from npdistil import ConfigError, FillMask, InputError, TokenizerError, pipeline
from npdistil.encoder.encoder import BACKENDS
from npdistil.tasks.filling import fill_mask
from tests.tasks.head_folders import write_masked_lm, write_token_classifier
from tests.text.tiny import VOCAB

TEXT = "The [MASK] c, É!"
TEXTS = ["[MASK] c", "the [MASK]", "a b c [MASK] the", "[MASK]", "unable [MASK] a b the c !"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_masked_lm(tmp_path_factory.mktemp("words"))


@pytest.fixture(scope="module")
def task(folder) -> FillMask:
    return FillMask.from_pretrained(folder, num_threads=2)


def test_one_mask(task):
    """Catches another text than that with the word in it, and a worse word before a better one."""
    found = task(TEXT, top_k=len(VOCAB))
    assert [list(one) for one in found] == [["score", "token", "token_str", "sequence"]] * len(
        VOCAB
    )
    scores = [one["score"] for one in found]
    assert scores == sorted(scores, reverse=True) and sum(scores) == pytest.approx(1, rel=1e-5)
    assert sorted(one["token"] for one in found) == [*range(len(VOCAB))]
    by_word = {one["token_str"]: one for one in found}
    assert set(by_word) == set(VOCAB)
    assert by_word["unable" if "unable" in by_word else "un"]["sequence"].startswith("the un")
    assert by_word["##b"]["sequence"].startswith("theb c")
    assert "[" not in by_word["[SEP]"]["sequence"]  # special tokens are not shown
    assert found.num_truncated_tokens == 0


def test_several_masks(task):
    """A list for each; the other masks stay, and so do [CLS] and [SEP], as in Transformers."""
    found = task("a [MASK] c [MASK]", top_k=2)
    assert [len(words) for words in found] == [2, 2]
    (first, _), (second, _) = found
    assert first["sequence"] == f"[CLS] a {first['token_str']} c [MASK] [SEP]".replace(" ##", "")
    assert second["sequence"] == f"[CLS] a [MASK] c {second['token_str']} [SEP]".replace(" ##", "")


def test_targets(task):
    """Catches scores among the targets alone, and more words than targets."""
    every = {one["token_str"]: one for one in task(TEXT, top_k=len(VOCAB))}
    found = task(TEXT, targets=["c", "the", "c"])
    assert sorted(one["token_str"] for one in found) == ["c", "the"]
    assert found == sorted([every["c"], every["the"]], key=lambda one: -one["score"])
    assert task(TEXT, targets="the") == [every["the"]]
    assert len(task(TEXT, top_k=1, targets=["c", "the"])) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_backends_agree(folder, task, backend):
    """Catches a head that only one engine has."""
    other = FillMask.from_pretrained(folder, backend)
    for one, two in zip(task(TEXT), other(TEXT), strict=True):
        assert one.pop("score") == pytest.approx(two.pop("score"), rel=1e-4)
        assert one == two


def test_neighbours_change_nothing(task, monkeypatch):
    """A text's answer has the same bits alone, in a list, in any order and in a stream."""
    together = task(TEXTS)
    monkeypatch.setattr(fill_mask, "ROWS", 2)  # more masks than are scored at a time
    assert together == [task(text) for text in TEXTS]
    assert task(TEXTS[::-1]) == together[::-1]
    assert list(task(iter(TEXTS))) == together
    assert task(TEXTS, batch_size=2) == together == task(TEXTS, batch_tokens=9)
    joined = task(" ".join(TEXTS))
    assert len(joined) == 5
    monkeypatch.undo()
    assert task(" ".join(TEXTS)) == joined


def test_a_decoder_of_its_own(folder, task, tmp_path):
    """Catches the table of embeddings taken for it."""
    other = FillMask.from_pretrained(write_masked_lm(tmp_path, tied=False))
    assert other(TEXT) != task(TEXT)


def test_what_is_cut_off_is_counted(task):
    """Catches a long text that loses its end in silence."""
    found = task("c [MASK] " + "the " * 60, top_k=1)
    assert found.num_truncated_tokens == 62 - (task.max_length - 2)
    assert found[0]["sequence"].count("the") >= task.max_length - 4


@pytest.mark.parametrize(
    "inputs, options, reason",
    [
        ("a", {}, r"inputs\[0\]: no \[MASK\] in the text; write it"),
        ("", {}, r"inputs\[0\]: no \[MASK\] in the text"),
        (["[MASK]", "a"], {}, r"inputs\[1\]: no \[MASK\]"),
        ("the " * 60 + "[MASK]", {}, r"no \[MASK\] in the first 41 tokens"),
        (["[MASK]", 3], {}, r"inputs\[1\]: expected a str"),
        (3, {}, "inputs: expected one of the texts"),
        (TEXT, {"top_k": 0}, "top_k: expected 1 to"),
        (TEXT, {"top_k": len(VOCAB) + 1}, f"top_k: expected 1 to {len(VOCAB)}"),
        (TEXT, {"top_k": 1.5}, "top_k: expected an int"),
        (TEXT, {"batch_size": 0}, "batch_size: expected a positive integer"),
        (TEXT, {"batch_tokens": "9"}, "batch_tokens: expected an int"),
        (TEXT, {"targets": []}, "targets: none of them is left"),
        (TEXT, {"targets": [3]}, "targets"),
    ],
)
def test_unusable_arguments(task, inputs, options, reason):
    """Catches an argument that is taken for something else, and an answer without a mask."""
    with pytest.raises(InputError, match=reason):
        task(inputs, **options)


def test_a_text_can_be_checked_before(task):
    """What the command line does with each line."""
    task.expect_mask(TEXT)
    with pytest.raises(InputError, match=r"^no \[MASK\] in the text"):
        task.expect_mask("a")


def test_folders_that_cannot_fill(tmp_path):
    """Another head, and a vocabulary without [MASK]; each says so."""
    with pytest.raises(ConfigError, match=r"holds no fill-mask head.*token-classification"):
        FillMask.from_pretrained(write_token_classifier(tmp_path / "tags"))
    without = [word for word in VOCAB if word != "[MASK]"]
    with pytest.raises(TokenizerError, match="no mask token"):
        FillMask.from_pretrained(write_masked_lm(tmp_path / "words", without))


def test_a_warning_shows_the_line_of_the_caller(task):
    """Catches one that points into the package, where nobody can mend anything."""
    with pytest.warns(UserWarning, match="not in the vocabulary") as told:
        task(TEXT, targets=["c", "The"])
        list(task(iter([TEXT]), targets=["c", " "]))
    assert [warning.filename for warning in told] == [__file__] * 2


def test_by_name(folder, task):
    """As Transformers names it, with options of calls."""
    assert pipeline("fill-mask", folder, top_k=1)(TEXT) == task(TEXT, 1)
    assert np.isclose(task(TEXT, top_k=1)[0]["score"], task([TEXT])[0][0]["score"])
