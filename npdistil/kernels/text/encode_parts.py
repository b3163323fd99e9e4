"""Parts of a batch of texts, each by the next thread that is free."""

import numpy as np

from ..jit import inlined_in_kernels, kernel
from ..team import take_task
from .encode_texts import encode_texts
from .forms import ENCODE_PARTS

SIX, LOW_SIX, FOLLOWS = np.uint32(6), np.uint32(0x3F), np.uint32(0x80)


@inlined_in_kernels
def write_utf8(code_C, start, end, text_U, place):
    """Code points `start` to `end` as bytes from `place` on; returns where they end."""
    c = start
    while c < end:
        if c + 16 <= end:
            ones = np.uint32(0)
            for k in range(16):
                ones |= code_C[np.uint64(c + k)]
            if ones < 0x80:  # most are ASCII wherever words have spaces
                for k in range(16):
                    text_U[np.uint64(place + k)] = code_C[np.uint64(c + k)]
                c += 16
                place += 16
                continue
        code = code_C[c]
        c += 1
        if code < 0x80:
            text_U[place] = code
            place += 1
        elif code < 0x800:
            text_U[place] = 0xC0 | code >> SIX
            text_U[place + 1] = FOLLOWS | code & LOW_SIX
            place += 2
        elif code < 0x10000:
            text_U[place] = 0xE0 | code >> 12
            text_U[place + 1] = FOLLOWS | code >> SIX & LOW_SIX
            text_U[place + 2] = FOLLOWS | code & LOW_SIX
            place += 3
        else:
            text_U[place] = 0xF0 | code >> 18
            text_U[place + 1] = FOLLOWS | code >> 12 & LOW_SIX
            text_U[place + 2] = FOLLOWS | code >> SIX & LOW_SIX
            text_U[place + 3] = FOLLOWS | code & LOW_SIX
            place += 4
    return place


@kernel(*ENCODE_PARTS)
def encode_parts(
    ascii_U, code_C, is_wide_B, start_B, length_B, goes_on_B, place_B, cut_P,
    limit, detail, tables, word, answer, text_U, counters,
    begin_B, end_B, id_T, word_T, span_T2, count_B, status_B,
):  # fmt: skip
    """Ids of texts, in parts that threads take by a counter.

    A part writes where there is room for it whatever the others find, so that nobody waits: the ids
    of part p lie from place_B[b] + 2 * b on, b being cut_P[p].

    Args:
        ascii_U: the texts that are ASCII, joined.
        code_C: the code points of the others.
        is_wide_B: 1 for these.
        start_B: where a text begins in its array.
        length_B: its characters.
        goes_on_B: 1 if it goes on behind them.
        place_B: B + 1 places with room between them for what a text needs as UTF-8.
        cut_P: the first text of every part, and the number of texts.
        limit: as for `encode_texts`.
        detail: likewise.
        tables: likewise.
        word: likewise, this thread's own.
        answer: likewise.
        text_U: this thread's own, too: a part as UTF-8, and BEHIND bytes.
        counters: zeros, one row: how many parts have been taken.
        begin_B: where a text begins in text_U, while its part is worked on.
        end_B: where it ends.
        id_T: place_B[B] + 2 * B; see `encode_texts` for this and all that follow.
        word_T: as many, or none.
        span_T2: as many, or none.
        count_B: how many ids a text has.
        status_B: how it ended.

    Twin: text.encode.TextEncoder.
    """
    while True:
        part = take_task(counters, 0)
        if part >= cut_P.shape[0] - 1:
            return
        first, behind_last = cut_P[part], cut_P[part + 1]
        place = 0
        for b in range(first, behind_last):
            begin_B[b] = place
            if is_wide_B[b] != 0:
                place = write_utf8(code_C, start_B[b], start_B[b] + length_B[b], text_U, place)
            else:
                for k in range(length_B[b]):
                    text_U[np.uint64(place + k)] = ascii_U[np.uint64(start_B[b] + k)]
                place += length_B[b]
            end_B[b] = place
        encode_texts(
            text_U, begin_B, end_B, goes_on_B, first, behind_last, limit, detail, tables,
            word, answer, place_B[first] + 2 * first, id_T, word_T, span_T2, count_B, status_B,
        )  # fmt: skip
