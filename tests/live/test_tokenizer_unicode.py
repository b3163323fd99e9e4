"""Every Unicode scalar value against `tokenizers`, under the uncased and the cased preset."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from npdistil.text.encoded import EncodedTexts
from npdistil.text.tokenizer import Tokenizer
from tests.live.bert_peer import (
    CASED,
    UNCASED,
    Peers,
    Switches,
    difference,
    our_tokens,
    their_tokens,
)
from tests.text.engines import ENGINES

SCALARS = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
TOGETHER = 64
PIECE = 512 * TOGETHER  # what is compared at a time


def in_one_text(chars: str) -> list[str]:
    """64 characters a text, each alone and as "a" + c + "b"; nothing reaches across spaces."""
    return [
        " ".join(f"{char} a{char}b" for char in chars[start : start + TOGETHER])
        for start in range(0, len(chars), TOGETHER)
    ]


def one_by_one(ours: Tokenizer, chars: str) -> EncodedTexts:
    """Each of these a text by itself, their answers put together as those of `in_one_text`."""
    found = our_tokens(ours, [text for char in chars for text in (char, f"a{char}b")])
    assert found.spans_T2 is not None
    lengths, ends = found.lengths_B, found.cu_seqlens[1:]
    words = np.zeros_like(lengths)
    words[lengths > 0] = found.words_T[ends[lengths > 0] - 1] + 1
    group = np.arange(len(lengths)) // (2 * TOGETHER)

    def before(counts: np.ndarray) -> np.ndarray:
        """Of each text, what the texts before it in its group have together."""
        sums = np.cumsum(counts) - counts
        return np.repeat(sums - sums[:: 2 * TOGETHER][group], lengths).astype(np.int32)

    sizes = np.tile([1 + len(" "), 3 + len(" ")], len(chars))
    return EncodedTexts(
        ids_T=found.ids_T,
        words_T=found.words_T + before(words),
        spans_T2=found.spans_T2 + before(sizes)[:, None],
        cu_seqlens=np.append(found.cu_seqlens[: -1 : 2 * TOGETHER], ends[-1]),
    )


class Answers:
    """What `tokenizers` says; the engines are held to it one after another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.peers = lru_cache(1)(self._peers)
        self.of_all_scalars = lru_cache(1)(self._of_all_scalars)

    def _peers(self, vocabulary: str) -> Peers:
        own_ids = [*SCALARS, *("##" + char for char in SCALARS)]
        return Peers(self._folder, own_ids if vocabulary == OWN_IDS else ())

    def _of_all_scalars(
        self, vocabulary: str, switches: Switches
    ) -> list[tuple[str, EncodedTexts]]:
        theirs = self.peers(vocabulary).theirs(switches)
        pieces = [SCALARS[start : start + PIECE] for start in range(0, len(SCALARS), PIECE)]
        return [(piece, their_tokens(theirs, in_one_text(piece))) for piece in pieces]


@pytest.fixture(scope="module")
def answers(minilm_folder: Path) -> Answers:
    return Answers(minilm_folder)


BERT, OWN_IDS = "bert-base-uncased", "own ids"
CASES = [
    *((BERT, switches, engine) for switches in (UNCASED, CASED) for engine in ENGINES),
    (OWN_IDS, UNCASED, "compiled"),  # cased, characters are themselves or nothing
]


@pytest.mark.parametrize(
    "vocabulary, switches, engine",
    CASES,
    ids=lambda value: value if isinstance(value, str) else "uncased" if value[0] else "cased",
)
def test_every_scalar_value(
    answers: Answers,
    compared: Callable[[str, int], None],
    vocabulary: str,
    switches: Switches,
    engine: str,
) -> None:
    """Catches one wrong entry of the tables, in ids, offsets or words: alone, and as "a" + c + "b".

    Where every character has ids of its own, a character that becomes another one shows even if
    bert-base-uncased knows neither.
    """
    ours = answers.peers(vocabulary).ours(switches, engine)
    count = 0
    for chars, wanted in answers.of_all_scalars(vocabulary, switches):
        if ENGINES[engine].one_by_one:
            found = one_by_one(ours, chars)
        else:
            found = our_tokens(ours, in_one_text(chars))
        wrong = difference(found, wanted)
        assert wrong is None, ascii(in_one_text(chars)[wrong])
        count += len(chars)
    assert count == len(SCALARS) == 1_112_064
    preset = "uncased" if switches[0] else "cased"
    compared(f'scalar values, alone and as "a" + c + "b", {vocabulary}, {preset}, {engine}', count)


def test_a_single_wrong_entry_is_found(answers: Answers) -> None:
    """Catches a comparison that compares nothing: a character more, less, elsewhere, or another."""
    peers = answers.peers(BERT)
    theirs = peers.theirs(UNCASED)
    texts = ["a b", "\u0130x", "c"]
    wanted = their_tokens(theirs, texts)
    for engine in ENGINES:
        ours = peers.ours(UNCASED, engine)
        assert difference(our_tokens(ours, texts), wanted) is None
        assert difference(our_tokens(ours, ["a b", "\u0130y", "c"]), wanted) == 1
        assert difference(our_tokens(ours, ["a b", "\u0130x", " c"]), wanted) == 2
        assert difference(our_tokens(ours, ["a b", "", "\u0130x c"]), wanted) == 1
    chars = SCALARS[:300]
    wanted = their_tokens(theirs, in_one_text(chars))
    assert difference(one_by_one(ours, chars), wanted) is None
    assert difference(one_by_one(ours, chars[:299] + "x"), wanted) == 299 // TOGETHER
