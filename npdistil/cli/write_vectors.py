"""Vectors to a .npy or .jsonl file, whole or not at all."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .output_file import whole_file


def write_vectors(path: Path, texts: Sequence[str], vectors_BD: NDArray[np.float32]) -> None:
    """Write one row for each text.

    .npy holds float32 [n, features]; .jsonl one object {"text", "embedding"} a line, whose numbers
    are the shortest that read back to the same float32.

    Raises:
        InputError: the file cannot be written; nothing is left behind.
    """
    with whole_file(path) as stream:
        if path.suffix == ".npy":
            np.save(stream, vectors_BD)
            return
        for text, vector_D in zip(texts, vectors_BD, strict=True):
            numbers = ",".join(str(value) for value in vector_D)
            line = f'{{"text": {json.dumps(text, ensure_ascii=False)}, "embedding": [{numbers}]}}\n'
            stream.write(line.encode())
