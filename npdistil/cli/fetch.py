"""Fetch a model from the hub, into the hub's cache or a folder; run again after an interruption."""

import argparse
from pathlib import Path

from .messages import say
from .model_options import add_revision
from .print_json import add_json, print_json

EXAMPLE = "npdistil fetch xtremedistil-l6-h256 -o weights/xtremedistil-l6-h256"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil fetch`."""
    parser.description = (
        "Fetch what npdistil reads of a model, and no more: weights of one format, config.json, "
        "the tokenizer's and sentence-transformers' files. Every file is checked by its hash. "
        "An interrupted run is resumed by the same command. Needs huggingface_hub: "
        "pip install 'npdistil[hub]'."
    )
    parser.add_argument("name", metavar="NAME", help="OWNER/NAME at the hub, or a short name")
    add_revision(parser)
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="a new folder; default: the hub's cache"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Fetch, and print the folder.

    Raises:
        NpdistilError: the model cannot be had, or the place cannot be written to.
    """
    from ..checkpoint.hub_cache import checked_revision
    from ..checkpoint.hub_model import fetchable

    revision = checked_revision(options.revision)
    hub_id = fetchable(options.name)  # before huggingface_hub is imported, which may be missing
    try:
        if options.output is None:
            from ..checkpoint.hub_download import download

            folder = download(hub_id, revision, "sentence")
        else:
            from ..tasks.fetch_folder import fetch_folder

            folder = Path(options.output)
            fetch_folder(hub_id, folder, revision)
    except KeyboardInterrupt:
        say("npdistil: what has come is kept; the same command goes on from there")
        raise
    if options.json:
        print_json({"folder": str(folder)})
    else:
        print(folder)
