"""Embed texts, one a line, and write their vectors to a file."""

import argparse
import time
from pathlib import Path

from ..encoder.backend import POOLINGS
from ..errors import InputError
from ..tasks.sentence_encoder import SentenceEncoder
from .messages import say
from .model_options import add_model
from .output_file import checked_output
from .read_texts import read_texts
from .write_vectors import write_vectors

EXAMPLE = "npdistil embed texts.txt -m weights/all-MiniLM-L6-v2 -o vectors.npy"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil embed`."""
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="text file, or - for stdin")
    add_model(parser)
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="out.npy or out.jsonl, by suffix"
    )
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="default: 32")
    parser.add_argument("--backend", choices=("numba", "numpy"), default="numba")
    parser.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    parser.add_argument("--pooling", choices=POOLINGS, help="default: what the folder says")


def run(options: argparse.Namespace) -> None:
    """Read, embed, write.

    Raises:
        NpdistilError: any input is unusable; nothing is written then.
    """
    output = checked_output(Path(options.output))
    if options.batch_size < 1:  # now, not after the model is loaded
        raise InputError(f"--batch-size: expected a positive integer, not {options.batch_size}.")
    texts = read_texts(options.inputs)
    encoder = SentenceEncoder.from_pretrained(
        options.model, options.backend, options.threads, options.pooling, options.revision
    )
    start = time.perf_counter()
    vectors_BD = encoder.encode(texts, batch_size=options.batch_size)
    seconds = time.perf_counter() - start
    write_vectors(output, texts, vectors_BD)
    say(f"{len(texts)} texts, {vectors_BD.shape[1]} features, {seconds:.2f} s -> {output}")
