"""Hostile texts: four times the text may cost about four times the work, never sixteen."""

from collections.abc import Callable

import pytest

from npdistil.text.tokenizer import Tokenizer
from tests.text.counting import calls_of
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
SIZE = 3_000
# Four times the text: linear work gives 4 and a little for growing lists, quadratic work 16.
MOST = 5.0


@pytest.mark.parametrize("name", FAMILIES)
def test_work_grows_with_the_text(name: str) -> None:
    """Catches a search that starts over at every character, and sorting by insertion."""
    tokenizer = Tokenizer.from_vocab(
        [*VOCAB, "ab", "##ab", "a" * 90, "##" + "b" * 90], backend="python"
    )
    part = FAMILIES[name]

    def work(size: int) -> int:
        text = part * (size // len(part))
        return calls_of(lambda: tokenizer(text, truncation=False, return_offsets_mapping=True))

    work(100)  # what is loaded at first use
    assert work(4 * SIZE) <= MOST * work(SIZE)


def test_the_measure_sees_quadratic_work() -> None:
    """Catches a profile hook that counts nothing."""

    def quadratic(size: int) -> Callable[[], object]:
        return lambda: [len("a") for _ in range(size) for _ in range(size)]

    assert calls_of(quadratic(40)) > 3 * MOST / 4 * calls_of(quadratic(20))
