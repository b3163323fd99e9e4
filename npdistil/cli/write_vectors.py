"""Vectors to a .npy, .jsonl, .parquet or .safetensors file, whole or not at all."""

import importlib.util
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..errors import InputError
from .output_file import checked_output, whole_file
from .vector_block import Block

TENSOR = "embeddings"
_SAFETENSORS = {"float32": "F32", "int8": "I8", "uint8": "U8"}

Blocks = Iterable[Block]
Shape = tuple[int, int]


def _write_npy(stream: BinaryIO, blocks: Blocks, shape: Shape, dtype: np.dtype[Any]) -> None:
    descr = np.lib.format.dtype_to_descr(dtype)
    np.lib.format.write_array_header_1_0(
        stream, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    for block in blocks:
        stream.write(block.vectors.data)


def _write_safetensors(
    stream: BinaryIO, blocks: Blocks, shape: Shape, dtype: np.dtype[Any]
) -> None:
    from ..checkpoint.tensor_source import TensorInfo
    from ..checkpoint.write_safetensors import header_bytes

    stream.write(header_bytes({TENSOR: TensorInfo(_SAFETENSORS[dtype.name], shape)}))
    for block in blocks:
        stream.write(block.vectors.data)


def _write_jsonl(stream: BinaryIO, blocks: Blocks, shape: Shape, dtype: np.dtype[Any]) -> None:
    for block in blocks:
        for row, (text, vector_E) in enumerate(zip(block.texts, block.vectors, strict=True)):
            if row in block.errors:
                record = {"text": None, "embedding": None, "error": block.errors[row]}
                line = json.dumps(record, ensure_ascii=False) + "\n"
            else:
                numbers = ",".join([str(value) for value in vector_E])
                quoted = json.dumps(text, ensure_ascii=False)
                line = f'{{"text": {quoted}, "embedding": [{numbers}]}}\n'
            stream.write(line.encode())


def _write_parquet(stream: BinaryIO, blocks: Blocks, shape: Shape, dtype: np.dtype[Any]) -> None:
    from .write_parquet import write_parquet

    write_parquet(stream, blocks, shape[1], dtype)


_WRITERS: dict[str, Callable[[BinaryIO, Blocks, Shape, np.dtype[Any]], None]] = {
    ".npy": _write_npy,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
    ".safetensors": _write_safetensors,
}
_WITH_TEXTS = (".jsonl", ".parquet")


def checked_vector_file(path: Path) -> Path:
    """The path, if vectors can be written there.

    Raises:
        InputError: as `checked_output`, or pyarrow is missing.
    """
    checked_output(path, (*_WRITERS,))
    if path.suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise InputError(f"{path}: needs pyarrow: pip install 'npdistil[parquet]'.")
    return path


def has_texts(path: Path) -> bool:
    """Whether a file of this format holds the texts as well."""
    return path.suffix in _WITH_TEXTS


def write_vectors(
    path: Path,
    blocks: Blocks,
    shape: Shape,
    dtype: np.dtype[Any],
    aside: Path | None = None,
) -> None:
    """Write one row for each text, from constant memory.

    .npy holds an array [n, features], .safetensors the same as tensor "embeddings"; .jsonl one
    object {"text", "embedding"} a line, whose numbers are the shortest that read back to the same
    float32; .parquet columns "text" and "embedding", a list of fixed size. The row of a bad line
    is NaN (0 in integers) in arrays and null elsewhere.

    Args:
        path: its suffix says which.
        blocks: with texts if `has_texts`.
        shape: rows of all blocks, and features.
        dtype: of the rows.
        aside: as for `whole_file`.

    Raises:
        InputError: the file cannot be written; nothing is left behind.
    """
    with whole_file(path, aside) as stream:
        _WRITERS[path.suffix](stream, blocks, shape, dtype)
