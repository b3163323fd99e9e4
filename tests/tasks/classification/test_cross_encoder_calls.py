"""Prompts of a cross-encoder, and the arguments that its calls share with `encode`."""

import re

import numpy as np
import pytest

from npdistil import CrossEncoder, InputError, pipeline
from tests.tasks.classification.folders import write_classifier
from tests.tasks.folders import random_texts, write_json

TEXTS = random_texts()[:12]
PAIRS = [("able", text) for text in TEXTS] + list(zip(TEXTS, reversed(TEXTS), strict=True))
PROMPTS = {"query": "un", "other": "the b "}  # "un" and "able" make a word


class Device:
    """As torch.device("cpu"), which is no string."""

    def __str__(self) -> str:
        return "cpu"


def write_prompts(folder, **keys):
    file = {"model_type": "CrossEncoder", "prompts": PROMPTS, "default_prompt_name": None, **keys}
    write_json(folder / "config_sentence_transformers.json", file)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_prompts(write_classifier(tmp_path_factory.mktemp("prompts"), 1))


@pytest.fixture(scope="module")
def task(folder) -> CrossEncoder:
    return CrossEncoder.from_pretrained(folder)


def prefixed(task: CrossEncoder, prompt: str) -> np.ndarray:
    """Scores of pairs whose first texts begin with a prompt."""
    return task.predict([(prompt + first, second) for first, second in PAIRS], prompt="")


@pytest.mark.parametrize(
    "options, prompt",
    [
        ({"prompt": "un"}, "un"),
        ({"prompt_name": "query"}, "un"),
        ({"prompt_name": "other"}, "the b "),
    ],
)
def test_a_prompt_stands_before_the_first_text(task, options, prompt):
    """Catches a prompt before the second text, behind a blank of its own, or of one call alone."""
    wanted = prefixed(task, prompt)
    found = task.predict(PAIRS, **options)
    assert found.tobytes() == wanted.tobytes() != task.predict(PAIRS).tobytes()
    assert task.predict(PAIRS[0], **options) == wanted[0] == task.predict([PAIRS[0]], **options)[0]
    rows = [{"score": score} for score in wanted.tolist()]
    assert task(PAIRS, **options) == [*task(iter(PAIRS), **options)] == rows
    ranked = task.rank("able", TEXTS, **options)
    assert ranked == task.rank(prompt + "able", TEXTS) != task.rank("able", TEXTS)


def test_dicts_and_counts_with_a_prompt(task):
    """Catches a prompt that dicts do not get, and one whose tokens do not count."""
    dicts = [{"text": first, "text_pair": second} for first, second in PAIRS]
    assert task.predict(dicts, "other").tobytes() == prefixed(task, "the b ").tobytes()
    long = " ".join(["a"] * 60)
    (plain,), (more,) = task.rank("b", [long]), task.rank("b", [long], prompt="the b ")
    assert more.num_truncated_tokens == plain.num_truncated_tokens + 2


def test_the_default_prompt_of_a_folder(tmp_path):
    """Catches a default that no call applies, or that cannot be switched off."""
    made = CrossEncoder(
        write_prompts(write_classifier(tmp_path, 1), default_prompt_name="query"), max_length=30
    )
    assert (made.prompts, made.default_prompt_name) == (PROMPTS, "query")
    wanted = prefixed(made, "un")
    assert made.predict(PAIRS).tobytes() == wanted.tobytes() != prefixed(made, "").tobytes()
    assert made(PAIRS) == [{"score": score} for score in wanted.tolist()]
    assert made.rank("able", TEXTS) == made.rank("unable", TEXTS, prompt="")
    assert made.predict(PAIRS, prompt_name="other").tobytes() == prefixed(made, "the b ").tobytes()
    made.default_prompt_name = None
    assert made.predict(PAIRS).tobytes() == prefixed(made, "").tobytes()


def test_whose_prompt_counts(folder, task):
    """Catches the folder's prompt before the caller's, and "query" where nobody has one."""
    made = CrossEncoder(folder, prompts={"query": "c ", "x": None}, default_prompt_name="query")
    assert made.prompts == {"query": "c ", "x": "", "other": "the b "}
    assert made.predict(PAIRS).tobytes() == prefixed(made, "c ").tobytes()
    joined = CrossEncoder(task.model, prompts={"x": "c "})
    assert joined.prompts == {"x": "c "} and joined.default_prompt_name is None
    assert joined.predict(PAIRS, "x").tobytes() == prefixed(task, "c ").tobytes()
    assert CrossEncoder(task.model).prompts == {}
    by_name = pipeline("text-ranking", folder, prompts={"x": "c "}, prompt_name="x")
    assert by_name(PAIRS) == joined(PAIRS, prompt_name="x") == task(PAIRS, prompt="c ")


