"""Blocks of float32 rows in fewer bits, when all rows are there to say which range they have."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..tasks.embedding.quantization import FEW, quantize_embeddings
from .vector_block import Block

BY_RANGE = ("int8", "uint8")  # every feature by its range over all rows

Again = Callable[[], Iterator[Block]]


def quantized_blocks(blocks: Again, precision: str) -> Iterator[Block]:
    """The blocks as `SentenceEncoder.encode` would have them with this precision.

    For "int8" and "uint8" they are read twice. The row of a bad line is 0.

    Args:
        blocks: gives the float32 blocks, each time anew.
        precision: any that `quantize_embeddings` knows.

    Raises:
        InputError: a range is needed and there is but one row.
    """
    if precision == "float32":
        return blocks()
    ranges_2E = _ranges(blocks(), precision) if precision in BY_RANGE else None
    return (_quantized(block, precision, ranges_2E) for block in blocks())


def quantized_row(features: int, precision: str) -> tuple[int, np.dtype[Any]]:
    """How many numbers a row of so many features becomes, and of which type."""
    nothing = quantize_embeddings(np.empty((0, features), np.float32), precision)
    return nothing.shape[1], nothing.dtype


def _quantized(block: Block, precision: str, ranges_2E: NDArray[np.float32] | None) -> Block:
    good = _good(block)
    found = quantize_embeddings(block.vectors[good], precision, ranges_2E)
    rows = np.zeros((len(good), found.shape[1]), found.dtype)
    rows[good] = found
    return replace(block, vectors=rows)


def _ranges(blocks: Iterator[Block], precision: str) -> NDArray[np.float32] | None:
    """Start and end of each feature over all rows; None where there are no rows."""
    ranges_2E: NDArray[np.float32] | None = None
    count = 0
    for block in blocks:
        rows_NE = block.vectors[_good(block)]
        count += len(rows_NE)
        if len(rows_NE):
            known_NE = rows_NE if ranges_2E is None else np.concatenate([ranges_2E, rows_NE])
            ranges_2E = np.stack([known_NE.min(axis=0), known_NE.max(axis=0)])
    if ranges_2E is not None and count == 1:
        quantize_embeddings(ranges_2E[:1], precision)  # raises, and says what can be done
    if 0 < count < FEW:
        warnings.warn(
            f"{precision} ranges come from {count} embeddings only; more of them make it stable.",
            UserWarning,
            stacklevel=2,
        )
    return ranges_2E


def _good(block: Block) -> NDArray[np.bool_]:
    good = np.ones(len(block.vectors), bool)
    good[[*block.errors]] = False
    return good
