"""Which model a verb works with, a folder or a name at the hub; its prompt; what computes it."""

import argparse
from collections.abc import Callable
from typing import TypeVar

from .option_types import positive

Task = TypeVar("Task")


def add_model(parser: argparse.ArgumentParser, *, positional: bool = False) -> None:
    """MODEL or -m MODEL, and --revision; `model` and `revision` of the options."""
    text = "model folder, or a name at the hub such as microsoft/xtremedistil-l6-h256-uncased"
    if positional:
        parser.add_argument("model", metavar="MODEL", help=text)
    else:
        parser.add_argument("-m", "--model", required=True, metavar="MODEL", help=text)
    add_revision(parser)


def add_revision(parser: argparse.ArgumentParser) -> None:
    """--revision."""
    parser.add_argument(
        "--revision", metavar="R", help="at the hub: branch, tag or commit; default: main"
    )


def add_prompt(parser: argparse.ArgumentParser, before: str) -> None:
    """--prompt or --prompt-name; `before` says what a prompt is put before."""
    prompt = parser.add_mutually_exclusive_group()
    prompt.add_argument("--prompt", metavar="TEXT", help=f"put before {before}")
    prompt.add_argument(
        "--prompt-name", metavar="NAME", help="of the folder's prompts; default: what it says"
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """--backend and --threads."""
    parser.add_argument("--backend", choices=("numba", "numpy"), default="numba")
    parser.add_argument("--threads", type=positive, metavar="N", help="default: all processors")


def loaded(
    from_pretrained: Callable[[str, str, int | None, str | None], Task], options: argparse.Namespace
) -> Task:
    """The task of -m, --backend, --threads and --revision.

    Raises:
        NpdistilError: as `from_pretrained`.
    """
    return from_pretrained(options.model, options.backend, options.threads, options.revision)
