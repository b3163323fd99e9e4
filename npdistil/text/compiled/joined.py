"""Many texts in two arrays, which is how kernels read them."""

from collections.abc import Sequence
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from ...kernels.text.forms import Table
from ...named_tuple import NamedTuple

Int64s = NDArray[np.int64]
Flags = NDArray[np.uint8]

NO_LIMIT = 1 << 40


class JoinedTexts(NamedTuple):
    """The beginnings of texts, in the order in which `encode_parts` takes them; see there."""

    ascii_U: NDArray[np.uint8]
    code_C: Table
    is_wide_B: Flags
    start_B: Int64s
    length_B: Int64s
    goes_on_B: Flags
    place_B: Int64s


def join_texts(texts: Sequence[str], characters: int) -> JoinedTexts:
    """Join the first `characters` of each text.

    Nothing here looks at a character: bytes and code points are copied as they are, which Python
    does fastest, and made UTF-8 by the threads that read them.
    """
    length_B = np.fromiter(map(len, texts), np.int64, len(texts))
    goes_on_B = length_B > characters
    if goes_on_B.any():
        texts = [text[:characters] for text in texts]
        length_B = np.minimum(length_B, characters)
    is_wide_B = ~np.fromiter(map(str.isascii, texts), bool, len(texts))
    if is_wide_B.any():
        narrow = "".join(compress(texts, ~is_wide_B)).encode()
        codes = "".join(compress(texts, is_wide_B)).encode("utf-32-le")
        narrow_B, wide_B = length_B * ~is_wide_B, length_B * is_wide_B
        start_B = np.where(is_wide_B, starts(wide_B)[:-1], starts(narrow_B)[:-1])
        place_B = starts(narrow_B + 4 * wide_B)
    else:
        narrow, codes = "".join(texts).encode(), b""
        place_B = starts(length_B)
        start_B = place_B[:-1]
    return JoinedTexts(
        ascii_U=np.frombuffer(narrow, np.uint8),
        code_C=np.frombuffer(codes, np.uint32),
        is_wide_B=is_wide_B.view(np.uint8),
        start_B=start_B,
        length_B=length_B,
        goes_on_B=goes_on_B.view(np.uint8),
        place_B=place_B,
    )


def starts(length_B: Int64s) -> Int64s:
    """Where each begins, and where the last one ends: [B + 1]."""
    start_B = np.zeros(len(length_B) + 1, np.int64)
    np.cumsum(length_B, out=start_B[1:])
    return start_B
