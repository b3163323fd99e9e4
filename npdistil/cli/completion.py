"""Print a script that lets a shell complete commands, options and files."""

import argparse
import importlib.util
from collections.abc import Iterator

from ..errors import InputError
from .option_types import FILES, FOLDERS

EXAMPLE = "npdistil completion bash"
SHELLS = ("bash", "zsh", "fish", "tcsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil completion`."""
    parser.description = (
        "Print a completion script. For bash, once: npdistil completion bash > "
        "~/.local/share/bash-completion/completions/npdistil; for fish: "
        "~/.config/fish/completions/npdistil.fish; for zsh: a file _npdistil in a folder of "
        "$fpath; for tcsh, what is printed goes into ~/.tcshrc. Needs shtab to make it, not to use "
        "it: pip install 'npdistil[completion]'."
    )
    parser.add_argument("shell", choices=SHELLS)


def run(options: argparse.Namespace) -> None:
    """Print the script.

    Raises:
        InputError: shtab is not installed.
    """
    from .main import full_parser  # which imports this file

    if importlib.util.find_spec("shtab") is None:
        raise InputError("completion: needs shtab: pip install 'npdistil[completion]'.")
    import shtab

    parser = full_parser()
    for action in _actions(parser):
        if action.metavar in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's own
        elif action.metavar in FOLDERS:
            action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]  # likewise
    print(shtab.complete(parser, options.shell))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Of the parser and of all commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for sub_parser in action.choices.values():
                yield from _actions(sub_parser)
