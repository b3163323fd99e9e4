"""Texts and pairs to the packed batch that a head is asked about, and what was cut off."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arguments import as_integer
from ..config import EncoderConfig
from ..encoder.packing import PackedBatch, pack_rows
from ..text.packed import PackedIds
from ..text.tokenizer import Tokenizer


class Tokenized(NamedTuple):
    """A batch, and how many tokens of each text or pair are not in it, [B]."""

    batch: PackedBatch
    num_truncated_tokens: NDArray[np.int32]


def tokenized(
    tokenizer: Tokenizer,
    config: EncoderConfig,
    firsts: list[str],
    seconds: list[str] | None = None,
    *,
    max_length: int | None = None,
    truncation: bool | str = True,
) -> Tokenized:
    """[CLS] first [SEP], or [CLS] first [SEP] second [SEP], of each text or pair.

    Args:
        tokenizer: of the model.
        config: of its encoder; one without token types gets none.
        firsts: texts.
        seconds: the second texts, as many; None: there are no pairs.
        max_length: in tokens, special ones included; None means the tokenizer's limit. Never more
            than the model has positions.
        truncation: True cuts what is longer, of a pair the longer text first; of pairs also
            "only_first" or "only_second". False leaves it as it is.

    Raises:
        InputError: not text, texts of different number, a max_length that does not hold the
            special tokens; or, untruncated, more tokens than the model has positions.
    """
    positions = config.max_position_embeddings
    wanted = (
        tokenizer.model_max_length if max_length is None else as_integer(max_length, "max_length")
    )
    limit = positions if wanted is None else min(wanted, positions)

    def pack(texts: list[str], others: list[str] | None, counted: bool) -> PackedIds:
        return tokenizer.pack(
            texts,
            limit,
            text_pair=others,
            truncation=truncation,
            return_num_truncated_tokens=counted,
        )

    packed = pack(firsts, seconds, False)
    dropped_B = np.zeros(len(firsts), np.int32)
    # Only a full row can have lost tokens; and only to count them texts are read to their ends.
    full = np.flatnonzero(np.diff(packed.cu_seqlens) >= limit)
    if truncation and len(full):
        others = None if seconds is None else [seconds[n] for n in full]
        counts = pack([firsts[n] for n in full], others, True).num_truncated_tokens
        assert counts is not None
        dropped_B[full] = counts
    batch = pack_rows(packed.input_ids_T, packed.cu_seqlens, config, packed.token_type_ids_T)
    return Tokenized(batch, dropped_B)
