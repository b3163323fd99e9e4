"""One call of both tokenizers, and what may come of it."""

import os
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from npdistil import InputError
from npdistil.text.batch import TokenBatch
from npdistil.text.tokenizer import Tokenizer
from tests.live.flat import same_rows

# Refused calls make the library panic, and a trace of each takes longer than all the rest.
os.environ["RUST_BACKTRACE"] = "0"


def compare_call(
    ours: Sequence[Tokenizer], theirs: Any, texts: Any, pairs: Any, arguments: dict[str, Any]
) -> str:
    """Call all and fail if they differ; say how it ended.

    `ours` are engines under the same settings. We raise where they do, and in two cases more: a
    row would be longer than max_length, or the stride never fits. They raise more in one: a stride
    that is not used does not fit. Where they leave rows longer than the length of the others,
    there is nothing to compare.
    """
    settings = ours[0].settings
    theirs.truncation_side = settings.truncation_side
    wanted = theirs_or_error(theirs, texts, pairs, arguments)
    context = (texts, pairs, arguments, settings.truncation_side)
    found, *others = [ours_or_error(engine, texts, pairs, arguments) for engine in ours]
    for other in others:
        assert_same(found, other, context)
    if isinstance(found, str):
        limit = arguments["max_length"]
        too_long = not isinstance(wanted, str) and max(map(len, wanted["input_ids"])) > limit
        assert isinstance(wanted, str) or too_long or "stride" in found, (found, context)
        return "both raise" if isinstance(wanted, str) else "only we raise"
    if isinstance(wanted, str):
        assert "stride" in wanted and not arguments["return_overflowing_tokens"], (wanted, context)
        return "only they raise"
    if is_ragged(wanted, arguments):
        return "ragged"
    assert_equal(found, wanted, context)
    return "equal"


def ours_or_error(
    ours: Callable[..., TokenBatch], texts: Any, pairs: Any, arguments: dict[str, Any]
) -> TokenBatch | str:
    try:
        return ours(texts, pairs, **arguments)
    except InputError as error:
        return str(error)


def assert_same(found: TokenBatch | str, other: TokenBatch | str, context: Any) -> None:
    """Two engines: the same arrays and numbers of words, or the same message.

    How many tokens a text has is said as far as it was read, which is where an engine stops.
    """
    if isinstance(found, str) or isinstance(other, str):
        messages = [
            re.sub(r"\b\d+( and \d+)? tokens", "n tokens", str(one)) for one in (found, other)
        ]
        assert messages[0] == messages[1], context
        return
    assert list(found) == list(other), context
    for name in found:
        arrays, other_arrays = (
            [batch[name]] if isinstance(batch[name], np.ndarray) else batch[name]
            for batch in (found, other)
        )
        assert len(arrays) == len(other_arrays), (name, context)
        for mine, also_mine in zip(arrays, other_arrays, strict=True):
            assert mine.dtype == also_mine.dtype == np.int32, (name, context)
            assert np.array_equal(mine, also_mine), (name, context)
    assert np.array_equal(found._rows.words_T, other._rows.words_T), context


def theirs_or_error(theirs: Any, texts: Any, pairs: Any, arguments: dict[str, Any]) -> Any:
    try:
        return theirs(texts, pairs, verbose=False, **arguments)
    except BaseException as error:  # Rust's panics are no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return str(error)


def is_ragged(wanted: Any, arguments: dict[str, Any]) -> bool:
    """Rows longer than the length that all are padded to: they leave them, we lengthen all."""
    limit = arguments["max_length"]
    pads_to_limit = arguments["padding"] == "max_length" and limit is not None
    return (
        pads_to_limit and not arguments["truncation"] and max(map(len, wanted["input_ids"])) > limit
    )


def assert_equal(found: Any, wanted: Any, context: Any) -> None:
    """Keys in their order, values, words and, without overflow, sequences of the pair."""
    assert list(found) == list(wanted.keys()), context
    for name, rows in wanted.items():
        if rows and isinstance(rows[0], int):
            assert found[name].tolist() == rows, (name, context)
        else:
            assert same_rows(found[name], rows), (name, context)
    for index in range(len(wanted["input_ids"])):
        assert found.word_ids(index) == wanted.word_ids(index), context
        # In overflowing rows they forget which tokens are whose.
        if "overflow_to_sample_mapping" not in found and not context[2]["truncation"]:
            assert found.sequence_ids(index) == wanted.sequence_ids(index), context
