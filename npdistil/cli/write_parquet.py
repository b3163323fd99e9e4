"""Vectors and their texts as a Parquet file, by pyarrow."""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .vector_block import Block

GROUP_ROWS = 8192  # whole blocks are put together until there are so many rows


def write_parquet(
    stream: BinaryIO, blocks: Iterable[Block], features: int, dtype: np.dtype[Any]
) -> None:
    """Columns "text" (string) and "embedding" (a list of `features` numbers), null for bad lines.

    Args:
        stream: gets the file's bytes.
        blocks: with texts.
        features: of a row.
        dtype: of the numbers: float32, int8 or uint8.
    """
    values = pa.from_numpy_dtype(dtype)
    schema = pa.schema([("text", pa.string()), ("embedding", pa.list_(values, features))])
    with pq.ParquetWriter(stream, schema, use_dictionary=False) as writer:
        for group in _groups(blocks):
            rows_NE = np.concatenate([block.vectors for block in group])
            texts = [text for block in group for text in block.texts]
            bad = np.array([text is None for text in texts])
            lists = pa.FixedSizeListArray.from_arrays(
                pa.array(rows_NE.reshape(-1)), features, mask=pa.array(bad)
            )
            batch = pa.record_batch([pa.array(texts, pa.string()), lists], schema=schema)
            writer.write_batch(batch)


def _groups(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    group: list[Block] = []
    for block in blocks:
        group.append(block)
        if sum(len(member.vectors) for member in group) >= GROUP_ROWS:
            yield group
            group = []
    if group:
        yield group