@pytest.mark.parametrize("keys", [{"model_type": "SentenceTransformer"}, {"model_type": None}])
def test_prompts_of_another_kind_of_model(tmp_path, keys):
    """Catches the prompts for vectors before pairs; sentence-transformers drops them."""
    made = CrossEncoder(
        write_prompts(write_classifier(tmp_path, 1), default_prompt_name="query", **keys), "numpy"
    )
    assert made.prompts == {} and made.default_prompt_name is None


@pytest.mark.parametrize(
    "options, message",
    [
        ({"prompt_name": "missing"}, "prompt_name: expected one of ['query', 'other'], received"),
        ({"prompt_name": 32}, "prompt_name: expected one of ['query', 'other'], received 32"),
        ({"prompt": 5}, "prompt: expected a str, received 5"),
        ({"prompt": "\ud800"}, "prompt[0]: lone surrogate"),
        ({"device": "cuda"}, "device: this package runs on the CPU; expected"),
        ({"device": ["cpu"]}, "device: this package runs on the CPU; expected"),
        ({"batch_size": 0}, "batch_size: expected a positive integer"),
        ({"show_progress_bar": 1}, "show_progress_bar: expected True or False"),
    ],
)
def test_what_both_calls_refuse(task, options, message):
    """Catches an unknown name that means no prompt, and an argument that one call ignores."""
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        task.predict(PAIRS, **options)
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        task.rank("a", TEXTS, **options)


def test_what_the_constructor_refuses(folder, task):
    """Catches a default that leads nowhere, "query" as a name of every model, and no text."""
    for default in ("missing", ""):
        with pytest.raises(InputError, match=r"^default_prompt_name: expected one of \['query', "):
            CrossEncoder(folder, default_prompt_name=default)
    with pytest.raises(InputError, match=r"^prompt_name: this model has no prompts, received 'qu"):
        CrossEncoder(task.model).predict(PAIRS, "query")
    for wrong in (["a"], {"query": 5}, {1: "a"}):
        with pytest.raises(InputError, match=r"^prompts"):
            CrossEncoder(folder, prompts=wrong)


def test_a_prompt_and_a_name(task):
    """Catches the name before the prompt, without a word."""
    with pytest.warns(UserWarning, match="prompt_name is ignored") as told:
        both = task.predict(PAIRS, "other", "un")
    assert both.tobytes() == prefixed(task, "un").tobytes()
    assert [warning.filename for warning in told] == [__file__]  # the line of the caller
    with pytest.warns(UserWarning, match="prompt_name is ignored"):
        assert task.rank("able", TEXTS, prompt_name="other", prompt="un") == task.rank(
            "unable", TEXTS
        )


def test_arguments_of_sentence_transformers(task):
    """Catches calls of its versions 5 and 6 that fail without need, or lie."""
    wanted = task.predict(PAIRS)
    assert task.predict(sentences=PAIRS).tobytes() == wanted.tobytes()
    assert task.predict(sentences=PAIRS[0]) == wanted[0]
    for device in ("cpu", -1, None, Device()):
        assert task.predict(PAIRS, device=device).tobytes() == wanted.tobytes()
        assert task.rank("able", TEXTS, device=device) == task.rank("able", TEXTS)
    with pytest.raises(InputError, match="inputs and sentences are two names"):
        task.predict(PAIRS, sentences=PAIRS)
    with pytest.raises(InputError, match=r"^inputs: expected an iterable of pairs, received "):
        task.predict()
    for wrong, message in (
        ("a", r"^sentences: expected an iterable of pairs"),
        ([("a", "b"), "c"], r"^sentences\[1\]: expected a pair of texts"),
        ([("a", "b"), (3, "c")], r"^sentences\[1\]: expected a str"),
    ):
        with pytest.raises(InputError, match=message):
            task.predict(sentences=wrong)
    with pytest.raises(InputError, match=r"convert_to_tensor: .* torch\.from_numpy"):
        task.predict(PAIRS, convert_to_tensor=True)
    with pytest.raises(InputError, match="convert_to_tensor: expected True or False"):
        task.predict(PAIRS, convert_to_tensor=1)
