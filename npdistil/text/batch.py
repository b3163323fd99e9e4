"""From pieces to arrays: special tokens around the texts, padding, and the frozen TokenBatch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.int32]]
Arrays = Array | list[Array]
Span = tuple[int, int]

NO_SPAN: Span = (0, 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenBatch(Mapping[str, Arrays]):
    """What a model is called with: `model(**batch)`.

    int32 arrays of shape [B, L], offset_mapping [B, L, 2]; without padding a list of B arrays of
    their own lengths. Fields that the model does not take, or that were not asked for, are None
    as attributes and absent as keys.
    """

    input_ids: Arrays
    token_type_ids: Arrays | None = None  # 0 for the first text and for padding, 1 for the second
    attention_mask: Arrays  # 1 for a token, 0 for padding
    offset_mapping: Arrays | None = None  # characters of the text, half open; special tokens (0, 0)

    __eq__ = object.__eq__  # Mapping would compare arrays, which have no truth value
    __hash__ = object.__hash__

    def __getitem__(self, key: str) -> Arrays:
        """The arrays of one field.

        Raises:
            KeyError: not a field of this batch, as Mapping demands.
        """
        if key in _FIELDS and (value := getattr(self, key)) is not None:
            return value  # type: ignore[no-any-return]
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return (name for name in _FIELDS if getattr(self, name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


_FIELDS = ("input_ids", "token_type_ids", "attention_mask", "offset_mapping")


@dataclass(slots=True)
class Row:
    """One sequence while it is put together."""

    ids: list[int] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def extend(self, ids: Sequence[int], spans: Sequence[Span], token_type: int) -> None:
        """Append tokens of one type; `spans` is as long as `ids`, or empty if nobody asked."""
        self.ids += ids
        self.types += [token_type] * len(ids)
        self.spans += spans


@dataclass(frozen=True, kw_only=True)
class Padding:
    """How rows get one length."""

    pad_id: int
    on_the_left: bool
    length: int | None  # None: the longest row


def padded_batch(
    rows: Sequence[Row], padding: Padding | None, *, types: bool, offsets: bool
) -> TokenBatch:
    """Turn rows into arrays; `padding` None gives lists of arrays."""
    names = ["ids", *(["types"] if types else []), *(["spans"] if offsets else [])]
    if padding is None:
        fields: dict[str, Arrays] = {
            name: [_as_array(getattr(row, name), name) for row in rows] for name in names
        }
        mask: Arrays = [np.ones(len(row.ids), np.int32) for row in rows]
    else:
        lengths_B = np.array([len(row.ids) for row in rows], np.int64)
        L = max(int(lengths_B.max(initial=0)), padding.length or 0)
        column_L = np.arange(L)
        if padding.on_the_left:
            column_L = column_L[::-1]
        real_BL = column_L < lengths_B[:, None]
        mask = real_BL.astype(np.int32)
        fields = {}
        for name in names:
            shape = (len(rows), L, 2) if name == "spans" else (len(rows), L)
            array = np.full(shape, padding.pad_id if name == "ids" else 0, np.int32)
            flat = [value for row in rows for value in getattr(row, name)]
            if flat:
                array[real_BL] = flat
            fields[name] = array
    return TokenBatch(
        input_ids=fields["ids"],
        token_type_ids=fields.get("types"),
        attention_mask=mask,
        offset_mapping=fields.get("spans"),
    )


def _as_array(values: Sequence[Any], name: str) -> Array:
    array = np.array(values, np.int32)
    return array.reshape(-1, 2) if name == "spans" else array
