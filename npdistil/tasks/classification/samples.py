"""What can be classified: a text, or two texts that are read together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...arguments import as_texts
from ...errors import InputError

KEYS = ("text", "text_pair")


class Sample(NamedTuple):
    """A text, and perhaps a second one; an empty second text still makes a pair."""

    text: str
    text_pair: str | None


def is_sample(item: object) -> bool:
    """Whether this is one input by itself: a text, or a dict as of Transformers' pipelines."""
    return isinstance(item, str | dict)


def as_samples(items: Sequence[Any], first: int) -> list[Sample]:
    """Check texts and {"text": ..., "text_pair": ...}; `first` is the number of the first item.

    An empty second text is none: Transformers' pipelines take it so.

    Raises:
        InputError: something else, a lone surrogate, or another key; names the item.
    """
    return [Sample(text, pair or None) for text, pair in _checked(items, first, "inputs")]


def _checked(items: Sequence[Any], first: int, name: str) -> list[Sample]:
    split = [_split(item, f"{name}[{number}]") for number, item in enumerate(items, first)]
    texts = as_texts([text for text, _ in split], name, first)
    # As texts of their own, so that a wrong one has its number.
    as_texts(["" if pair is None else pair for _, pair in split], "text_pair", first)
    return [Sample(text, pair) for text, (_, pair) in zip(texts, split, strict=True)]


def is_pair(item: object) -> bool:
    """Whether this is one pair by itself, and no list of pairs."""
    if isinstance(item, dict):
        return True
    return isinstance(item, list | tuple) and len(item) > 0 and isinstance(item[0], str)


def as_pairs(items: Sequence[Any], first: int, name: str = "inputs") -> list[Sample]:
    """Check pairs: two texts in a tuple or list, or {"text": ..., "text_pair": ...}.

    An empty second text still makes a pair: sentence-transformers takes it so. In messages `first`
    is the number of the first item, and `name` that of the argument.

    Raises:
        InputError: something else, a lone surrogate, or another key; names the item.
    """
    pairs = []
    for number, item in enumerate(items, first):
        if isinstance(item, list | tuple) and len(item) == 2:
            if item[1] is None:
                as_texts(item[1:], "text_pair", number)
            item = dict(zip(KEYS, item, strict=True))
        if not isinstance(item, dict) or item.get("text_pair") is None:
            length = f" of {len(item)}" if isinstance(item, list | tuple | dict) else ""
            raise InputError(
                f"{name}[{number}]: expected a pair of texts, received "
                f"{type(item).__name__}{length}."
            )
        pairs.append(item)
    return _checked(pairs, first, name)


def as_list(inputs: object, name: str, kind: str) -> list[Any]:
    """All items of a list, tuple, array or other iterable; `kind` is what they should be.

    Raises:
        InputError: no iterable, or a text, bytes or dict, which is none of items.
    """
    if isinstance(inputs, np.ndarray):
        inputs = inputs.tolist()  # of an array without dimensions its one item
    if isinstance(inputs, str | bytes | bytearray | Mapping) or not isinstance(inputs, Iterable):
        raise InputError(
            f"{name}: expected an iterable of {kind}, received {type(inputs).__name__}."
        )
    return [*inputs]


def _split(item: object, name: str) -> tuple[Any, Any]:
    if not isinstance(item, dict):
        if isinstance(item, list | tuple):
            raise InputError(
                f"{name}: expected a str or a dict, received {type(item).__name__}; a pair is "
                '{"text": ..., "text_pair": ...}.'
            )
        return item, None
    if "text" not in item or not set(item).issubset(KEYS):
        raise InputError(
            f'{name}: expected the keys "text" and perhaps "text_pair", received {[*item]!r:.80}.'
        )
    return item["text"], item.get("text_pair")
