"""What an engine works on: rows of ids without padding."""

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..named_tuple import NamedTuple
from .encoded import Int32s, TextsToIds
from .options import CallOptions
from .rows import Rows, make_rows

MAX_TOKENS = (1 << 31) - 1


class PackedIds(NamedTuple):
    """Rows of several texts, one after another.

    Row b is `input_ids_T[cu_seqlens[b] : cu_seqlens[b + 1]]`, [CLS] and [SEP] included.

    Attributes:
        input_ids_T: int32.
        cu_seqlens: int32 [B + 1], begins with 0.
        num_truncated_tokens: [B], left out of each text; None: nobody asked.
        token_type_ids_T: 0 and 1 in pairs; None: there are no pairs, or the model is told no types.
    """

    input_ids_T: Int32s
    cu_seqlens: Int32s
    num_truncated_tokens: Int32s | None
    token_type_ids_T: Int32s | None = None


def pack_texts(
    encode: TextsToIds, texts: Sequence[str], options: CallOptions, cls_id: int, sep_id: int
) -> PackedIds:
    """[CLS] text [SEP] for each text.

    Raises:
        InputError: more tokens than int32 can count.
    """
    as_text = options.special_as_text
    dropped_B = None
    if options.needs_rest:
        whole = encode(texts, enough=None, offsets=False, special_as_text=as_text)
        rows = make_rows(whole, None, options.cut, cls_id, sep_id)
        ids_T, cu_seqlens = rows.ids_T, rows.cu_seqlens
        if "num_truncated_tokens" in options.fields:
            dropped_B = rows.truncated_N.astype(np.int32)
    else:
        ids_T, cu_seqlens = encode.pack(texts, enough=options.enough, special_as_text=as_text)
    _expect_countable(len(ids_T))
    return PackedIds(ids_T, cu_seqlens.astype(np.int32), dropped_B)


def packed_pairs(rows: Rows, options: CallOptions) -> PackedIds:
    """Rows of pairs: [CLS] first [SEP] second [SEP].

    Raises:
        InputError: more tokens than int32 can count.
    """
    _expect_countable(len(rows.ids_T))
    counted = "num_truncated_tokens" in options.fields
    typed = "token_type_ids" in options.fields  # not if the folder says that the model takes none
    return PackedIds(
        rows.ids_T,
        rows.cu_seqlens.astype(np.int32),
        rows.truncated_N.astype(np.int32) if counted else None,
        rows.types_T if typed else None,
    )


def _expect_countable(tokens: int) -> None:
    if tokens > MAX_TOKENS:
        raise InputError(
            f"texts: {tokens} tokens in all, but packed rows hold at most {MAX_TOKENS}; "
            "pack fewer texts at a time."
        )
