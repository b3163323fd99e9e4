"""Words of ASCII letters and digits that are one token: found by their bytes, without a trie.

A trie takes a letter after the other, and each step waits for memory. A word of up to twelve bytes
is two numbers instead: eight bytes are read, told apart, lowered and compared at a time.
"""

import numpy as np

from ..jit import inlined_in_kernels, kernel
from .forms import CASE, MOST_BYTES, PLACE_WORDS

NO_ID = np.int64(-1)

# The same byte eight times.
LOW, HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
SEVEN, LOWER = np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(CASE)
# What takes a byte's highest bit to 1 from "a", from behind "z", from "0", from behind "9" on.
FROM_A, BEHIND_Z = np.uint64(0x1F1F1F1F1F1F1F1F), np.uint64(0x0505050505050505)
FROM_0, BEHIND_9 = np.uint64(0x5050505050505050), np.uint64(0x4646464646464646)

ONE, TWO, SEVEN_BITS, TOP_BYTE = np.uint64(1), np.uint64(2), np.uint64(7), np.uint64(56)
EIGHT, HALF, NUMBER = np.uint64(8), np.uint64(32), np.uint64(0xFFFF_FFFF)
# Odd numbers without a pattern: 2**64 over the golden ratio, and 2**64 times sqrt(2) - 1.
SPREAD, MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x6A09E667F3BCC909)


@inlined_in_kernels
def read_letters(text_U, place, fold):
    """Letters and digits among the eight bytes from `place` on, up to the first other byte.

    Returns them as a number, its lowest byte the first one, and how many they are.

    Args:
        text_U: bytes, eight of them from `place` on.
        place: unsigned.
        fold: CASE to lower them, a bit that digits have anyway, or 0.
    """
    # Becomes one instruction.
    bytes8 = (
        np.uint64(text_U[place])
        | np.uint64(text_U[place + np.uint64(1)]) << np.uint64(8)
        | np.uint64(text_U[place + np.uint64(2)]) << np.uint64(16)
        | np.uint64(text_U[place + np.uint64(3)]) << np.uint64(24)
        | np.uint64(text_U[place + np.uint64(4)]) << np.uint64(32)
        | np.uint64(text_U[place + np.uint64(5)]) << np.uint64(40)
        | np.uint64(text_U[place + np.uint64(6)]) << np.uint64(48)
        | np.uint64(text_U[place + np.uint64(7)]) << np.uint64(56)
    )
    ascii8 = bytes8 & SEVEN
    lower8 = ascii8 | LOWER
    letter8 = (lower8 + FROM_A) & ~(lower8 + BEHIND_Z)
    digit8 = (ascii8 + FROM_0) & ~(ascii8 + BEHIND_9)
    other8 = (~(letter8 | digit8) | bytes8) & HIGH
    ends = other8 >> SEVEN_BITS
    before = (ends & (~ends + ONE)) - ONE  # all bits below the lowest one
    return (bytes8 | fold) & before, (before & LOW) * LOW >> TOP_BYTE


@inlined_in_kernels
def slot_of(low, high, shift):
    """Where a word of these bytes should be."""
    return (low + high * MIX) * SPREAD >> shift


@inlined_in_kernels
def find_word(text_U, place, end, slot_S, shift, fold):
    """The id of the word of letters and digits that begins at `place`, and how many bytes it has.

    The id is NO_ID if it is no token, or of more bytes than the table knows; their number is right
    up to 8 even so.
    """
    low, size = read_letters(text_U, np.uint64(place), fold)
    high = np.uint64(0)
    left = np.uint64(end - place)
    if size == EIGHT and left > EIGHT:
        high, more = read_letters(text_U, np.uint64(place) + EIGHT, fold)
        size += more
    if size > left:  # what follows is another text's
        size = left
        if size < EIGHT:
            low &= (ONE << (size << np.uint64(3))) - ONE
            high = np.uint64(0)
        else:
            high &= (ONE << ((size - EIGHT) << np.uint64(3))) - ONE
    found = NO_ID
    if np.uint64(0) < size <= np.uint64(MOST_BYTES):
        slot = slot_of(low, high, shift) << ONE
        while True:
            known = slot_S[slot]
            rest = slot_S[slot + ONE]
            if known == low and rest >> HALF == high:
                found = np.int64(rest & NUMBER)
                break
            if known == np.uint64(0):
                break
            slot += TWO
    return found, np.int64(size)


@kernel(*PLACE_WORDS)
def place_words(low_V, high_V, id_V, shift, slot_S):
    """Words to a table: pairs of the first eight bytes, and of the others with the id.

    Args:
        low_V: the first eight bytes of each word, none of them 0; all words differ.
        high_V: its other bytes.
        id_V: its id.
        shift: 64 less the table's bits.
        slot_S: zeros; two for each place that `slot_of` names, and for as many more as there
            are words, so that a search ends.

    Twin: text.wordpiece.WordPiece, whose dictionary holds the same tokens.
    """
    for v in range(low_V.shape[0]):
        slot = slot_of(low_V[v], high_V[v], np.uint64(shift)) << ONE
        while slot_S[slot] != np.uint64(0):
            slot += TWO
        slot_S[slot] = low_V[v]
        slot_S[slot + ONE] = high_V[v] << HALF | np.uint64(id_V[v])
