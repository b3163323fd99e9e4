"""A unit's object code from its sources, made in a process of its own.

A clean process compiles the same code wherever it is started: without the caller's Numba settings,
and without what the caller has compiled already. The caller never has to import Numba, and of many
that come at the same time all but the first wait.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from . import store
from .key import unit_key
from .sealed import unseal
from .unit import Unit

PROGRAM = """
import sys
sys.path[:] = {path!r}
from {module} import main
main({home!r}, {name!r}, {key!r})
"""


def make(unit: Unit, key: str) -> bytes:
    """The unit, sealed; it is in the private directory afterwards, if there is one.

    Where no process can be started, and only there, it is compiled in this one.
    """
    content = _from_child(unit, key)
    if content is not None and unseal(content, key) is not None:
        return content
    return _kept_or_compiled(unit, key)


def file_name(unit: Unit, key: str) -> str:
    """What a unit is called in the private directory."""
    return f"{unit.name}-{key}.o"


def main(home: str, name: str, key: str) -> None:
    """What the process does: the sealed unit to standard output.

    Args:
        home: the module where the unit stands.
        name: its name.
        key: what the caller takes it for; nothing is written where that is wrong.
    """
    units = vars(importlib.import_module(home)).values()
    (unit,) = (unit for unit in units if isinstance(unit, Unit) and unit.name == name)
    if unit_key(unit) == key:
        sys.stdout.buffer.write(_kept_or_compiled(unit, key))


def _from_child(unit: Unit, key: str) -> bytes | None:
    if not sys.executable or getattr(sys, "frozen", False):
        return None  # this program is no Python interpreter
    import subprocess  # late: what is kept is only loaded

    values = {"module": __name__, "home": unit.home, "name": unit.name, "key": key}
    path = list(_absolute_path())
    try:
        child = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(path=path, **values)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parent,  # where no file has settings for Numba
            env=_environment(),
            check=False,
        )
    except OSError:
        return None
    return child.stdout


def _environment() -> dict[str, str]:
    """Without Numba's settings, and with a place that is the same wherever the process runs."""
    found = {name: text for name, text in os.environ.items() if name[:6] != "NUMBA_"}
    if found.get(store.VARIABLE):  # where no file can be, if it leads nowhere
        place = next((str(place.parent) for place in store.directories()), os.devnull)
        found[store.VARIABLE] = place
    return found


def _absolute_path() -> Iterator[str]:
    for place in sys.path:
        with suppress(OSError):  # relative to a working directory that is gone
            yield str(Path(place).absolute())


def _kept_or_compiled(unit: Unit, key: str) -> bytes:
    from .compile import compile_unit

    name = file_name(unit, key)
    content = None
    for directory in filter(store.prepare, store.directories()):
        with store.lock(directory, name):
            kept = store.read(directory, name)
            if kept is not None and unseal(kept, key) is not None:
                return bytes(kept)
            content = content or compile_unit(unit, key)
            if store.write(directory, name, content):
                return content
    return content or compile_unit(unit, key)
