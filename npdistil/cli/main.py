"""Arguments in, exit code out: 0 well, 1 a check failed, 2 bad input, 130 interrupted.

An error is one line on standard error.
"""

import argparse
import gc
import importlib
import io
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

from .. import __version__
from ..blas import resting_threads
from ..errors import NpdistilError
from .messages import say

OK, BAD_INPUT, INTERRUPTED = 0, 2, 130
# In the order of --help. Each is a file of this folder, with `add_arguments`, `run` and EXAMPLE, a
# command line that works; the first line of its docstring is its summary.
VERBS = (
    "embed",
    "search",
    "similar",
    "classify",
    "rerank",
    "answer",
    "tag",
    "fill-mask",
    "tokenize",
    "explain",
    "info",
    "fetch",
    "convert",
    "verify",
    "parity",
    "table",
    "warmup",
    "cache",
    "completion",
)
_BEFORE_EXAMPLE = "example: "
DEFAULT_COLUMNS = 80


class _Help(argparse.HelpFormatter):
    """argparse's help, with the example on one line, to be copied."""

    def __init__(self, prog: str) -> None:
        """As wide as the terminal; argparse makes one for each argument that is added."""
        super().__init__(prog, width=_columns() - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith(_BEFORE_EXAMPLE):
            return text
        return super()._fill_text(text, width, indent)


class _Parser(argparse.ArgumentParser):
    """argparse, with its errors on one line."""

    def error(self, message: str) -> NoReturn:
        say(f"{self.prog}: error: {message}; see {self.prog} --help")
        self.exit(BAD_INPUT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    Args:
        arguments: without the program's name; None takes those of the process.

    Raises:
        SystemExit: by argparse, for --help, --version and unusable options.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # it may be no UTF-8, the pieces are
    try:
        try:
            return _run(arguments)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except KeyboardInterrupt:
        say("npdistil: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; leave nothing for the exit to flush into it.
        sys.stdout = None
        return OK
    except OSError as failure:
        sys.stdout = None
        say(f"npdistil: error: {failure}")
        return BAD_INPUT


def program() -> NoReturn:
    """The process `npdistil`: `main`, and out.

    A start is short, and what Python does for long programs would take a fifteenth of it: it looks
    for cycles among all objects while modules are imported, and at its end takes apart all that the
    system is about to take back at once. Whatever has to be closed or written was by then.
    """
    gc.set_threshold(100_000)
    with resting_threads():
        code = main()
    if sys.stderr is not None:
        with suppress(OSError):  # nobody listens
            sys.stderr.flush()
    os._exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    words = sys.argv[1:] if arguments is None else [*arguments]
    options = _parser(_needed(words)).parse_args(words)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return int(options.run(options) or OK)  # a verb that checks something returns 1
        except NpdistilError as error:
            from .option_names import in_options  # late: most runs have no error

            say(f"npdistil: error: {in_options(str(error), options.parser)}")
            return BAD_INPUT


def _needed(words: Sequence[str]) -> Sequence[str]:
    """The verbs to import: the one that comes first, else all, for their summaries."""
    return words[:1] if words and words[0] in VERBS else VERBS


def _parser(needed: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="npdistil",
        description="BERT-class text encoders on a CPU.",
        formatter_class=_Help,
    )
    parser.add_argument("--version", action="version", version=f"npdistil {__version__}")
    verbs = parser.add_subparsers(
        title="commands",
        metavar="COMMAND",
        required=True,
        prog=parser.prog,  # said, or argparse would format a page to find it
    )
    for name in needed:
        verb = verb_module(name)
        summary = (verb.__doc__ or "").partition("\n")[0]
        sub_parser = verbs.add_parser(
            name, help=summary, description=summary, formatter_class=_Help
        )
        verb.add_arguments(sub_parser)
        sub_parser.epilog = f"{_BEFORE_EXAMPLE}{verb.EXAMPLE}"
        sub_parser.set_defaults(run=verb.run, parser=sub_parser)
    return parser


def _columns() -> int:
    """As `shutil.get_terminal_size` finds it; importing that takes as long as argparse."""
    with suppress(KeyError, ValueError):
        if (columns := int(os.environ["COLUMNS"])) > 0:
            return columns
    columns = 0
    with suppress(ValueError, OSError):  # standard output is closed, or no terminal
        columns = os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 0
    return columns or DEFAULT_COLUMNS


def full_parser() -> argparse.ArgumentParser:
    """The parser of all verbs."""
    return _parser(VERBS)


def verb_module(name: str) -> Any:
    """The file of a verb: fill_mask.py is `fill-mask`."""
    return importlib.import_module(f".{name.replace('-', '_')}", __package__)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    say(f"npdistil: warning: {message}")
