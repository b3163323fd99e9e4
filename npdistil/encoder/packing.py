"""The door: checks every id on a private copy, drops padding, and puts it back afterwards.

Kernels check nothing, so nothing reaches them but through `pack`, `pack_sequences`, `pack_rows`.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..config import EncoderConfig
from ..dims import Floats, expect_shape
from ..errors import InputError

Int32 = NDArray[np.int32]
INT32_MAX = 2**31 - 1


class PackedBatch:
    """Token rows of several sequences, one after another, without padding; all int32."""

    # No dataclass: making one takes half a millisecond of every start.
    def __init__(
        self,
        input_ids_T: Int32,
        token_type_ids_T: Int32,
        position_ids_T: Int32,
        cu_seqlens: Int32,
    ) -> None:
        self.input_ids_T = input_ids_T
        self.token_type_ids_T = token_type_ids_T
        self.position_ids_T = position_ids_T
        self.cu_seqlens = cu_seqlens

    @cached_property
    def lengths(self) -> Int32:
        """Tokens of each sequence, [B]."""
        return np.diff(self.cu_seqlens)

    def spans(self, rows: int) -> list[tuple[int, int]]:
        """Cut the sequences into spans of at most `rows` token rows, at least one sequence each."""
        spans, first, B = [], 0, len(self.cu_seqlens) - 1
        if len(self.input_ids_T) <= rows and B > 0:
            return [(0, B)]
        while first < B:
            end = min(int(self.cu_seqlens[first]) + rows, len(self.input_ids_T))
            fits = np.searchsorted(self.cu_seqlens, end, side="right") - 1
            last = min(max(int(fits), first + 1), B)
            spans.append((first, last))
            first = last
        return spans

    def take(self, sequences: NDArray[np.intp]) -> "PackedBatch":
        """Some of the sequences, in the order of their numbers, as a batch of their own."""
        lengths = self.lengths[sequences]
        cu_seqlens = _cu_seqlens(lengths)
        moved = self.cu_seqlens[sequences] - cu_seqlens[:-1]
        rows = np.arange(cu_seqlens[-1]) + np.repeat(moved, lengths)
        return PackedBatch(
            self.input_ids_T[rows],
            self.token_type_ids_T[rows],
            self.position_ids_T[rows],
            cu_seqlens,
        )

    def bundle(self, first: int, last: int) -> "PackedBatch":
        """Sequences `first` up to `last` as a batch of their own; the token rows are views."""
        if (first, last) == (0, len(self.cu_seqlens) - 1):
            return self
        rows = slice(self.cu_seqlens[first], self.cu_seqlens[last])
        return PackedBatch(
            self.input_ids_T[rows],
            self.token_type_ids_T[rows],
            self.position_ids_T[rows],
            self.cu_seqlens[first : last + 1] - self.cu_seqlens[first],
        )


def pack(
    input_ids: ArrayLike,
    attention_mask: ArrayLike | None,
    token_type_ids: ArrayLike | None,
    config: EncoderConfig,
) -> tuple[PackedBatch, NDArray[np.bool_]]:
    """Keep the unmasked tokens of a padded batch; a position is the column, as in Transformers.

    Args:
        input_ids: integers [B, L].
        attention_mask: 0 or 1, [B, L]; None keeps every token.
        token_type_ids: integers [B, L]; None means 0.
        config: bounds of ids, types and positions.

    Returns:
        The packed batch, and keep_BL: which positions its rows came from.

    Raises:
        InputError: wrong rank, dtype or range, or more columns than the model has positions.
    """
    ids_BL = _integers("input_ids", input_ids, "BL")
    B, L = ids_BL.shape
    if L > config.max_position_embeddings:
        raise InputError(
            f"input_ids: {L} columns, but the model has {config.max_position_embeddings} positions;"
            " truncate the texts (truncation=True) or split them."
        )
    keep_BL = np.ones((B, L), bool)
    if attention_mask is not None:
        mask_BL = _integers("attention_mask", attention_mask, "BL", allow_bool=True, B=B, L=L)
        _expect_range("attention_mask", mask_BL, 2, "1 keeps a token and 0 hides it")
        keep_BL = mask_BL != 0

    _expect_range("input_ids", ids_BL, config.vocab_size, "the model's vocab_size")
    types_BL: NDArray[Any] = np.zeros((B, L), np.int32)
    if token_type_ids is not None:
        if config.type_vocab_size == 0:
            raise InputError(
                f"token_type_ids: a {config.model_type} model takes no token types; leave them out."
            )
        types_BL = _integers("token_type_ids", token_type_ids, "BL", B=B, L=L)
        _expect_range("token_type_ids", types_BL, config.type_vocab_size, "type_vocab_size")

    columns_BL = np.arange(B * L, dtype=np.int32).reshape(B, L)
    if B > 1:
        columns_BL %= L
    # Few functions of NumPy and the plainest: after a pass, none of its code is in the cache.
    whole = attention_mask is None or bool(np.logical_and.reduce(keep_BL, axis=None))
    ends = L * np.arange(B + 1) if whole else _ends(keep_BL.sum(axis=1))
    return PackedBatch(
        _rows(ids_BL, keep_BL, whole),
        _rows(types_BL, keep_BL, whole),
        _rows(columns_BL, keep_BL, whole),
        _as_int32(ends),
    ), keep_BL


def pack_sequences(sequences: Sequence[Int32], config: EncoderConfig) -> PackedBatch:
    """Join sequences that never were padded: token type 0, positions 0, 1, 2, ...

    Raises:
        InputError: an id out of range, a sequence that holds no integers or is longer than the
            model has positions.
    """
    for index, sequence in enumerate(sequences):
        if sequence.ndim != 1 or sequence.dtype.kind not in "iu":
            raise InputError(
                f"sequences[{index}]: expected integers in one dimension, received "
                f"{sequence.dtype} of shape {sequence.shape}."
            )
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    input_ids_T = np.concatenate([np.empty(0, np.int32), *sequences])
    return pack_rows(input_ids_T, np.concatenate([[0], np.cumsum(lengths)]), config)


def pack_rows(
    input_ids_T: NDArray[Any],
    cu_seqlens: NDArray[Any],
    config: EncoderConfig,
    token_type_ids_T: NDArray[Any] | None = None,
) -> PackedBatch:
    """Sequences that lie one after another: positions 0, 1, 2, ...

    Args:
        input_ids_T: integers.
        cu_seqlens: where each sequence begins, and the end of the last.
        config: bounds of ids, types and positions.
        token_type_ids_T: integers, 0 for the first text and 1 for the second; None means 0. A
            model without token types takes no notice of them.

    Raises:
        InputError: an id or a type out of range, another number of types than of ids, or a sequence
            longer than the model has positions.
    """
    lengths = np.diff(cu_seqlens)
    longest = int(lengths.max(initial=0))
    if longest > config.max_position_embeddings:
        raise InputError(
            f"a text of {longest} tokens, but the model has {config.max_position_embeddings} "
            "positions; truncate it."
        )
    _expect_range("input_ids", input_ids_T, config.vocab_size, "the model's vocab_size")
    ids_T = input_ids_T.astype(np.int32)
    types_T = np.zeros_like(ids_T)
    if token_type_ids_T is not None and config.type_vocab_size:
        expect_shape("token_type_ids", token_type_ids_T, "T", T=len(ids_T))
        _expect_range("token_type_ids", token_type_ids_T, config.type_vocab_size, "type_vocab_size")
        types_T = token_type_ids_T.astype(np.int32)
    positions_T = np.arange(len(ids_T)) - np.repeat(cu_seqlens[:-1], lengths)
    return PackedBatch(ids_T, types_T, positions_T.astype(np.int32), _cu_seqlens(lengths))


def unpack(rows_T: Floats, keep_BL: NDArray[np.bool_]) -> Floats:
    """Token rows [T, ...] back to their places [B, L, ...], with zeros at masked positions."""
    if len(rows_T) == keep_BL.size:  # no padding: nothing has to move
        return rows_T.reshape(keep_BL.shape + rows_T.shape[1:])
    padded = np.zeros(keep_BL.shape + rows_T.shape[1:], rows_T.dtype)
    padded[keep_BL] = rows_T
    return padded


def unpack_attention(
    probs: list[Floats],
    keep_BL: NDArray[np.bool_],
    num_heads: int,
    dtype: np.dtype[np.floating[Any]],
) -> Floats:
    """One prob_HLM for each sequence back to [B, H, L, L], zero where either token is masked."""
    B, L = keep_BL.shape
    padded_BHLM: Floats = np.zeros((B, num_heads, L, L), dtype)
    for b, prob_HLM in enumerate(probs):
        columns = np.flatnonzero(keep_BL[b])
        padded_BHLM[b][:, columns[:, None], columns] = prob_HLM
    return padded_BHLM


def _rows(array_BL: NDArray[Any], keep_BL: NDArray[np.bool_], whole: bool) -> Int32:
    rows_T = array_BL.ravel() if whole else array_BL[keep_BL]
    return rows_T.astype(np.int32, copy=False)


def _cu_seqlens(lengths: NDArray[Any]) -> Int32:
    return _as_int32(_ends(lengths))


def _ends(lengths: NDArray[Any]) -> NDArray[np.int64]:
    ends = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    return ends


def _as_int32(ends: NDArray[np.int64]) -> Int32:
    if ends[-1] > INT32_MAX:
        raise InputError(f"{ends[-1]} tokens are more than int32 can count; pass fewer at a time.")
    return ends.astype(np.int32)


def _integers(
    name: str, values: ArrayLike, axes: str, *, allow_bool: bool = False, **sizes: int
) -> NDArray[Any]:
    """A private copy: another thread may change the caller's array after the check."""
    try:
        array = np.array(values)
    except ValueError:
        raise InputError(
            f"{name}: rows of different lengths; pad them (padding=True) and pass attention_mask."
        ) from None
    if array.size == 0 and array.dtype == np.float64:
        array = array.astype(np.int64)  # np.array([[]]) has no better idea
    if array.dtype.kind not in ("iub" if allow_bool else "iu"):
        raise InputError(f"{name}: expected integers, received dtype {array.dtype}.")
    expect_shape(name, array, axes, **sizes)
    return array


def _expect_range(name: str, array: NDArray[Any], end: int, meaning: str) -> None:
    """Every value in 0 ... end - 1; compared before any narrowing, which could wrap around."""
    if array.size == 0:
        return
    least, most = (bound.reduce(array, axis=None) for bound in (np.minimum, np.maximum))
    if least < 0 or most >= end:
        where = tuple(int(index) for index in np.argwhere((array < 0) | (array >= end))[0])
        raise InputError(
            f"{name}: {array[where]} at {list(where)} is outside 0...{end - 1} ({meaning})."
        )
