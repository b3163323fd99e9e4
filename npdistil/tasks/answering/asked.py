"""The ways to ask: one question, several about one context, pairs, records, files."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import InputError
from ..stream import lines


class Asked(NamedTuple):
    """One item."""

    question: str
    context: str


def as_inputs(inputs: object, question: object, context: object) -> object:
    """What `stream.answers` takes, from what `QuestionAnswering` was called with.

    Args:
        inputs: the first positional argument: records, or questions where there is a context.
        question: a str; or a list, tuple, one-dimensional array or column of them.
        context: a str, or as many.

    Raises:
        InputError: something is missing, twice there, or of unequal lengths.
    """
    if question is None and context is not None:
        inputs, question = None, inputs
    if question is None:
        if inputs is None:
            raise InputError(
                "inputs: nothing is asked; pass question= and context=, a dict with these keys, "
                "or an iterable of such dicts."
            )
        return _records(inputs) if isinstance(inputs, Path) else inputs
    if context is None or inputs is not None:
        raise InputError(
            "question: goes together with context, and with nothing else; several questions with "
            "contexts of their own are two lists."
        )
    question, context = _as_list(question), _as_list(context)
    if not isinstance(question, list | tuple):
        if isinstance(context, list | tuple):
            raise InputError(
                f"context: {len(context)} contexts for one question; ask it of each, in a list."
            )
        return {"question": question, "context": context}
    if not isinstance(context, list | tuple):
        return [{"question": asked, "context": context} for asked in question]
    if len(question) != len(context):
        raise InputError(
            f"context: {len(context)} contexts for {len(question)} questions; pass as many, or one "
            "str for all."
        )
    pairs = zip(question, context, strict=True)
    return [{"question": asked, "context": of_it} for asked, of_it in pairs]


def _as_list(texts: Any) -> object:
    """Of an array, or a column of a table, its items."""
    return texts.tolist() if getattr(texts, "ndim", 0) == 1 else texts


def as_asked(item: object) -> Asked:
    """Check one item: a mapping with the keys question and context; others are not read.

    Raises:
        InputError: no such mapping, no text, or an empty one.
    """
    if not isinstance(item, Mapping):
        raise InputError(
            f"expected a dict with question and context, received {type(item).__name__}."
        )
    for name in Asked._fields:
        text = item.get(name)
        if not isinstance(text, str):
            found = f"one of {type(text).__name__}" if name in item else "none"
            raise InputError(f"expected a {name} of str, received {found}.")
        if not text:
            raise InputError(f"the {name} is empty, so there is nothing to answer; leave it out.")
    return Asked(item["question"], item["context"])


def _records(path: Path) -> Iterator[Any]:
    """The objects of a file of JSON lines."""
    if not path.exists():  # now, and not when the first answer is asked for
        raise InputError(f"{path}: no such file.")
    return _parsed(path)


def _parsed(path: Path) -> Iterator[Any]:
    for number, line in enumerate(lines(path), 1):
        try:
            yield json.loads(line)
        except ValueError as failure:
            raise InputError(f"{path}: line {number} is no JSON: {failure}.") from None
