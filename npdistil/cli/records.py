"""What every verb that answers line by line has in common: inputs, errors, and how results look.

A verb says which fields it needs and how to answer them:

    def add_arguments(parser):
        add_model(parser)
        add_records(parser)
        add_engine(parser)

    def run(options):
        task = loaded(TextClassification.from_pretrained, options)

        def answer(records):
            return task(record["text"] for record in records)

        def rows(fields, result):  # of the table; there may be none or many
            yield fields["text"], result["label"], result["score"]

        return answer_records(options, ("text",), answer, ("text", "label", "score"), rows)
"""

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from .messages import say
from .output_file import checked_output, expect_no_input, whole_file
from .print_results import JsonLines, Printer, Rows, Table, TabLines
from .read_records import JSON_SUFFIX, Check, Record, quoted, read_records

OK, SKIPPED = 0, 1
ERRORS_SHOWN = 10
_CLEAR_LINE = "\r\x1b[K"

Answer = Callable[[Iterator[dict[str, Any]]], Iterator[Any]]


def add_records(parser: argparse.ArgumentParser, required: Sequence[str] = ("text",)) -> None:
    """INPUT..., --jsonl, --skip-errors, --json and -o FILE.

    Args:
        parser: of the verb.
        required: the fields of a record, as for `answer_records`.
    """
    add_inputs(parser, required)
    add_output(parser)


def add_output(parser: argparse.ArgumentParser) -> None:
    """--json and -o FILE."""
    parser.add_argument(
        "--json", action="store_true", help="JSON lines: the result of each input, one a line"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help=f"a file, written whole: JSON lines with --json or a name that ends in {JSON_SUFFIX}, "
        "else tab-separated; default: standard output",
    )


def add_inputs(parser: argparse.ArgumentParser, required: Sequence[str] = ("text",)) -> None:
    """INPUT..., --jsonl and --skip-errors."""
    lines = f"{JSON_SUFFIX} file with {quoted(required)} in one JSON object a line"
    if len(required) == 1:
        lines = f"file with one text a line, or {lines}"
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help=f"{lines}; - is stdin")
    add_lines(parser)


def add_lines(parser: argparse.ArgumentParser) -> None:
    """--jsonl and --skip-errors."""
    parser.add_argument(
        "--jsonl", action="store_true", help="every INPUT has JSON lines, whatever its name"
    )
    parser.add_argument(
        "--skip-errors",
        action="store_true",
        help="go on after a bad line; an error stands in the place of its result, and exit code 1",
    )


def answer_records(
    options: argparse.Namespace,
    required: Sequence[str],
    answer: Answer,
    head: Sequence[str],
    row: Rows,
    *,
    check: Check | None = None,
) -> int:
    """Stream the records of the inputs through `answer`, and print one result for each.

    On a terminal results are a table, elsewhere tab-separated lines without a head, with --json
    JSON lines. A table's first column is the number of the input, counted over all files.

    Args:
        options: as `add_records` makes them.
        required: fields that every record has, as text; other fields of a JSON line go along. A
            line of a text file is the one required field.
        answer: an iterator of fields to an iterator of results, one for each, in order. A result
            may have an attribute `num_truncated_tokens`.
        head: the names of a table's columns.
        row: fields and result to the table's rows for this input, each as long as `head`.
        check: raises InputError where a record's fields will not do.

    Returns:
        The exit code: 0, or 1 if lines were skipped.

    Raises:
        InputError: an input cannot be read, a line is bad and --skip-errors is not given, or the
            output cannot be written.
    """
    records = read_records(
        options.inputs,
        required,
        jsonl=options.jsonl,
        skip_errors=options.skip_errors,
        check=check,
    )
    with ExitStack() as stack:
        printer = opened_printer(options, head, row, stack)
        stack.callback(printer.flush)  # after Ctrl-C, too: what is known is not lost
        counts = _Counts(printer)
        for result in answer(counts.good(records)):
            counts.answered(result)
        counts.finish()
    return counts.report()


