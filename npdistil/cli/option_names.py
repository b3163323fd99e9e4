"""Messages about arguments of Python, in the words of the command line."""

import argparse
import re

from .option_types import FILES, FOLDERS

# Arguments whose options have another name.
_OTHERWISE = {"num_threads": "threads", "candidate_labels": "labels"}


def in_options(message: str, parser: argparse.ArgumentParser) -> str:
    """The message with `--top-k` for `top_k`, and so on, for each option of the parser.

    A name with an underscore is replaced wherever it stands by itself and is no part of a path; one
    that is a common word, as `stride`, only where the message begins with it and a colon.
    """
    options = {
        action.dest: max(action.option_strings, key=len)
        for action in parser._actions
        if action.option_strings and action.metavar not in (*FILES, *FOLDERS)
    }
    options |= {name: options[dest] for name, dest in _OTHERWISE.items() if dest in options}
    head = re.match(r"(\w+): ", message)
    if head and head[1] in options:
        message = options[head[1]] + message[head.end(1) :]
    return re.sub(
        r"(?<![\w./\\-])\w+_\w+(?![\w/\\-]|\.\w)",
        lambda found: options.get(found[0], found[0]),
        message,
    )
