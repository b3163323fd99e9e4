"""--json of the verbs whose result is one object."""

import argparse
import json


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json, for a verb that prints one object."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def print_json(value: object) -> None:
    """One object on standard output, over several lines."""
    print(json.dumps(value, ensure_ascii=False, indent=1))