def opened_printer(
    options: argparse.Namespace, head: Sequence[str], row: Rows, stack: ExitStack
) -> Printer:
    """What prints results in the form that `--json`, `-o` and the terminal ask for.

    Args:
        options: with `json` and `output`, as `add_output` makes them.
        head: the names of a table's columns.
        row: fields and result to rows, as for `answer_records`.
        stack: closes the output file.

    Raises:
        InputError: the output cannot be written.
    """
    as_json = options.json
    if options.output is not None:
        path = checked_output(Path(options.output), None)
        given = vars(options)
        read = [*(given.get("inputs") or ()), *(given.get("texts") or ())]
        expect_no_input(path, [*read, given.get("context") or ""])
        stream = stack.enter_context(whole_file(path))
        as_json = as_json or path.suffix == JSON_SUFFIX

        def write(text: str) -> None:
            stream.write(text.encode())

    else:
        one_terminal = _is_terminal(sys.stdout) and _is_terminal(sys.stderr)

        def write(text: str) -> None:
            if one_terminal:
                sys.stderr.write(_CLEAR_LINE)  # a progress bar, which is drawn again below
                sys.stderr.flush()
            if sys.stdout is not None:
                sys.stdout.write(text)

    if as_json:
        return JsonLines(write)
    if options.output is None and _is_terminal(sys.stdout):
        import shutil  # late: it takes as long as argparse

        return Table(write, head, row, shutil.get_terminal_size().columns)
    return TabLines(write, head, row)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


class _Counts:
    """Puts answers and errors into the order of the inputs, and keeps count."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._waiting: deque[Record] = deque()
        self._printed = self._bad = self._truncated = self._tokens_lost = 0
        self._first_errors: list[str] = []

    def good(self, records: Iterator[Record]) -> Iterator[dict[str, Any]]:
        """The fields of the good ones; all are remembered until it is their turn."""
        for record in records:
            self._waiting.append(record)
            if record.fields is None:
                self._print_errors()
            else:
                yield record.fields

    def answered(self, result: Any) -> None:
        """The answer to the first good one that waits."""
        self._print_errors()
        record = self._waiting.popleft()
        assert record.fields is not None
        self._printed += 1
        self._printer.result(self._printed, record.fields, result)
        lost = getattr(result, "num_truncated_tokens", 0)
        self._truncated += lost > 0
        self._tokens_lost += lost

    def finish(self) -> None:
        """There are no more answers."""
        self._print_errors()
        if self._waiting:
            raise RuntimeError(f"{len(self._waiting)} inputs were not answered")

    def _print_errors(self) -> None:
        while self._waiting and self._waiting[0].fields is None:
            message = self._waiting.popleft().error
            self._printed += 1
            self._bad += 1
            self._printer.error(self._printed, message)
            if len(self._first_errors) < ERRORS_SHOWN:
                self._first_errors.append(message)

    def report(self) -> int:
        """Say what was left out, and return the exit code."""
        if not self._printed:
            say_empty()
        warn_truncated(self._truncated, self._printed, self._tokens_lost)
        return report_skipped(self._bad, self._printed, self._first_errors)


def say_empty() -> None:
    """Where there is nothing to answer: no error, but no silence either."""
    say("npdistil: the input is empty, so there are no results")


def warn_truncated(truncated: int, total: int, tokens_lost: int) -> None:
    """One warning, if any input lost its end."""
    if truncated:
        say(
            f"npdistil: warning: {truncated} of {total} inputs are longer than the model takes; "
            f"{tokens_lost} tokens were left out"
        )


def report_skipped(bad: int, total: int, first_errors: Sequence[str]) -> int:
    """Say how many inputs were bad, and why the first of them were; the exit code."""
    if not bad:
        return OK
    for message in first_errors:
        say(f"npdistil: skipped: {message}")
    if bad > len(first_errors):
        say(f"npdistil: skipped: and {bad - len(first_errors)} more")
    say(f"npdistil: {bad} of {total} inputs were skipped")
    return SKIPPED
