"""Lines to records: the fields of a JSON object, or a text; or what is wrong with the line."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..errors import InputError
from ..files import parse_json
from ..named_tuple import NamedTuple
from .read_lines import Line, read_lines, source_of

JSON_SUFFIX = ".jsonl"
PAIR = "text_pair"  # the field of a second text

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


class RecordReader:
    """How the lines of some inputs become records.

    A file whose name ends in .jsonl has a JSON object a line; any other has a text a line, which
    is the one required field.

    Attributes:
        required: fields that every record has, as text.
        skips_errors: whether a bad line is a record with an error.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        required: Sequence[str],
        *,
        jsonl: bool = False,
        skip_errors: bool = False,
        check: Check | None = None,
    ) -> None:
        """Look at the names of the inputs; none is opened.

        Args:
            inputs: names of files; "-" is standard input.
            required: fields that every record must have, as text.
            jsonl: all inputs have JSON lines, whatever their names.
            skip_errors: a bad line is a record with an error, and not the end.
            check: raises InputError where a record's fields will not do.

        Raises:
            InputError: an input has lines of text where a record needs several fields.
        """
        self.required, self.skips_errors, self._check = required, skip_errors, check
        self._are_json = {source_of(name): jsonl or name.endswith(JSON_SUFFIX) for name in inputs}
        for source, is_json in self._are_json.items():
            if len(required) > 1 and not is_json:
                raise InputError(
                    f"{source}: expected JSON lines with {quoted(required)}; a name that ends in "
                    f"{JSON_SUFFIX}, or --jsonl, says that they are."
                )

    def record(self, line: Line) -> Record:
        """What a line of one of the inputs holds.

        Raises:
            InputError: the line is bad, and bad ones are not skipped.
        """
        try:
            if self._are_json[line.source]:
                fields = _json_fields(line, self.required)
            else:
                fields = {self.required[0]: line.text()}
            if self._check is not None:
                _check(fields, self._check, line)
        except InputError as failure:
            if not self.skips_errors:
                raise InputError(f"{failure} --skip-errors goes on without such lines.") from None
            return Record(line, None, str(failure))
        return Record(line, fields, "")


def read_records(
    inputs: Sequence[str],
    required: Sequence[str],
    *,
    jsonl: bool = False,
    skip_errors: bool = False,
    check: Check | None = None,
) -> Iterator[Record]:
    """One record for each line of all inputs, in order and constant memory.

    Args:
        inputs: as for `RecordReader`, like all the others.
        required: likewise.
        jsonl: likewise.
        skip_errors: likewise.
        check: likewise.

    Raises:
        InputError: at once if an input cannot be opened, or has lines of text where a record
            needs several fields; later at a bad line, unless they are skipped.
    """
    reader = RecordReader(inputs, required, jsonl=jsonl, skip_errors=skip_errors, check=check)
    return map(reader.record, read_lines(inputs))


def check_pair(fields: dict[str, Any]) -> None:
    """A `Check`: the second text, if there is one, is text.

    Raises:
        InputError: it is something else.
    """
    if not isinstance(fields.get(PAIR), str | None):
        raise InputError(
            f'field "{PAIR}": expected a string, received {type(fields[PAIR]).__name__}.'
        )


def quoted(names: Sequence[str]) -> str:
    """A list of names for a message: `"question" and "context"`."""
    shown = [f'"{name}"' for name in names]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


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
