"""Label the tokens of texts, or the names, places and other entities that they make."""

import argparse
from collections.abc import Iterator
from typing import Any

from ..errors import InputError
from ..tasks.tagging.token_classification import TokenClassification
from ..tasks.tagging.words import STRATEGIES
from .model_options import add_engine, add_model, loaded
from .option_types import not_negative
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
        type=not_negative,
        metavar="N",
        help="read long texts in windows that share N tokens; default: cut them off",
    )
    add_engine(parser)


def run(options: argparse.Namespace) -> int:
    """Read, label, print.

    Returns:
        1 if lines were skipped, else 0.

    Raises:
        NpdistilError: any input is unusable.
    """
    if options.stride is not None and options.aggregation_strategy == "none":
        raise InputError(
            "--stride: works with another --aggregation-strategy than none, which says how what "
            "windows share becomes one."
        )
    task = loaded(TokenClassification.from_pretrained, options)

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
