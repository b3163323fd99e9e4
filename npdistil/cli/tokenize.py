"""Show where the pieces of a text stand, or turn text files into ids."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..progress import progress
from ..text.batch import Array
from ..text.tokenizer import Tokenizer
from .messages import say
from .model_options import add_model
from .output_file import checked_output
from .print_json import add_json, print_json
from .read_texts import read_texts
from .write_ids import json_line, write_ids

EXAMPLE = 'npdistil tokenize "It was naïve." -m weights/all-MiniLM-L6-v2'
BATCH = 256
# Fewer characters are read by the readable tokenizer before the compiled one is even loaded.
FEW_CHARACTERS = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil tokenize`."""
    parser.description = (
        "With TEXT: a table of its pieces, their ids, and where in the text they stand. "
        "With --file: the ids of each line."
    )
    parser.add_argument("text", nargs="?", metavar="TEXT", help="the text itself")
    add_model(parser)
    parser.add_argument(
        "-f",
        "--file",
        nargs="+",
        metavar="INPUT",
        help="text files, one text a line, or - for stdin",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="out.jsonl: one object with text and input_ids a line; out.npy: int32 [lines, longest "
        "row], padded on the right with the id of [PAD], ready for a model; "
        "default: JSON lines on standard output",
    )
    cut = parser.add_mutually_exclusive_group()
    cut.add_argument(
        "--max-length", type=int, metavar="N", help="tokens a line; default: the model's limit"
    )
    cut.add_argument("--no-truncation", action="store_true", help="keep long lines whole")
    parser.add_argument(
        "--special-tokens-in-text",
        choices=("parse", "text"),
        help='whether "[SEP]" in a text is the special token or text; default: as the folder says',
    )
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Print the table of one text, which is never truncated, or write the ids of files.

    Raises:
        NpdistilError: the folder, a text or a file is unusable; nothing is written then.
    """
    if (options.text is None) == (options.file is None):
        raise InputError("tokenize: expected either TEXT or --file INPUT, and not both.")
    if options.file is not None:
        _write_files(options)
        return
    if options.output is not None:
        raise InputError("--output: goes with --file; a single TEXT is printed.")
    if options.max_length is not None:
        raise InputError("--max-length: goes with --file; a single TEXT is shown whole.")
    tokenizer = _tokenizer(options, len(options.text))
    batch = tokenizer(
        options.text,
        truncation=False,
        return_offsets_mapping=True,
        special_tokens_in_text=options.special_tokens_in_text,
    )
    pieces = tokenizer.convert_ids_to_tokens(batch["input_ids"][0])
    if options.json:
        print_json(
            {
                "tokens": pieces,
                "input_ids": batch["input_ids"][0].tolist(),
                "offset_mapping": np.asarray(batch["offset_mapping"][0]).tolist(),
            }
        )
        return
    width = max(len("piece"), *map(len, pieces))
    print(f"{'piece':<{width}}  {'id':>6}  {'start':>5}  {'end':>5}  text")
    rows = zip(pieces, batch["input_ids"][0], batch["offset_mapping"][0], strict=True)
    for piece, token_id, (start, end) in rows:
        shown = options.text[start:end]
        print(f"{piece:<{width}}  {token_id:>6}  {start:>5}  {end:>5}  {shown!r}")


def _write_files(options: argparse.Namespace) -> None:
    output = None if options.output is None else checked_output(Path(options.output))
    texts = read_texts(options.file)
    tokenizer = _tokenizer(options, sum(map(len, texts)))
    start = time.perf_counter()
    rows = _rows(tokenizer, texts, options)
    if output is None:
        tokens = 0
        for text, ids in zip(texts, rows, strict=True):
            sys.stdout.write(json_line(text, ids))
            tokens += len(ids)
        goal = "standard output"
    else:
        tokens = write_ids(output, texts, rows, tokenizer.pad_token_id)
        goal = str(output)
    seconds = time.perf_counter() - start
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    say(
        f"{len(texts)} texts, {tokens} tokens, {seconds:.2f} s "
        f"({megabytes / max(seconds, 1e-9):.1f} MB/s) -> {goal}"
    )


def _tokenizer(options: argparse.Namespace, characters: int) -> Tokenizer:
    """The one that is done first; their answers are the same."""
    backend = "python" if characters < FEW_CHARACTERS else "numba"
    return Tokenizer.from_pretrained(options.model, backend=backend, revision=options.revision)


def _rows(
    tokenizer: Tokenizer, texts: Sequence[str], options: argparse.Namespace
) -> Iterator[Array]:
    """The ids of each text, with a progress bar."""
    with progress(len(texts), "texts", None) as bar:
        for start in range(0, len(texts), BATCH):
            batch = tokenizer(
                texts[start : start + BATCH],
                padding=False,
                truncation=not options.no_truncation,
                max_length=options.max_length,
                special_tokens_in_text=options.special_tokens_in_text,
            )
            yield from batch.input_ids
            bar.update(len(batch.input_ids))
