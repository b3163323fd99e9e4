"""Hostile texts: four times the text may cost about four times as long, never sixteen."""

import time

import pytest

from npdistil.text.tokenizer import Tokenizer
from tests.text.tiny import VOCAB

FAMILIES = {
    "full stops": ".",
    "one endless word": "a",
    "words of 100 letters": "ab" * 50 + " ",
    "words of 101 letters": "b" * 101 + " ",
    "spaces": " ",
    "ideographs": "\u4e2d",
    "hangul": "\ud55c",
    "marks of one class": "\u0301",
    "marks of two classes in turn": "\u0301\u0323",
    "surviving marks in turn": "\u08d4\U0001d165",
    "decomposing marks": "\u0f73\u0344",
    "replacement characters": "\ufffd",
    "joiners": "\u200d",
    "special tokens": "[MASK]",
    "beginnings of special tokens": "[MASK[",
    "growing letters": "\u0130",
    "emoji": "\U0001f468\u200d\U0001f469\ufe0f ",
}
SIZE = 12_000
# A quadratic step gives 16; linear ones give 4, and a busy machine spoils some of the rounds.
MOST = 9.0


@pytest.mark.parametrize("name", FAMILIES)
def test_time_grows_with_the_text(name: str) -> None:
    """Catches a search that starts over at every character, and NFD by insertion."""
    tokenizer = Tokenizer.from_vocab([*VOCAB, "ab", "##ab", "a" * 90, "##" + "b" * 90])
    part = FAMILIES[name]
    ratios = []
    for _ in range(4):
        seconds = []
        for size in (SIZE, 4 * SIZE):
            text = part * (size // len(part))
            started = time.perf_counter()
            tokenizer(text, truncation=False, return_offsets_mapping=True)
            seconds.append(time.perf_counter() - started)
        ratios.append(seconds[1] / seconds[0])
        if ratios[-1] < MOST:
            return
    raise AssertionError(f"{name}: four times the text took {min(ratios):.1f} times as long")


def test_a_cut_text_is_read_no_further_than_needed() -> None:
    """Catches a truncating call that matches a whole book word by word for eight tokens."""
    tokenizer = Tokenizer.from_vocab(VOCAB)
    matched = []
    original = tokenizer._encode._wordpiece

    def counting(word: str) -> object:
        matched.append(word)
        return original(word)

    tokenizer._encode._wordpiece = counting  # type: ignore[assignment]
    assert tokenizer("a " * 10_000, max_length=8)["input_ids"].shape == (1, 8)
    assert len(matched) == 6
