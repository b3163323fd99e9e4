"""A block of vectors with what belongs to them, and its bytes in a partial file.

A block is a line of JSON, the rows as they are in memory, the texts as JSON where the output has
them, and the sha256 of all that, so that whatever a kill left half-written is not taken for whole.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAX_HEAD = 1 << 24  # a line of JSON in a partial file is shorter
MAX_BLOCK = 1 << 32
_DIGEST = 65  # hexadecimal, and a newline


@dataclass(frozen=True, eq=False)
class Block:
    """The rows of some lines that follow each other.

    Attributes:
        vectors: [n, features], float32 in a partial file; NaN where a line was bad.
        texts: of the n lines, None where it was bad; empty if the output has no texts.
        errors: the number of a bad line in this block, and what is wrong with it.
        read: the sha256 of all lines of the job up to the end of this block.
        truncated: how many texts lost their end.
        tokens_lost: and how many tokens.
    """

    vectors: NDArray[Any]
    texts: list[str | None]
    errors: dict[int, str] = field(default_factory=dict)
    read: str = ""
    truncated: int = 0
    tokens_lost: int = 0


def block_bytes(block: Block) -> bytes:
    """What stands for a block in the file."""
    rows = block.vectors.tobytes()
    texts = json.dumps(block.texts, ensure_ascii=False).encode() if block.texts else b""
    head = {
        "rows": len(block.vectors),
        "bytes": [len(rows), len(texts)],
        "errors": {str(row): message for row, message in block.errors.items()},
        "read": block.read,
        "truncated": [block.truncated, block.tokens_lost],
    }
    content = b"".join([json.dumps(head).encode(), b"\n", rows, texts])
    return content + hashlib.sha256(content).hexdigest().encode() + b"\n"


def read_block(stream: BinaryIO, features: int) -> Block | None:
    """The block at the stream's place, or None if none stands there whole."""
    line = stream.readline(MAX_HEAD)
    try:
        head = json.loads(line)
        sizes = head["bytes"]
        count = sum(sizes)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not 0 <= count <= MAX_BLOCK or min(sizes) < 0:
        return None
    content = stream.read(count)
    digest = hashlib.sha256(line + content).hexdigest().encode()
    if stream.read(_DIGEST) != digest + b"\n":
        return None
    rows, texts = content[: sizes[0]], content[sizes[0] :]
    return Block(
        np.frombuffer(rows, np.float32).reshape(head["rows"], features),
        json.loads(texts) if texts else [],
        {int(row): message for row, message in head["errors"].items()},
        head["read"],
        *head["truncated"],
    )
