"""The texts of a corpus, one a line or a JSON object a line, and which lines were bad."""

import argparse
from collections.abc import Iterator, Sequence

from ..tasks.search.texts import Truncated
from .read_records import Record, read_records
from .records import ERRORS_SHOWN, report_skipped, warn_truncated


class Corpus:
    """Texts of some files, read once and in constant memory.

    Bad lines, where they are skipped, are counted, so that a number is that of a line.

    Attributes:
        truncated: counts what was left out of long texts.
    """

    def __init__(self, inputs: Sequence[str], options: argparse.Namespace) -> None:
        """Open the files.

        Args:
            inputs: names of files; "-" is standard input.
            options: with `jsonl` and `skip_errors`.

        Raises:
            InputError: a file cannot be opened.
        """
        self._records: Iterator[Record] = read_records(
            inputs, ("text",), jsonl=options.jsonl, skip_errors=options.skip_errors
        )
        self._bad: list[int] = []
        self._errors: list[str] = []
        self._lines = 0
        self.truncated = Truncated()

    def texts(self) -> Iterator[str]:
        """The good ones, in order.

        Raises:
            InputError: a bad line, unless they are skipped.
        """
        for record in self._records:
            if record.fields is None:
                self._bad.append(self._lines)
                if len(self._errors) < ERRORS_SHOWN:
                    self._errors.append(record.error)
            self._lines += 1
            if record.fields is not None:
                yield record.fields["text"]

    def line(self, row: int) -> int:
        """The number of a good one among all lines, from 0."""
        for bad in self._bad:
            if bad > row:
                break
            row += 1
        return row

    @property
    def is_empty(self) -> bool:
        """Whether there was no line at all, not even a bad one, when all were read."""
        return self._lines == 0

    def report(self) -> int:
        """Say what was left out, and return the exit code."""
        warn_truncated(self.truncated.texts, self._lines, self.truncated.tokens)
        return report_skipped(len(self._bad), self._lines, self._errors)
