"""Show where compiled kernels are kept, or remove them."""

import argparse
from pathlib import Path

from .messages import say
from .print_json import add_json, print_json

EXAMPLE = "npdistil cache show"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `npdistil cache`."""
    parser.add_argument(
        "action", nargs="?", choices=("show", "clear"), default="show", help="default: show"
    )
    add_json(parser)


def run(options: argparse.Namespace) -> None:
    """Print the directory, the processor, and key and size of each file; or remove all files.

    Raises:
        NpdistilError: NPDISTIL_CPU is no level.
    """
    from ..kernels.objects import store

    if options.action == "clear":
        removed = sum(store.clear(directory) for directory in store.directories())
        if options.json:
            print_json({"removed": removed})
        else:
            say(f"{removed} files removed")
        return
    rows = _rows()
    if options.json:
        print_json([{"name": name, "state": value} for name, value in rows])
        return
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        print(f"{name:<{width}}  {value}")


def _rows() -> list[tuple[str, str]]:
    from ..kernels.entries import ENGINE
    from ..kernels.objects import store
    from ..kernels.objects.cpu import chosen_cpu, record_name
    from ..kernels.objects.key import unit_key
    from ..kernels.objects.load import find, image_name
    from ..kernels.objects.make import file_name
    from ..kernels.text.entries import TEXT

    kept: dict[Path, dict[str, int]] = {
        directory: store.files(directory) for directory in store.directories()
    }
    sizes = {name: size for files in kept.values() for name, size in files.items()}
    rows = [("directory", f"{place}, {_state(place, files)}") for place, files in kept.items()]
    rows.append(("processor", chosen_cpu().name))
    sizes.pop(record_name() or "", None)
    for unit in (ENGINE, TEXT):
        key = unit_key(unit)
        size = sizes.pop(file_name(unit, key), None)
        linked = sizes.pop(image_name(unit, key), None)
        if size is None:
            state = "not compiled yet"
        elif find(unit, key) is None:
            state = "damaged, will be compiled again"
        else:
            state = f"{size:,} bytes"
        if linked is not None:
            state += f", linked: {linked:,} bytes"
        rows.append((unit.name, f"{key}, {state}"))
    if sizes:
        rows.append(("others", f"{len(sizes)} files, {sum(sizes.values()):,} bytes"))
    return rows


def _state(directory: Path, files: dict[str, int]) -> str:
    from ..kernels.objects import store

    try:
        if not store.is_private(directory):
            return "not used: others may write to it"
    except OSError:
        return "not there yet"
    return f"{sum(files.values()):,} bytes"
