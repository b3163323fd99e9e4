"""Lines to records: the fields of a JSON object, or a text; or what is wrong with the line."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from ..errors import InputError
from ..files import parse_json
from .read_lines import STDIN, Line, read_lines

JSON_SUFFIX = ".jsonl"

Check = Callable[[dict[str, Any]], object]


class Record(NamedTuple):
    """One line of the input.

    Attributes:
        line: where it stands, and its bytes.
        fields: its values by name; None if the line is bad.
        error: what is wrong with it, file and line included; "" if nothing is.
    """

    line: Line
    fields: dict[str, Any] | None
    error: str


def read_records(
    inputs: Sequence[str],
    required: Sequence[str],
    *,
    jsonl: bool = False,
    skip_errors: bool = False,
    check: Check | None = None,
) -> Iterator[Record]:
    """One record for each line of all inputs, in order and constant memory.

    A file whose name ends in .jsonl has a JSON object a line; any other has a text a line, which
    is the one required field.

    Args:
        inputs: names of files; "-" is standard input.
        required: fields that every record must have, as text.
        jsonl: all inputs have JSON lines, whatever their names.
        skip_errors: a bad line is a record with an error, and not the end.
        check: raises InputError where a record's fields will not do.

    Raises:
        InputError: at once if an input cannot be opened, or has lines of text where a record
            needs several fields; later at a bad line, unless they are skipped.
    """
    for name in inputs:
        if len(required) > 1 and not _is_json(name, jsonl):
            source = "standard input" if name == STDIN else name
            raise InputError(
                f"{source}: expected JSON lines with {quoted(required)}; a name that ends in "
                f"{JSON_SUFFIX}, or --jsonl, says that they are."
            )
    lines = read_lines(inputs)
    names = {"standard input" if name == STDIN else name: _is_json(name, jsonl) for name in inputs}
    return _records(lines, names, required, skip_errors, check)


def quoted(names: Sequence[str]) -> str:
    """A list of names for a message: `"question" and "context"`."""
    shown = [f'"{name}"' for name in names]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _is_json(name: str, jsonl: bool) -> bool:
    return jsonl or name.endswith(JSON_SUFFIX)


def _records(
    lines: Iterator[Line],
    are_json: dict[str, bool],
    required: Sequence[str],
    skip_errors: bool,
    check: Check | None,
) -> Iterator[Record]:
    for line in lines:
        try:
            if are_json[line.source]:
                fields = _json_fields(line, required)
            else:
                fields = {required[0]: line.text()}
            if check is not None:
                _check(fields, check, line)
        except InputError as failure:
            if not skip_errors:
                raise InputError(f"{failure} --skip-errors goes on without such lines.") from None
            yield Record(line, None, str(failure))
        else:
            yield Record(line, fields, "")


def _check(fields: dict[str, Any], check: Check, line: Line) -> None:
    try:
        check(fields)
    except InputError as failure:
        raise InputError(f"{line.where}: {failure}") from None


def _json_fields(line: Line, required: Sequence[str]) -> dict[str, Any]:
    content = line.text().encode()  # too long, or not UTF-8: in the words used for all lines
    if not content.strip():
        raise InputError(f"{line.where}: is empty; expected a JSON object.")
    fields = parse_json(content, line.where, InputError)
    if not isinstance(fields, dict):
        raise InputError(f"{line.where}: expected a JSON object, received {type(fields).__name__}.")
    if b"\\u" in content:  # only so can it be written in UTF-8
        try:
            json.dumps(fields, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise InputError(
                f"{line.where}: holds a lone surrogate (\\ud800 to \\udfff), which is not Unicode "
                "text."
            ) from None
    for name in required:
        if name not in fields:
            there = f"it has {quoted([*fields])[:120]}" if fields else "it has no field"
            raise InputError(f'{line.where}: field "{name}" is missing; {there}.')
        if not isinstance(fields[name], str):
            raise InputError(
                f'{line.where}: field "{name}": expected a string, received '
                f"{type(fields[name]).__name__}."
            )
    return fields
