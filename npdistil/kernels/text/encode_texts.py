"""From the bytes of many texts to their ids, in one pass."""

import numpy as np

from ..jit import INT, kernel
from .forms import (
    ADDED,
    ALONE,
    AT_TOKEN,
    BYTES,
    CUT_SHORT,
    DONE,
    EXPANDED,
    FLUSH,
    IGNORED,
    IN_I,
    LETTER,
    LONG,
    NUMBER_SHIFT,
    OUT_BYTES,
    OUT_I,
    OUT_IDS,
    OUT_SPANS,
    RANK_MASK,
    RANK_SHIFT,
    REORDERED,
    SPACE,
    TABLES,
    WITH_SPANS,
    WORD_SPACE,
)
from .known_words import NO_ID, find_word
from .read_character import find_added, read_entry
from .write_word import id_alone, write_token, write_word

KIND = np.uint32(7)
NOT_A_LETTER = np.uint32(AT_TOKEN | KIND)
ONE = np.uint64(1)


@kernel(
    *(BYTES, IN_I, IN_I, BYTES, INT, INT, INT, INT, TABLES, WORD_SPACE),
    *(OUT_I, INT, OUT_IDS, OUT_IDS, OUT_SPANS, OUT_I, OUT_BYTES),
)
def encode_texts(
    text_U, begin_B, end_B, goes_on_B, first, behind_last, limit, detail, tables, word,
    answer, t, id_T, word_T, span_T2, count_B, status_B,
):  # fmt: skip
    """Ids of texts in UTF-8, one after another.

    Args:
        text_U: text b is text_U[begin_B[b] : end_B[b]]; BEHIND bytes more can be read.
        begin_B: see there.
        end_B: see there.
        goes_on_B: 1 if a text goes on behind its last byte, so that what touches it is unknown.
        first: the first text to encode.
        behind_last: the first that is not to be encoded any more.
        limit: how many ids a text may have, [CLS] and [SEP] not counted; the rest is not read.
        detail: IDS_ONLY, WITH_WORDS or WITH_SPANS: what is filled besides id_T.
        tables: what characters become, and the tries.
        word: working memory, tables.max_chars long.
        answer: four numbers to work with.
        t: the first id's place.
        id_T: room for one id a byte and two a text, from place t on.
        word_T: the number of the word in its text; -1 for what tables.cls_id and sep_id add.
        span_T2: the characters of the text, half open, behind each id.
        count_B: how many ids a text has; none if it ended otherwise than well.
        status_B: how it ended: DONE, CUT_SHORT or REORDERED.

    Twin: text.encode.TextEncoder.
    """
    byte_entry, pool = tables.byte_entry, tables.pool
    page_of, page_entry = tables.page_of, tables.page_entry
    base_N, parent_N, id_N = tables.words.base_N, tables.words.parent_N, tables.words.id_N
    added = tables.added
    added_base_N, added_parent_N, added_id_N = added.base_N, added.parent_N, added.id_N
    root, suffix_root = np.uint64(tables.words.root), tables.suffix_root
    max_chars, unk_id = tables.max_chars, tables.unk_id
    symbol_W, rank_W, origin_W = word.symbol_W, word.rank_W, word.origin_W
    piece_W, piece_end_W = word.piece_W, word.piece_end_W
    slot_S = tables.known.slot_S
    shift, fold = np.uint64(tables.known.shift), np.uint64(tables.known.fold)
    for b in range(first, behind_last):
        begin = t  # of the text's ids
        place, end, goes_on = begin_B[b], end_B[b], goes_on_B[b] != 0
        ahead = place  # bytes of the joined text so far that are not characters of this text
        if tables.cls_id >= 0:
            write_token(tables.cls_id, -1, 0, 0, detail, t, id_T, word_T, span_T2)
            t += 1
        most = t + limit
        number = 0  # of the word in its text
        length = 0  # of the word so far; beyond max_chars it is only counted
        run = 0  # where in the word the marks begin that may still change places
        last = 0  # the character of the text that the word's last letter comes from
        status = DONE
        while t < most and place <= end and status == DONE:
            if length == 0 and place < end:
                # The common cases: spaces, signs, and ASCII words that are one token.
                entry = byte_entry[text_U[place]]
                kind = entry & NOT_A_LETTER
                if kind == SPACE:
                    place += 1
                    continue
                token_id, behind = NO_ID, place + 1
                if kind == ALONE:
                    token_id = id_alone(base_N, parent_N, id_N, root, entry, unk_id)
                elif kind == LETTER:
                    token_id, size = find_word(text_U, place, end, slot_S, shift, fold)
                    behind = place + size
                    kind = np.uint32(LONG if goes_on else SPACE)
                    if behind < end:
                        kind = byte_entry[text_U[behind]] & KIND
                    if kind != SPACE and kind != ALONE:
                        token_id = NO_ID
                if token_id >= 0:
                    write_token(
                        token_id, number, place - ahead, behind - ahead, detail, t,
                        id_T, word_T, span_T2,
                    )  # fmt: skip
                    t += 1
                    number += 1
                    place = behind
                    continue
            # ASCII letters as far as they go.
            while place < end:
                entry = byte_entry[text_U[place]]
                if entry & NOT_A_LETTER:
                    break
                last = place - ahead
                if length < max_chars:
                    symbol_W[length] = entry >> NUMBER_SHIFT
                    rank_W[length] = 0
                    origin_W[length] = last
                length += 1
                run = length
                place += 1

            # Any other character, or the end, which acts as a space.
            here = place - ahead
            size = characters = 1
            if place == end:
                if goes_on:
                    status = CUT_SHORT
                    break
                entry = np.uint32(SPACE)
            else:
                entry = byte_entry[text_U[place]]
                if entry & AT_TOKEN:
                    find_added(
                        text_U, place, end, added_base_N, added_parent_N, added_id_N,
                        tables.added.root, answer,
                    )  # fmt: skip
                    if goes_on and answer[3] == end:
                        status = CUT_SHORT
                        break
                    if answer[0] >= 0:
                        entry = np.uint32(ADDED) | np.uint32(answer[0]) << np.uint32(NUMBER_SHIFT)
                        size, characters = answer[1], answer[2]
                if entry & KIND == LONG:
                    entry, size = read_entry(text_U, place, page_of, page_entry)
            place += size
            ahead += size - characters
            parts = 1
            part = np.uint64(0)
            if entry & KIND == EXPANDED:
                part = np.uint64(entry >> NUMBER_SHIFT)
                parts = np.int64(pool[part])
            for _ in range(parts):
                if part:
                    part += ONE
                    entry = pool[part]
                kind = entry & KIND
                if kind == LETTER:
                    rank = entry >> RANK_SHIFT & RANK_MASK
                    last = here
                    if length < max_chars:
                        at = length
                        if rank:
                            while at > run and rank_W[at - 1] > rank:
                                symbol_W[at], rank_W[at] = symbol_W[at - 1], rank_W[at - 1]
                                at -= 1
                        symbol_W[at], rank_W[at] = entry >> NUMBER_SHIFT, rank
                        origin_W[length] = here
                    length += 1
                    if rank == 0:
                        run = length
                    elif detail == WITH_SPANS:
                        status = REORDERED
                elif kind == FLUSH:
                    run = length
                elif kind != IGNORED:
                    if length > 0:
                        write_word(
                            symbol_W, origin_W, length, last, number, detail, t, most,
                            base_N, parent_N, id_N, tables.words.root, suffix_root, unk_id,
                            piece_W, piece_end_W, answer, id_T, word_T, span_T2,
                        )  # fmt: skip
                        t = answer[0]
                        number += 1
                        length = run = 0
                    if kind != SPACE and t < most:
                        found = np.int64(entry >> NUMBER_SHIFT)
                        if kind == ALONE:
                            found = id_alone(base_N, parent_N, id_N, root, entry, unk_id)
                        behind = here + characters
                        write_token(found, number, here, behind, detail, t, id_T, word_T, span_T2)
                        t += 1
                        number += 1
        status_B[b] = status
        if status != DONE:
            t = begin
        elif tables.sep_id >= 0:
            write_token(tables.sep_id, -1, 0, 0, detail, t, id_T, word_T, span_T2)
            t += 1
        count_B[b] = t - begin
