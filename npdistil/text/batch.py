"""What a tokenizer returns: the frozen TokenBatch, padded or as lists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arguments import as_integer
from ..errors import InputError
from .options import Padding
from .rows import SPECIAL, Rows

Array = np.ndarray[Any, np.dtype[np.int32]]
Arrays = Array | list[Array]


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenBatch(Mapping[str, Arrays]):
    """What a model is called with: `model(**batch)`.

    int32 arrays of shape [B, L], offset_mapping [B, L, 2], the last three [B]; without padding
    the first five are lists of B arrays of their own lengths. Fields that the model does not
    take, or that were not asked for, are None as attributes and absent as keys.
    """

    input_ids: Arrays
    token_type_ids: Arrays | None = None  # 0 for the first text and for padding, 1 for the second
    attention_mask: Arrays  # 1 for a token, 0 for padding
    special_tokens_mask: Arrays | None = None  # 1 for [CLS], [SEP] and padding, 0 for the text
    offset_mapping: Arrays | None = None  # characters of the text, half open; special tokens (0, 0)
    length: Array | None = None  # tokens of each row, padding included
    overflow_to_sample_mapping: Array | None = None  # which text a row is of
    num_truncated_tokens: Array | None = None  # tokens of that text which the row leaves out
    _rows: Rows = field(repr=False)

    __eq__ = object.__eq__  # Mapping would compare arrays, which have no truth value
    __hash__ = object.__hash__

    def __getitem__(self, key: str) -> Arrays:
        """The arrays of one field.

        Raises:
            KeyError: not a field of this batch, as Mapping demands.
        """
        value: Arrays | None = getattr(self, key) if key in _FIELDS else None
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in _FIELDS if getattr(self, name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def word_ids(self, batch_index: int = 0) -> list[int | None]:
        """For each token of a row the number of its word; None for special tokens and padding.

        With is_split_into_words these are the caller's words; else what the tokenizer split the
        text into, where a punctuation mark is a word.

        Raises:
            InputError: there is no such row.
        """
        return self._of_row(batch_index, self._words(batch_index))

    def sequence_ids(self, batch_index: int = 0) -> list[int | None]:
        """For each token of a row 0 or 1, its text in the pair; None where it is of neither.

        Raises:
            InputError: there is no such row.
        """
        is_special_T = self._words(batch_index) == SPECIAL
        sequence_T = np.cumsum(is_special_T) - 1
        return self._of_row(batch_index, np.where(is_special_T, SPECIAL, sequence_T))

    def _words(self, index: int) -> Array:
        bounds, rows = self._rows.cu_seqlens, len(self._rows.cu_seqlens) - 1
        index = as_integer(index, "batch_index")
        if not -rows <= index < rows:
            raise InputError(f"batch_index: {index} in a batch of {rows} rows.")
        index %= rows
        return self._rows.words_T[bounds[index] : bounds[index + 1]]

    def _of_row(self, index: int, values_T: np.ndarray[Any, Any]) -> list[int | None]:
        mask_L = self.attention_mask[index]
        row_L = np.full(mask_L.shape, SPECIAL)
        row_L[mask_L == 1] = values_T
        return [None if value == SPECIAL else value for value in row_L.tolist()]


_FIELDS = (
    "input_ids",
    "token_type_ids",
    "attention_mask",
    "special_tokens_mask",
    "offset_mapping",
    "length",
    "overflow_to_sample_mapping",
    "num_truncated_tokens",
)


def make_batch(rows: Rows, padding: Padding | None, fields: frozenset[str]) -> TokenBatch:
    """Turn rows into arrays, or into lists of arrays where `padding` is None.

    Args:
        rows: what goes into the batch.
        padding: how rows get one length.
        fields: the optional fields that are wanted.
    """
    flat = {
        "input_ids": rows.ids_T,
        "token_type_ids": rows.types_T,
        "attention_mask": np.ones_like(rows.ids_T),
        "special_tokens_mask": (rows.words_T == SPECIAL).astype(np.int32),
        "offset_mapping": rows.spans_T2,
    }
    wanted = {
        name: values
        for name, values in flat.items()
        if values is not None and name in fields | {"input_ids", "attention_mask"}
    }
    lengths_B = np.diff(rows.cu_seqlens)
    arrays: dict[str, Arrays]
    if padding is None:
        bounds = rows.cu_seqlens
        pairs = [*zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]
        arrays = {
            name: [values[start:end].copy() for start, end in pairs]
            for name, values in wanted.items()
        }
    else:
        L = max(int(lengths_B.max(initial=0)), padding.length or 0)
        L += -L % padding.multiple_of
        column_L = np.arange(L)[::-1] if padding.on_the_left else np.arange(L)
        real_BL = column_L < lengths_B[:, None]
        fill = {"input_ids": padding.pad_id, "special_tokens_mask": 1}
        arrays = {}
        for name, values in wanted.items():
            array = np.full((*real_BL.shape, *values.shape[1:]), fill.get(name, 0), np.int32)
            array[real_BL] = values
            arrays[name] = array
        lengths_B = np.full_like(lengths_B, L)
    of_rows = {
        "length": lengths_B,
        "overflow_to_sample_mapping": rows.sample_N,
        "num_truncated_tokens": rows.truncated_N,
    }
    for name, values in of_rows.items():
        if name in fields:
            arrays[name] = values.astype(np.int32)
    # Of each field the type that it has in TokenBatch, which a dict does not say.
    return TokenBatch(**arrays, _rows=rows)  # type: ignore[arg-type]
