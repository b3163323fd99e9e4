"""One call of both tokenizers, and what may come of it."""

from typing import Any

from npdistil import InputError
from npdistil.text.tokenizer import Tokenizer


def compare_call(
    ours: Tokenizer, theirs: Any, texts: Any, pairs: Any, arguments: dict[str, Any]
) -> str:
    """Call both and fail if they differ; say how it ended.

    We raise where they do, and in two cases more: a row would be longer than max_length, or the
    stride never fits. They raise more in one: a stride that is not used does not fit. Where they
    leave rows longer than the length of the others, there is nothing to compare.
    """
    theirs.truncation_side = ours.settings.truncation_side
    wanted = theirs_or_error(theirs, texts, pairs, arguments)
    context = (texts, pairs, arguments, ours.settings.truncation_side)
    try:
        found = ours(texts, pairs, **arguments)
    except InputError as error:
        limit = arguments["max_length"]
        too_long = not isinstance(wanted, str) and max(map(len, wanted["input_ids"])) > limit
        assert isinstance(wanted, str) or too_long or "stride" in str(error), (error, context)
        return "both raise" if isinstance(wanted, str) else "only we raise"
    if isinstance(wanted, str):
        assert "stride" in wanted and not arguments["return_overflowing_tokens"], (wanted, context)
        return "only they raise"
    if is_ragged(wanted, arguments):
        return "ragged"
    assert_equal(found, wanted, context)
    return "equal"


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
        mine = [row.tolist() for row in found[name]]
        theirs = [[[*span] for span in row] for row in rows] if name == "offset_mapping" else rows
        assert mine == theirs, (name, context)
    for index in range(len(wanted["input_ids"])):
        assert found.word_ids(index) == wanted.word_ids(index), context
        # In overflowing rows they forget which tokens are whose.
        if "overflow_to_sample_mapping" not in found and not context[2]["truncation"]:
            assert found.sequence_ids(index) == wanted.sequence_ids(index), context
