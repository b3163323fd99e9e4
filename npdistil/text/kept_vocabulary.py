"""tokenizer.json and the vocab.txt beside it, read and checked once for each content they have."""

import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ..kernels.objects.sealed import Sealed
from .kept import FEWEST_TOKENS, find, keep, key_of
from .special import AddedToken
from .tokenizer_json import TokenizerJson

SEPARATOR = "\n"


def kept_or_read(
    contents: tuple[bytes | bytearray, ...], read: Callable[[], TokenizerJson]
) -> TokenizerJson:
    """What `read` returns, or what it returned before for the same bytes.

    Args:
        contents: of the files that it reads.
        read: with all checks. What it refuses, or warns of, is not kept, so it is said every time.

    Raises:
        TokenizerError: as `read`.
    """
    key = key_of(*map(bytes, contents))
    found = find("vocabulary", key)
    if found is not None:
        return _unpacked(found)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        file = read()
    for warning in warned:
        warnings.warn(warning.message, stacklevel=2)
    tokens = list(file.vocab)
    in_order = list(file.vocab.values()) == list(range(len(tokens)))
    if not warned and in_order and len(tokens) >= FEWEST_TOKENS:
        body = SEPARATOR.join(tokens)
        if body.count(SEPARATOR) == len(tokens) - 1:
            keep("vocabulary", key, _about(file), body.encode())
    return file


def _about(file: TokenizerJson) -> dict[str, Any]:
    """All but the vocabulary, as JSON can say it."""
    about = file._asdict()
    del about["vocab"]
    return {**about, "added_tokens": [asdict(token) for token in file.added_tokens]}


def _unpacked(found: Sealed) -> TokenizerJson:
    about, body = found
    del about["key"]
    tokens = str(body, "utf-8").split(SEPARATOR)
    about["vocab"] = dict(zip(tokens, range(len(tokens)), strict=True))
    about["added_tokens"] = tuple(AddedToken(**token) for token in about["added_tokens"])
    return TokenizerJson(**about)
