"""The arguments of a call against Transformers: every key of the batch, and word_ids."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers

from npdistil.text.settings import load_settings
from npdistil.text.tokenizer import Tokenizer
from tests.live.calls import compare_call
from tests.text.engines import ENGINES

WORDS = [
    *"the quick Brown f\xf6x, jumps-over [SEP] unaffable \u4e2d\u6587\u5b57 don't".split(),
    *("\U0001f600", "", "\u200b", "a b", "e\u0301\u0323", "x" * 101),
]
CALLS = 3000
Peers = tuple[dict[tuple[str, str], Tokenizer], Any]


@pytest.fixture(scope="module")
def peers(minilm_folder: Path) -> Peers:
    """Ours by engine and truncation_side, and theirs."""
    settings, vocabulary, added = load_settings(minilm_folder)
    ours = {
        (name, side): engine.make(settings._replace(truncation_side=side), vocabulary, added)
        for name, engine in ENGINES.items()
        for side in ("left", "right")
    }
    return ours, transformers.BertTokenizer.from_pretrained(minilm_folder)


def draw_call(rng: random.Random) -> tuple[Any, Any, dict[str, Any]]:
    """Texts, pairs and arguments."""
    split = rng.random() < 0.3
    pads = rng.choice((False, True, "longest", "max_length"))
    count = rng.choice((1, 2, 3, 5))

    def draw_texts() -> Any:
        lists = [
            [rng.choice(WORDS) for _ in range(rng.choice((0, 1, 2, 3, 7, 15)))]
            for _ in range(count)
        ]
        return lists if split else [" ".join(words) for words in lists]

    texts, pairs = draw_texts(), draw_texts() if rng.random() < 0.6 else None
    arguments = {
        "padding": pads,
        "truncation": rng.choice((False, True, "longest_first", "only_first", "only_second")),
        "max_length": rng.choice((None, 3, 4, 5, 6, 7, 8, 12, 16, 24, 40)),
        "stride": rng.choice((0, 0, 1, 2, 3)),
        "is_split_into_words": split,
        "pad_to_multiple_of": rng.choice((None, None, 4, 8)) if pads else None,
        "padding_side": rng.choice((None, "left", "right")),
        "return_overflowing_tokens": rng.random() < 0.5,
    }
    for name in ("special_tokens_mask", "offsets_mapping", "length"):
        arguments[f"return_{name}"] = rng.random() < 0.8
    return texts, pairs, arguments


@pytest.mark.filterwarnings("ignore:.*max_length")
def test_random_calls(peers: Peers, compared: Callable[[str, int], None]) -> None:
    """Catches any argument that does something else, alone or together with the others."""
    rng = random.Random(20260922)
    outcomes: Counter[str] = Counter()
    for _ in range(CALLS):
        side = rng.choice(("left", "right"))
        ours = [peers[0][engine, side] for engine in ENGINES]
        outcomes[compare_call(ours, peers[1], *draw_call(rng))] += 1
    assert outcomes["equal"] > CALLS / 2, outcomes
    assert outcomes["both raise"] > CALLS / 20, outcomes
    assert outcomes["only they raise"] + outcomes["only we raise"] < CALLS / 5, outcomes
    engines = " and ".join(ENGINES)
    compared(f"calls with drawn arguments, {engines} (transformers)", outcomes["equal"])
    compared("calls refused by both (transformers)", outcomes["both raise"])


@pytest.mark.parametrize("engine", ENGINES)
def test_overflow_of_one_text(peers: Peers, engine: str) -> None:
    """Catches what drawing may miss: the very rows of a stride, and what they leave out."""
    text = "the quick brown fox jumps over the lazy dog"
    ours = peers[0][engine, "right"]
    batch = ours(
        ["a", text],
        max_length=6,
        stride=1,
        return_overflowing_tokens=True,
        return_num_truncated_tokens=True,
    )
    rows = [ours.decode(row, skip_special_tokens=True) for row in batch.input_ids]
    assert rows == ["a", "the quick brown fox", "fox jumps over the", "the lazy dog"]
    assert batch.overflow_to_sample_mapping.tolist() == [0, 1, 1, 1]
    assert batch.num_truncated_tokens.tolist() == [0, 5, 5, 6]


def test_counting_what_is_dropped(peers: Peers) -> None:
    """Catches an early stop that hides tokens from the count, on either side, for pairs too."""
    texts, pairs = ["a " * 300, "b", ""], ["c " * 300, "d " * 20, ""]
    for ours in peers[0].values():
        whole = ours(texts, pairs, truncation=False, padding=False)
        cut = ours(texts, pairs, padding=False, max_length=16, return_num_truncated_tokens=True)
        lost = [len(a) - len(b) for a, b in zip(whole.input_ids, cut.input_ids, strict=True)]
        assert cut.num_truncated_tokens.tolist() == lost == [587, 8, 0]


@pytest.mark.parametrize("engine, backend", [("readable", "python"), ("compiled", "numba")])
def test_special_tokens_as_text(
    peers: Peers, minilm_folder: Path, engine: str, backend: str
) -> None:
    """Catches a [SEP] of the user's that ends the text after all, by call and by default."""
    texts = ["a [SEP] b[MASK]", "[CLS]", "[PAD][PAD] [sep]", "plain"]
    by_default = Tokenizer.from_pretrained(
        minilm_folder, special_tokens_in_text="text", backend=backend
    )
    for split in (True, False):
        name = "text" if split else "parse"
        wanted = peers[1](texts, split_special_tokens=split)["input_ids"]
        right = peers[0][engine, "right"]
        calls = [right(texts, padding=False, special_tokens_in_text=name)]
        calls.append((by_default if split else right)(texts, padding=False))
        for batch in calls:
            assert [row.tolist() for row in batch.input_ids] == wanted
    pieces = by_default.tokenize("[SEP]")
    assert pieces == ["[", "sep", "]"]
    assert by_default.tokenize("[SEP]", special_tokens_in_text="parse") == ["[SEP]"]
