"""Ids to a .npy or .jsonl file, whole or not at all."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ..text.batch import Array
from .output_file import whole_file


def json_line(text: str, ids: Array) -> str:
    """One object with the text and its ids, and a newline."""
    numbers = ", ".join(map(str, ids.tolist()))
    return f'{{"text": {json.dumps(text, ensure_ascii=False)}, "input_ids": [{numbers}]}}\n'


def write_ids(path: Path, texts: Sequence[str], rows: Iterable[Array], pad_id: int) -> int:
    """Write one row for each text and return the number of tokens without padding.

    .npy holds int32 [texts, longest row], padded on the right with `pad_id`; .jsonl one object
    {"text", "input_ids"} a line.

    Raises:
        InputError: the file cannot be written; nothing is left behind.
    """
    tokens = 0
    with whole_file(path) as stream:
        if path.suffix == ".npy":
            ragged = list(rows)
            tokens = sum(map(len, ragged))
            ids_BL = np.full((len(ragged), max(map(len, ragged), default=0)), pad_id, np.int32)
            for row_L, ids in zip(ids_BL, ragged, strict=True):
                row_L[: len(ids)] = ids
            np.save(stream, ids_BL)
        else:
            for text, ids in zip(texts, rows, strict=True):
                stream.write(json_line(text, ids).encode())
                tokens += len(ids)
    return tokens
