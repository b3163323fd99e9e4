"""From the bytes of many texts to their ids, in one pass."""

import numpy as np

from ..jit import kernel
from .forms import (
    ADDED,
    ALONE,
    AT_TOKEN,
    CUT_SHORT,
    DONE,
    ENCODE_TEXTS,
    EXPANDED,
    FLUSH,
    IGNORED,
    LETTER,
    LONG,
    NUMBER_SHIFT,
    RANK_MASK,
    RANK_SHIFT,
    REORDERED,
    SPACE,
    WITH_SPANS,
)
from .read_character import find_added, read_entry
from .write_word import write_token, write_word

KIND = np.uint32(7)
NOT_A_LETTER = np.uint32(AT_TOKEN | KIND)
ONE = np.uint64(1)


@kernel(*ENCODE_TEXTS)
def encode_texts(
    text_U, start_B, goes_on_B, limit, detail, tables, word, answer, id_T, word_T, span_T2, end_B
):
    """Ids of texts in UTF-8, one after another, until a text ends otherwise than well.

    Args:
        text_U: all texts joined; text b is text_U[start_B[b] : start_B[b + 1]].
        start_B: B + 1 places.
        goes_on_B: 1 if a text goes on behind its last byte, so that what touches it is unknown.
        limit: how many ids a text may have, [CLS] and [SEP] not counted; the rest is not read.
        detail: IDS_ONLY, WITH_WORDS or WITH_SPANS: what is filled besides id_T.
        tables: what characters become, and the tries.
        word: working memory, tables.max_chars long.
        answer: four numbers to work with; the first receives how many texts are done, the second
            why it ended: DONE, CUT_SHORT or REORDERED.
        id_T: room for one id a byte and two a text.
        word_T: the number of the word in its text; -1 for what tables.cls_id and sep_id add.
        span_T2: the characters of the text, half open, behind each id.
        end_B: one place behind the last id of each text.

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
    t = 0
    for b in range(start_B.shape[0] - 1):
        place, end, goes_on = start_B[b], start_B[b + 1], goes_on_B[b] != 0
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
            if length == 0:
                # The common case: an ASCII word that is one token, found while it is read.
                node = root
                at = place
                entry = np.uint32(SPACE)
                while at < end:
                    entry = byte_entry[text_U[at]]
                    if entry & NOT_A_LETTER:
                        break
                    child = np.uint64(base_N[node]) + np.uint64(entry >> NUMBER_SHIFT)
                    if parent_N[child] != node:
                        break
                    node = child
                    at += 1
                kind = entry & KIND
                is_over = not goes_on if at == end else kind == SPACE or kind == ALONE
                if is_over and at > place and id_N[node] >= 0 and at - place <= max_chars:
                    begin, behind = place - ahead, at - ahead
                    write_token(
                        id_N[node], number, begin, behind, detail, t, id_T, word_T, span_T2,
                    )  # fmt: skip
                    t += 1
                    number += 1
                    place = at
                    if at < end and entry & NOT_A_LETTER == SPACE:
                        place += 1
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
                    read_entry(text_U, place, page_of, page_entry, answer)
                    size = answer[1]
                    entry = np.uint32(answer[0])
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
                            child = np.uint64(base_N[root]) + np.uint64(found)
                            is_token = parent_N[child] == root and id_N[child] >= 0
                            found = np.int64(id_N[child]) if is_token else unk_id
                        behind = here + characters
                        write_token(found, number, here, behind, detail, t, id_T, word_T, span_T2)
                        t += 1
                        number += 1
        if status != DONE:
            answer[0], answer[1] = b, status
            return
        if tables.sep_id >= 0:
            write_token(tables.sep_id, -1, 0, 0, detail, t, id_T, word_T, span_T2)
            t += 1
        end_B[b] = t
    answer[0], answer[1] = start_B.shape[0] - 1, DONE
