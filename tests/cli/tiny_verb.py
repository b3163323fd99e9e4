"""A verb that answers with the length of each text, in place of `npdistil cache`.

`python -m tests.cli.tiny_verb ARGUMENTS` runs it as the shell would run a verb.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from npdistil.cli import cache, main
from npdistil.cli.records import add_records, answer_records
from npdistil.errors import InputError
from npdistil.progress import progress

WINDOW = 256  # read ahead, as the tasks do


class Length(dict[str, Any]):
    """A result that may have been truncated: so it is where a text has more than 50 characters."""

    def __init__(self, text: str) -> None:
        super().__init__(text=text, length=len(text), share=len(text) / 3)
        self.num_truncated_tokens = max(0, len(text) - 50)


def lengths(texts: Iterable[str]) -> Iterator[Length]:
    """As the tasks do: a window is read before the first of it is answered."""
    remaining = iter(texts)
    with progress(None, "texts", None) as bar:
        while window := list(islice(remaining, WINDOW)):
            bar.update(len(window))
            yield from [Length(text) for text in window]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of every such verb, and which fields are needed."""
    parser.add_argument("--pairs", action="store_true")
    add_records(parser)


def run(options: argparse.Namespace) -> int:
    """Lengths; a row for each word of a text, so none, one or many."""

    def rows(fields: dict[str, Any], result: Length) -> Iterator[tuple[object, ...]]:
        for word in fields["text"].split(" ") if fields["text"] else ():
            yield word, result["length"], result["share"]

    def check(fields: dict[str, Any]) -> None:
        if fields["text"] == "refused":
            raise InputError('"text": may not be "refused".')

    required = ("text", "text_pair") if options.pairs else ("text",)
    return answer_records(
        options,
        required,
        lambda records: lengths(record["text"] for record in records),
        ("word", "length", "share"),
        rows,
        check=check,
    )


if __name__ == "__main__":
    cache.add_arguments, cache.run = add_arguments, run  # type: ignore[assignment]  # a verb is a module
    sys.exit(main(["cache", *sys.argv[1:]]))
