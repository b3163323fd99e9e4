"""Order documents, one a line, by their relevance to a query."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from ..errors import InputError
from ..tasks.classification.cross_encoder import CrossEncoder
from .messages import say
from .model_options import add_engine, add_model, add_prompt
from .option_types import positive
from .read_lines import STDIN
from .read_records import read_records
from .read_texts import given_texts
from .records import ERRORS_SHOWN, add_records, opened_printer, report_skipped, say_empty

EXAMPLE = 'npdistil rerank "Where do lions live?" texts.txt -m weights/cross-encoder --top-k 3'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil rerank`."""
    parser.add_argument(
        "query", metavar="QUERY", help="what the documents are to be about; - reads it from stdin"
    )
    add_records(parser)
    add_model(parser)
    add_prompt(parser, "the query")
    parser.add_argument(
        "--top-k", type=positive, metavar="N", help="documents to show; default: all"
    )
    parser.add_argument("--max-length", type=positive, metavar="N", help="tokens of a pair at most")
    add_engine(parser)


def run(options: argparse.Namespace) -> int:
    """Read all documents, rank them, print the best first.

    A table's first column is the document's line, counted over all files from 1; in JSON its
    "corpus_id" counts the same lines from 0.

    Raises:
        NpdistilError: an input or the model is unusable.
    """
    query = _query(options)  # now, not after the model is loaded
    records = read_records(
        options.inputs, ("text",), jsonl=options.jsonl, skip_errors=options.skip_errors
    )
    task = CrossEncoder.from_pretrained(
        options.model,
        options.backend,
        options.threads,
        options.revision,
        max_length=options.max_length,
    )
    if task.num_labels != 1:
        raise InputError(
            f"{options.model}: its {task.num_labels} labels give no one order; rerank needs a "
            "model with one. `npdistil classify` scores pairs by the labels of such a model: JSON "
            'lines with "text" and "text_pair".'
        )
    lines: list[int] = []
    texts: list[str] = []
    errors: list[str] = []
    for line, record in enumerate(records):
        if record.fields is None:
            errors.append(record.error)
        else:
            lines.append(line)
            texts.append(record.fields["text"])
    ranked = task.rank(
        query,
        texts,
        return_documents=True,
        prompt_name=options.prompt_name,
        prompt=options.prompt,
    )
    with ExitStack() as stack:
        printer = opened_printer(options, ("score", "text"), _rows, stack)
        stack.callback(printer.flush)
        for found in ranked[: options.top_k]:
            found["corpus_id"] = lines[found["corpus_id"]]
            printer.result(found["corpus_id"] + 1, found, found)
    lost = [found.num_truncated_tokens for found in ranked if found.num_truncated_tokens]
    if lost:
        say(
            f"npdistil: warning: {len(lost)} of {len(texts)} documents are longer, with the query, "
            f"than the model takes; {sum(lost)} tokens were left out"
        )
    if not texts and not errors:
        say_empty()
    return report_skipped(len(errors), len(texts) + len(errors), errors[:ERRORS_SHOWN])


def _query(options: argparse.Namespace) -> str:
    if options.query == STDIN and STDIN in options.inputs:
        raise InputError("-: standard input holds the query or the documents, not both.")
    queries = given_texts([options.query], "QUERY")
    if len(queries) != 1:
        raise InputError(
            f"QUERY: standard input has {len(queries)} lines; expected one, the query."
        )
    return queries[0]


def _rows(fields: dict[str, Any], result: Any) -> Iterator[tuple[object, ...]]:
    yield result["score"], fields["text"]
