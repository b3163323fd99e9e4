"""What an engine works on: rows of ids without padding."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from .encoded import Int32s, TextsToIds
from .options import CallOptions
from .rows import make_rows

MAX_TOKENS = (1 << 31) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedIds:
    """Rows of several texts, one after another.

    Row b is `input_ids_T[cu_seqlens[b] : cu_seqlens[b + 1]]`, [CLS] and [SEP] included.
    """

    input_ids_T: Int32s
    cu_seqlens: Int32s  # [B + 1], begins with 0
    num_truncated_tokens: Int32s | None  # [B], left out of each text; None: nobody asked


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
    if len(ids_T) > MAX_TOKENS:
        raise InputError(
            f"texts: {len(ids_T)} tokens in all, but packed rows hold at most {MAX_TOKENS}; "
            "pack fewer texts at a time."
        )
    return PackedIds(
        input_ids_T=ids_T,
        cu_seqlens=cu_seqlens.astype(np.int32),
        num_truncated_tokens=dropped_B,
    )
