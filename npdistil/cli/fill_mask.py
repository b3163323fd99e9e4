"""Fill [MASK] in texts with the words that fit best."""

import argparse
from collections.abc import Iterator
from typing import Any

from ..errors import InputError
from ..tasks.filling.fill_mask import FillMask
from .model_options import add_engine, add_model, loaded
from .option_types import positive, words
from .records import add_records, answer_records

EXAMPLE = "npdistil fill-mask masked.txt -m weights/heads/wikitext --top-k 3"
HEAD = ("mask", "word", "score", "sequence")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil fill-mask`."""
    add_model(parser)
    add_records(parser)
    parser.add_argument(
        "-k",
        "--top-k",
        type=positive,
        default=5,
        metavar="N",
        help="words for each mask; default: 5",
    )
    parser.add_argument(
        "--targets",
        nargs="+",
        metavar="WORD",
        help="only these words, with blanks or commas between them; default: all there are",
    )
    add_engine(parser)


def _targets(given: list[str]) -> list[str]:
    """Every word; a comma by itself is one, too."""
    targets = [word for text in given for word in (words(text) or text.split())]
    if not targets:
        raise InputError("--targets: expected at least one word, received none.")
    return targets


def run(options: argparse.Namespace) -> int:
    """Read, fill, print.

    Returns:
        1 if lines were skipped, else 0.

    Raises:
        NpdistilError: any input is unusable.
    """
    targets = options.targets and _targets(options.targets)
    task = loaded(FillMask.from_pretrained, options)

    def answer(records: Iterator[dict[str, Any]]) -> Iterator[Any]:
        found: Iterator[Any] = task(
            (record["text"] for record in records), top_k=options.top_k, targets=targets
        )
        return found

    def rows(fields: dict[str, Any], result: Any) -> Iterator[tuple[object, ...]]:
        masks = [result] if isinstance(result[0], dict) else result
        for number, found in enumerate(masks, 1):
            for one in found:
                yield number, one["token_str"], one["score"], one["sequence"]

    def check(fields: dict[str, Any]) -> None:
        task.expect_mask(fields["text"])

    return answer_records(options, ("text",), answer, HEAD, rows, check=check)
