"""Check a model folder against its lock: every file's sha256, and what it computes."""

import argparse
from pathlib import Path

from ..arguments import as_folder
from ..checkpoint.weights_file import folder_of
from ..errors import ModelFileError
from ..tasks.folder_lock import NAME, check_lock, write_lock
from .messages import printable, say
from .print_json import add_json, print_json

EXAMPLE = "npdistil verify weights/xtremedistil-l6-h256"
FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil verify`."""
    parser.description = (
        f"Compare size and sha256 of each file with {NAME}, which fetch and convert write, and "
        "embed its 20 texts again. Exit code 1 if anything is not as it was."
    )
    parser.add_argument("folder", metavar="FOLDER", help="model folder")
    parser.add_argument(
        "--write", action="store_true", help="write the lock of the folder as it is now"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int | None:
    """Print what was compared; 1 if the folder is not what it was.

    Raises:
        NpdistilError: there is no folder or no lock, or a file cannot be read.
    """
    folder: Path = folder_of(as_folder(options.folder))
    if not folder.is_dir():
        raise ModelFileError(f"{folder}: no such folder.")
    if options.write:
        write_lock(folder)
        say(f"{folder / NAME} written")
        return None
    report = check_lock(folder)
    if options.json:
        print_json(
            {
                "right": report.right,
                "files": report.files,
                "bytes": report.size,
                "faults": report.faults,
                "probe": report.probe.text if report.probe else None,
            }
        )
        return None if report.right else FAILED
    for fault in report.faults:
        print(printable(fault))
    if not report.faults:
        print(f"files: {report.files} as they were, {report.size / 1e6:.1f} MB")
    print(f"probe: {printable(report.probe.text) if report.probe else 'not run'}")
    if report.right:
        return None
    say(f"npdistil verify: {folder} is not what {NAME} says")
    return FAILED
