"""What one call of `SentenceEncoder` asks for, checked and resolved once."""

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_flag, one_of
from ...named_tuple import NamedTuple

PRECISIONS = ("float32", "int8", "uint8", "binary", "ubinary")
SIMILARITY_NAMES = ("cosine", "dot", "euclidean", "manhattan")


class Request(NamedTuple):
    """How texts become vectors."""

    prompt: str  # put before each text
    skip: int  # tokens at the beginning of each text that are not pooled
    normalize: bool
    truncate_dim: int | None
    count_truncated: bool
    overlap: int | None  # of the windows of long texts; None: long texts lose their ends


class Vectors(NamedTuple):
    """Some texts' vectors, and how many tokens each text lost, if that was asked for."""

    vectors_BE: NDArray[np.float32]
    truncated_B: NDArray[np.int32] | None


def flag_or_none(value: object, name: str) -> bool | None:
    """True, False or None.

    Raises:
        InputError: anything else.
    """
    return None if value is None else as_flag(value, name)


def checked_precision(precision: object) -> str:
    """One of `PRECISIONS`.

    Raises:
        InputError: it is none of them.
    """
    return str(one_of(precision, PRECISIONS, "precision"))


def checked_similarity(name: object) -> str:
    """One of `SIMILARITY_NAMES`.

    Raises:
        InputError: it is none of them.
    """
    return str(one_of(name, SIMILARITY_NAMES, "similarity_fn_name"))
