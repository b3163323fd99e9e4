"""One word into pieces of the vocabulary, written behind the ids so far."""

import numpy as np

from ..jit import INT, inlined_in_kernels, kernel
from .forms import (
    IN_I,
    IN_IDS,
    IN_TABLE,
    NUMBER_SHIFT,
    OUT_I,
    OUT_IDS,
    OUT_SPANS,
    WITH_SPANS,
    WITH_WORDS,
)

NONE = np.int32(-1)


@inlined_in_kernels
def id_alone(base_N, parent_N, id_N, root, entry, unk_id):
    """The token of a character that is a word."""
    child = np.uint64(base_N[root]) + np.uint64(entry >> NUMBER_SHIFT)
    is_token = parent_N[child] == root and id_N[child] >= 0
    return np.int64(id_N[child]) if is_token else unk_id


@kernel(IN_TABLE, INT, IN_TABLE, IN_TABLE, IN_IDS, INT, INT, INT, OUT_I, OUT_I, OUT_I)
def match_word(
    symbol_W,
    length,
    base_N,
    parent_N,
    id_N,
    root,
    suffix_root,
    unk_id,
    piece_W,
    piece_end_W,
    answer,
):
    """The longest piece first, again and again; one [UNK] if that leads nowhere.

    A walk ends at the first symbol that no token has at this place, so a letter costs at most as
    many steps as the longest token has letters. `answer[0]` receives the number of pieces.

    Twin: text.wordpiece.WordPiece.
    """
    first = np.uint64(root)
    pieces = start = 0
    if length > symbol_W.shape[0]:
        start = length
        pieces = -1
    while start < length:
        node = first
        found, end = NONE, start
        for w in range(start, length):
            child = np.uint64(base_N[node]) + np.uint64(symbol_W[w])
            if parent_N[child] != node:
                break
            node = child
            if id_N[child] >= 0:
                found, end = id_N[child], w + 1
        if found < 0:
            pieces = -1
            break
        piece_W[pieces], piece_end_W[pieces] = found, end
        pieces += 1
        start = end
        first = np.uint64(suffix_root)
    if pieces < 0:
        piece_W[0], piece_end_W[0] = unk_id, length
        pieces = 1
    answer[0] = pieces


@inlined_in_kernels
def write_token(token_id, number, begin, end, detail, t, id_T, word_T, span_T2):
    """One token at place t, with as much detail as is wanted."""
    id_T[t] = token_id
    if detail >= WITH_WORDS:
        word_T[t] = number
    if detail >= WITH_SPANS:
        span_T2[t, 0], span_T2[t, 1] = begin, end


@kernel(
    *(IN_TABLE, IN_I, INT, INT, INT, INT, INT, INT),
    *(IN_TABLE, IN_TABLE, IN_IDS, INT, INT, INT),
    *(OUT_I, OUT_I, OUT_I, OUT_IDS, OUT_IDS, OUT_SPANS),
)
def write_word(
    symbol_W, origin_W, length, last, number, detail, t, most,
    base_N, parent_N, id_N, root, suffix_root, unk_id,
    piece_W, piece_end_W, answer, id_T, word_T, span_T2,
):  # fmt: skip
    """Match a word and write its pieces from place t on, but nothing at `most` and beyond.

    `last` is the character of the text behind the word's last letter, which a word of more than
    there is room for has not kept. `answer[0]` receives the place behind what was written.

    Twin: text.wordpiece.WordPiece.
    """
    match_word(
        symbol_W, length, base_N, parent_N, id_N, root, suffix_root, unk_id,
        piece_W, piece_end_W, answer,
    )  # fmt: skip
    pieces = answer[0]
    begin = 0
    for piece in range(min(pieces, most - t)):
        end = piece_end_W[piece]
        behind = 1 + (last if end == length else origin_W[end - 1])
        write_token(
            piece_W[piece], number, origin_W[begin], behind, detail, t,
            id_T, word_T, span_T2,
        )  # fmt: skip
        begin = end
        t += 1
    answer[0] = t
