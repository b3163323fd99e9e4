"""Rows of an index before they are written: scaled, named, and told from another model's."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_texts
from ...errors import InputError
from ..sentence_encoder import SentenceEncoder
from ..vectors import Vectors
from ..windows import as_iterable
from .best_rows import lengths
from .index_files import Entry

DEFAULT_TOP_K = 10
PROBE = "Small earthquakes often announce an eruption."


def about_index(
    model: object, dimension: int, normalized: bool, probe: NDArray[np.float32] | None
) -> dict[str, Any]:
    """What index.json says beside the sizes.

    Raises:
        InputError: the model's name is no text.
    """
    (name,) = as_texts([model], "model")
    numbers = None if probe is None else [float(value) for value in probe]
    return {"model": name, "dimension": dimension, "normalized": normalized, "probe": numbers}


def probe_of(encoder: SentenceEncoder) -> NDArray[np.float32]:
    """What a model makes of PROBE: tells it from others, whatever their names."""
    return encoder.encode_document(PROBE, show_progress_bar=False)


def scaled(vectors_ND: Vectors, normalize: bool, name: str = "vectors") -> NDArray[np.float64]:
    """Rows in float64, of length 1 if wanted; a row's bytes depend on that row alone.

    Raises:
        InputError: a row that would not fit into float32.
    """
    rows_ND: NDArray[np.float64] = vectors_ND.astype(np.float64)
    lengths_N = lengths(rows_ND)
    limit = np.inf if normalize else np.finfo(np.float32).max
    if not (lengths_N < limit).all():
        row = int((lengths_N >= limit).argmax())
        raise InputError(f"{name}: row {row} is too long: its length is {lengths_N[row]:.1g}.")
    return rows_ND / lengths_N[:, np.newaxis] if normalize else rows_ND


def as_entries(
    rows: int, texts: Iterable[str] | None, ids: Iterable[str] | None
) -> list[Entry] | None:
    """One object a row; None where neither is given.

    Raises:
        InputError: an item that is no text, or another number of them.
    """
    columns = {}
    for name, values in (("id", ids), ("text", texts)):
        if values is not None:
            columns[name] = as_texts(list(as_iterable(values, f"{name}s")), f"{name}s")
            if len(columns[name]) != rows:
                raise InputError(f"{name}s: {len(columns[name])} of them for {rows} rows.")
    if not columns:
        return None
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def cosine(a_D: NDArray[np.float32], b_D: NDArray[np.float32]) -> float:
    """Of two vectors."""
    a, b = scaled(np.stack([a_D, b_D]), True)
    return float((a * b).sum())
