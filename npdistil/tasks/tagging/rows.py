"""Texts, or lists of words, to rows of tokens that know where in the text they stand."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_texts
from ...errors import InputError
from ...text.tokenizer import Tokenizer
from .tokens import TokenRow

Int32s = NDArray[np.int32]


class TextRows(NamedTuple):
    """Some texts, as what a model reads and as what its answers are about.

    A text has one row, or where it is read in windows one row a window, one after another.
    """

    texts: list[str]
    rows: list[TokenRow]
    input_ids: list[Int32s]  # of each row, [CLS] and [SEP] included
    text_N: list[int]  # which text a row is of
    truncated_B: list[int]  # tokens of each text that no row holds


def as_words(items: Sequence[Any], first: int) -> list[list[str]]:
    """Texts that come as lists of words; `first` is the number of the first, for messages.

    Raises:
        InputError: an item is no list of str, or not Unicode text.
    """
    for number, item in enumerate(items, first):
        if not isinstance(item, list | tuple):
            raise InputError(
                f"inputs[{number}]: expected a list of words because of is_split_into_words=True, "
                f"received {type(item).__name__}."
            )
        as_texts(item, f"inputs[{number}]")
    return [list(item) for item in items]


def make_rows(
    tokenizer: Tokenizer,
    items: list[str] | list[list[str]],
    delimiter: str | None,
    max_length: int,
    stride: int | None,
) -> TextRows:
    """Tokenise texts.

    Args:
        tokenizer: of the model.
        items: texts, or with a `delimiter` lists of words; checked.
        delimiter: what stands between two words in their text; None: the items are texts.
        max_length: tokens of a row, [CLS] and [SEP] included.
        stride: None cuts off what is longer; else that goes to further rows, each of which shares
            so many tokens with the one before.

    Raises:
        InputError: a stride that leaves a row no room for new tokens.
    """
    batch = tokenizer(
        items,
        padding=False,
        max_length=max_length,
        stride=stride or 0,
        is_split_into_words=delimiter is not None,
        return_overflowing_tokens=stride is not None,
        return_special_tokens_mask=True,
        return_offsets_mapping=True,
        return_num_truncated_tokens=True,
    )
    ids, count = list(batch["input_ids"]), len(items)
    rows = [
        TokenRow(
            tokenizer.convert_ids_to_tokens(ids_L),
            spans_L2,
            special_L == 1,
            ids_L == tokenizer.unk_token_id,
        )
        for ids_L, spans_L2, special_L in zip(
            ids, batch["offset_mapping"], batch["special_tokens_mask"], strict=True
        )
    ]
    text_N, truncated_B = list(range(count)), [0] * count
    if stride is not None:
        text_N = np.asarray(batch["overflow_to_sample_mapping"]).tolist()
    else:
        truncated_B = np.asarray(batch["num_truncated_tokens"]).tolist()
    texts = [item if isinstance(item, str) else (delimiter or "").join(item) for item in items]
    if delimiter is not None:
        rows = [
            row._replace(spans_L2=_in_text(row, items[number], delimiter, batch.word_ids(n)))
            for n, (row, number) in enumerate(zip(rows, text_N, strict=True))
        ]
    return TextRows(texts, rows, ids, text_N, truncated_B)


def _in_text(
    row: TokenRow, words: Sequence[str], delimiter: str, word_ids: list[int | None]
) -> Int32s:
    """Spans in words, which is how the tokenizer counts, as spans in the words' text."""
    starts_W = np.cumsum([0, *(len(word) + len(delimiter) for word in words)], dtype=np.int32)
    word_L = np.array([-1 if word is None else word for word in word_ids])
    starts_L = np.where(word_L < 0, 0, starts_W[word_L])
    return row.spans_L2 + starts_L[:, None].astype(np.int32)
