"""Which model a verb works with: a folder or a name at the hub, and its revision."""

import argparse


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
