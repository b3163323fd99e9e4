"""Texts drawn at random, in which what tokenizers get wrong stands close together."""

import random
from collections.abc import Callable

SPECIALS = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[SEP", "[[MASK]]", "[sep]", "##", "##a"]
WORDS = "the quick unaffable don't U.S.A. $5.00 na\xefve stra\xdfe \u4e2d\u6587\u5b57".split()
MARKS = [chr(code) for code in (*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x8D4, 0x8FF))]
MARKS += list("\u0f71\u0f73\u0f75\u0f81\u1bf2\u1dfb\u302e\ua953\U0001d165\U0001e000\U0001e944")
EMOJI = ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "1\ufe0f\u20e3"]
EMOJI += ["\U0001f44d\U0001f3fd", "\U0001f600", "\u2764\ufe0f", "\U0001f3f4\U000e0067\U000e007f"]
CONTROLS = list("\0\x01\x0b\x0c\x1c\x85\xad\u200b\u200d\u200e\u2028\u202e\u2060\ufeff\ufffd\ue000")
SPACES = list(" \t\n\r\xa0\u1680\u2003\u2009\u202f\u3000")
# First and last code points of blocks: letters of many scripts, signs, ideographs, jamo.
BLOCKS = [
    *((0x21, 0x7E), (0xA1, 0x24F), (0x370, 0x52F), (0x531, 0x5F4), (0x600, 0x6FF)),
    *((0x900, 0xDFF), (0xE00, 0xFFF), (0x1000, 0x11FF), (0x1E00, 0x1FFF), (0x2010, 0x27BF)),
    *((0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFFEF)),
    *((0x10000, 0x1D7FF), (0x1F300, 0x1FAFF), (0x20000, 0x2FA1F), (0xE0000, 0xE01EF)),
]


def any_scalar(rng: random.Random) -> str:
    """One of all code points but the surrogates."""
    code = rng.randrange(0x110000 - 0x800)
    return chr(code if code < 0xD800 else code + 0x800)


def of_a_block(rng: random.Random) -> str:
    """Every block is as likely as the others."""
    return chr(rng.randint(*rng.choice(BLOCKS)))


PIECES: list[tuple[Callable[[random.Random], str], int]] = [
    (of_a_block, 6),
    (lambda rng: rng.choice("abcdefghijklmnopqrstuvwxyzABCXYZ0189.,'-"), 6),
    (lambda rng: rng.choice(SPACES), 3),
    (lambda rng: "".join(rng.choices(MARKS, k=rng.choice((1, 1, 2, 5)))), 2),
    (lambda rng: chr(rng.randint(0xAC00, 0xD7A3)), 1),
    (lambda rng: chr(rng.randint(0x1100, 0x11FF)), 1),
    (lambda rng: rng.choice(EMOJI), 1),
    (lambda rng: rng.choice(CONTROLS), 1),
    (lambda rng: rng.choice(SPECIALS), 1),
    (lambda rng: rng.choice(WORDS), 1),
    (any_scalar, 1),
]
DRAW, WEIGHTS = zip(*PIECES, strict=True)


def drawn_text(rng: random.Random) -> str:
    """Up to 24 pieces: letters, marks, emoji sequences, controls, special tokens, anything."""
    pieces = rng.choices(DRAW, WEIGHTS, k=rng.randrange(25))
    return "".join(piece(rng) for piece in pieces)


def mutated(rng: random.Random, text: str) -> str:
    """A stretch of a real text with one to six places changed."""
    start = rng.randrange(max(1, len(text) - 100))
    chars = [*text[start : start + rng.randrange(20, 160)], " "]
    for _ in range(rng.randrange(1, 7)):
        place = rng.randrange(len(chars))
        change = rng.randrange(5)
        if change == 0:
            del chars[place : place + 3]
        elif change == 1:
            chars[place:place] = chars[place : place + 4] * 2
        elif change == 2:
            chars[place] = chars[place].upper()
        else:
            piece = rng.choices(DRAW, WEIGHTS)[0](rng)
            chars[place : place + change - 3] = [*piece]
        chars = chars or [" "]
    return "".join(chars)
