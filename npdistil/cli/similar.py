"""Find texts that say the same: duplicates and paraphrases within a file."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from ..errors import InputError
from ..tasks.search.texts import Truncated
from .messages import say
from .model_options import add_engine, add_model
from .option_types import positive
from .read_corpus import Corpus
from .records import add_inputs, add_output, opened_printer, say_empty

EXAMPLE = "npdistil similar texts.txt -m weights/all-MiniLM-L6-v2 --threshold 0.7"
HEAD = ("score", "i", "j", "text", "other text")
THRESHOLD, TOP_K, MAX_PAIRS = 0.8, 100, 500_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil similar`."""
    add_inputs(parser)
    add_model(parser)
    parser.add_argument(
        "--threshold",
        type=float,
        default=THRESHOLD,
        metavar="X",
        help=f"least cosine of a pair; default: {THRESHOLD}",
    )
    parser.add_argument(
        "-k",
        "--top-k",
        type=positive,
        default=TOP_K,
        metavar="N",
        help=f"nearest texts of each that are looked at; default: {TOP_K}",
    )
    parser.add_argument(
        "--max-pairs",
        type=positive,
        default=MAX_PAIRS,
        metavar="N",
        help=f"how many are printed, the best; default: {MAX_PAIRS}",
    )
    add_engine(parser)
    add_output(parser)


def run(options: argparse.Namespace) -> int:
    """Embed, compare, print; i and j count the lines of all inputs from 0.

    Returns:
        1 if lines were skipped, else 0.

    Raises:
        NpdistilError: any input is unusable.
    """
    if not -1.0 <= options.threshold <= 1.0:
        raise InputError(f"--threshold: expected a number from -1 to 1, not {options.threshold}.")
    corpus = Corpus(options.inputs, options)
    texts = [*corpus.texts()]
    found = _pairs(options, texts, corpus.truncated)

    def rows(_: dict[str, Any], result: Any) -> Iterator[tuple[object, ...]]:
        yield result["score"], result["i"], result["j"], *result["texts"]

    with ExitStack() as stack:
        printer = opened_printer(options, HEAD, rows, stack)
        stack.callback(printer.flush)
        for number, (score, i, j) in enumerate(found, 1):
            lines = {"i": corpus.line(i), "j": corpus.line(j)}
            result = {"score": score, **lines, "texts": [texts[i], texts[j]]}
            printer.result(number, {}, result)
    if corpus.is_empty:
        say_empty()
    elif not found:
        say(f"npdistil: no two of {len(texts)} texts have a cosine of {options.threshold} or more")
    return corpus.report()


def _pairs(options: argparse.Namespace, texts: list[str], truncated: Truncated) -> list[Any]:
    from ..tasks.search.paraphrase_mining import paraphrase_mining_embeddings
    from ..tasks.sentence_encoder import SentenceEncoder

    if not texts:
        return []
    encoder = SentenceEncoder.from_pretrained(
        options.model, options.backend, options.threads, revision=options.revision
    )
    vectors_ND, lost_N = encoder.encode(texts, return_num_truncated_tokens=True)
    truncated.texts, truncated.tokens = int((lost_N > 0).sum()), int(lost_N.sum())
    return paraphrase_mining_embeddings(
        vectors_ND,
        max_pairs=options.max_pairs,
        top_k=options.top_k,
        min_score=options.threshold,
        show_progress_bar=None,
    )
