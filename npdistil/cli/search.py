"""Search texts for those that mean the same as a query: exact, from a file or a saved index."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..errors import InputError
from .model_options import add_engine, add_model
from .option_types import positive
from .read_corpus import Corpus
from .read_lines import STDIN
from .read_texts import given_texts
from .records import add_output, opened_printer, say_empty

EXAMPLE = 'npdistil search "a query" -m weights/all-MiniLM-L6-v2 --texts texts.txt'
HEAD = ("query", "score", "corpus_id", "text")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil search`."""
    parser.add_argument(
        "queries", nargs="*", metavar="QUERY", help="a text; - reads one a line from stdin"
    )
    add_model(parser)
    parser.add_argument(
        "-t",
        "--texts",
        action="append",
        metavar="FILE",
        help='search the lines of this file, or "text" of a .jsonl file; may come several times',
    )
    parser.add_argument("--index", metavar="FOLDER", help="search what --save-index wrote")
    parser.add_argument(
        "--save-index", metavar="FOLDER", help="keep the vectors of --texts in a new folder"
    )
    parser.add_argument(
        "-k", "--top-k", type=positive, metavar="N", help="results of each query; default: 10"
    )
    parser.add_argument("--jsonl", action="store_true", help="every FILE has JSON lines")
    parser.add_argument(
        "--skip-errors", action="store_true", help="leave bad lines of FILE out; exit code 1"
    )
    add_engine(parser)
    add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Embed, search, print.

    Returns:
        1 if lines were skipped, else 0.

    Raises:
        NpdistilError: options that do not go together, or any input is unusable.
    """
    _check(options)
    queries = given_texts(options.queries, "QUERY")
    corpus = Corpus(options.texts or [], options)
    found = _found(options, queries, corpus)

    def rows(fields: dict[str, Any], result: Any) -> Iterator[tuple[object, ...]]:
        for hit in result["results"]:
            yield fields["query"], hit["score"], hit["corpus_id"], hit.get("text", "")

    with ExitStack() as stack:
        printer = opened_printer(options, HEAD, rows, stack)
        stack.callback(printer.flush)
        for number, (query, hits) in enumerate(zip(queries, found, strict=True), 1):
            printer.result(number, {"query": query}, {"query": query, "results": hits})
    if options.queries and not queries:
        say_empty()
    return corpus.report()


def _check(options: argparse.Namespace) -> None:
    if bool(options.texts) == bool(options.index):
        raise InputError("--texts, --index: expected one of them: what is to be searched.")
    if options.save_index and options.index:
        raise InputError("--save-index: goes with --texts.")
    if not options.queries and not options.save_index:
        raise InputError("QUERY: expected a text to search for, or -, which reads them from stdin.")
    if STDIN in (options.texts or ()) and STDIN in options.queries:
        raise InputError("-: standard input holds queries or texts, not both.")
    if options.save_index and Path(options.save_index).exists():
        raise InputError(f"{options.save_index}: exists already; remove it or name another.")


def _found(options: argparse.Namespace, queries: list[str], corpus: Corpus) -> list[Any]:
    from ..tasks.search.index import SearchIndex
    from ..tasks.search.texts import search_texts, write_index
    from ..tasks.sentence_encoder import SentenceEncoder

    encoder = SentenceEncoder.from_pretrained(
        options.model, options.backend, options.threads, revision=options.revision
    )
    place = options.index
    if options.save_index:
        place = options.save_index
        model = Path(options.model)
        name = model.resolve().name if model.exists() else options.model
        write_index(place, corpus.texts(), encoder, name, truncated=corpus.truncated)
    if not queries:
        return []
    if place:
        found: list[Any] = SearchIndex.load(place, encoder).search(queries, options.top_k)
    else:
        found = search_texts(queries, corpus.texts(), encoder, options.top_k, corpus.truncated)
    for hit in (hit for hits in found for hit in hits if options.texts):
        hit["corpus_id"] = corpus.line(hit["corpus_id"])
    return found
