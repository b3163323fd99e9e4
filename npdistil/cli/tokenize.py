"""Show the pieces of a text, their ids, and where in the text they stand."""

import argparse

from ..text.tokenizer import Tokenizer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil tokenize`."""
    parser.add_argument("text", metavar="TEXT", help="the text itself")
    parser.add_argument("-m", "--model", required=True, metavar="FOLDER", help="model folder")


def run(options: argparse.Namespace) -> None:
    """Print one line a piece; nothing is truncated.

    Raises:
        NpdistilError: the folder or the text is unusable.
    """
    tokenizer = Tokenizer.from_pretrained(options.model)
    batch = tokenizer(options.text, truncation=False, return_offsets_mapping=True)
    pieces = tokenizer.convert_ids_to_tokens(batch["input_ids"][0])
    width = max(len("piece"), *map(len, pieces))
    print(f"{'piece':<{width}}  {'id':>6}  {'start':>5}  {'end':>5}  text")
    rows = zip(pieces, batch["input_ids"][0], batch["offset_mapping"][0], strict=True)
    for piece, token_id, (start, end) in rows:
        shown = options.text[start:end]
        print(f"{piece:<{width}}  {token_id:>6}  {start:>5}  {end:>5}  {shown!r}")
