"""Compiling ahead: when an image is built, or before the first user comes."""

from collections.abc import Sequence
from pathlib import Path

from ...errors import InputError
from ...threads import run_all
from . import store
from .key import unit_key
from .load import LOADING, image_name, keep_image, obtain, say_once
from .make import file_name
from .unit import Unit


def warm_up(units: Sequence[Unit]) -> list[Path]:
    """Compile what is not kept yet, all units at the same time, and load none of it.

    So an image for many machines can be built on one that is less than they are.

    Returns:
        the file of each unit.

    Raises:
        InputError: there is no place to keep them, or NPDISTIL_CPU is no level.
    """
    run_all(_obtain, units)
    return [_place(unit) for unit in units]


def make_missing(units: Sequence[Unit]) -> None:
    """Compile at the same time what would else be compiled one after the other.

    For who is about to load them all. Where they are kept, this looks for files and no more.

    Raises:
        InputError: NPDISTIL_CPU is no level.
    """
    with LOADING:
        missing = [unit for unit in units if not _is_there(unit)]
        if len(missing) > 1:
            say_once()
            run_all(_obtain, missing)


def _is_there(unit: Unit) -> bool:
    names = (name(unit, unit_key(unit)) for name in (image_name, file_name))
    return any(store.has(place, name) for name in names for place in store.directories())


def _obtain(unit: Unit) -> None:
    keep_image(unit, obtain(unit))


def _place(unit: Unit) -> Path:
    name = file_name(unit, unit_key(unit))
    for directory in store.directories():
        if name in store.files(directory):
            return directory / name
    raise InputError(
        "warmup: compiled, but no private directory can keep it; name one with NPDISTIL_CACHE_DIR."
    )
