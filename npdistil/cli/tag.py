"""Label the tokens of texts, or the names, places and other entities that they make."""

import argparse
from collections.abc import Iterator
from typing import Any

from ..tasks.tagging.token_classification import TokenClassification
from ..tasks.tagging.words import STRATEGIES
from .model_options import add_model
from .records import add_records, answer_records

EXAMPLE = "npdistil tag texts.txt -m weights/heads/wnut17 --aggregation-strategy first"
HEAD = ("word", "label", "score", "start", "end")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil tag`."""
    add_model(parser)
    add_records(parser)
    parser.add_argument(
        "--aggregation-strategy",
        choices=STRATEGIES,
        default="simple",
        help="none: each token by itself; simple: entities of tokens; first, average, max: of "
        "whole words, by their first token, the mean of all, or the surest; default: simple",
    )
    parser.add_argument(
        "--ignore-labels",
        nargs="*",
        default=["O"],
        metavar="LABEL",
        help="leave these out; default: O",
    )
    parser.add_argument(
        "--stride",
        type=int,
        metavar="N",
        help="read long texts in windows that share N tokens; default: cut them off",
    )
    parser.add_argument("--backend", choices=("numba", "numpy"), default="numba")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all processors")


def run(options: argparse.Namespace) -> int:
    """Read, label, print.

    Returns:
        1 if lines were skipped, else 0.

    Raises:
        NpdistilError: any input is unusable.
    """
    task = TokenClassification.from_pretrained(
        options.model, options.backend, options.threads, options.revision
    )

    def answer(records: Iterator[dict[str, Any]]) -> Iterator[Any]:
        found: Iterator[Any] = task(
            (record["text"] for record in records),
            aggregation_strategy=options.aggregation_strategy,
            ignore_labels=options.ignore_labels,
            stride=options.stride,
        )
        return found

    def rows(fields: dict[str, Any], result: Any) -> Iterator[tuple[object, ...]]:
        for one in result:
            label = one.get("entity_group", one.get("entity"))
            yield one["word"], label, one["score"], one["start"], one["end"]

    return answer_records(options, ("text",), answer, HEAD, rows)
