"""Compile the kernels for this processor now, so that no first start has to."""

import argparse

from .messages import say
from .print_json import add_json, print_json

EXAMPLE = "npdistil warmup"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil warmup`."""
    parser.description = (
        "Compile what is not kept yet, for this processor or for the level that NPDISTIL_CPU "
        "names; print the files."
    )
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Compile and print where the object code is.

    Raises:
        NpdistilError: it can be kept nowhere, or NPDISTIL_CPU is no level.
    """
    from ..kernels.entries import ENGINE
    from ..kernels.objects.warm_up import warm_up
    from ..kernels.text.entries import TEXT

    files = warm_up((ENGINE, TEXT))
    if options.json:
        print_json([{"file": str(file), "bytes": file.stat().st_size} for file in files])
        return
    for file in files:
        print(file)
    size = sum(file.stat().st_size for file in files)
    say(f"{len(files)} files, {size:,} bytes")
