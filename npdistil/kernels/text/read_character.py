"""What stands at a place of the text, where it is more than an ASCII letter."""

import numpy as np

from ..jit import INT, inlined_in_kernels, kernel
from .forms import BYTES, IN_IDS, IN_TABLE, OUT_I

ONE = np.uint64(1)


@kernel(BYTES, INT, INT, IN_TABLE, IN_TABLE, IN_IDS, INT, OUT_I)
def find_added(text_U, place, end, base_N, parent_N, id_N, root, answer):
    """The longest added token that begins here.

    `answer` receives its id or -1, its length in bytes and in characters, and where the search
    ended: a text that goes on behind `end` may hold a longer one if it ended there.

    Twin: text.special.TokenCutter.
    """
    node = np.uint64(root)
    answer[0] = -1
    answer[3] = place
    characters = 0
    for p in range(place, end):
        child = np.uint64(base_N[node]) + np.uint64(text_U[p]) + ONE
        if parent_N[child] != node:
            break
        node = child
        answer[3] = p + 1
        if text_U[p] & 0xC0 != 0x80:
            characters += 1
        if id_N[child] >= 0:
            answer[0] = id_N[child]
            answer[1] = p + 1 - place
            answer[2] = characters


@inlined_in_kernels
def read_entry(text_U, place, page_of, page_entry):
    """The entry of a character of two to four bytes, and how many they are."""
    byte = text_U[place]
    size = 2
    code = (byte & 0x1F) << 6 | text_U[place + 1] & 0x3F
    if byte >= 0xE0:
        size = 3
        code = (byte & 0x0F) << 12 | (text_U[place + 1] & 0x3F) << 6 | text_U[place + 2] & 0x3F
    if byte >= 0xF0:
        size = 4
        code = (byte & 0x07) << 18 | (text_U[place + 1] & 0x3F) << 12
        code |= (text_U[place + 2] & 0x3F) << 6 | text_U[place + 3] & 0x3F
    return page_entry[page_of[code >> 8] + np.uint32(code & 0xFF)], size
