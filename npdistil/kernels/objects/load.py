"""A unit's functions: from the image that is kept, else from object code, else compiled now."""

import ctypes
import os
import sys
import warnings
from functools import cache
from threading import RLock

from . import sealed, store
from .cpu import chosen_cpu, require_host
from .key import unit_key
from .make import file_name, make
from .map_image import map_image
from .sealed import Sealed, seal, unseal
from .unit import Call, Unit

# The words are a `bytes`, which the call keeps alive. Functions of this kind release the GIL.
_CALL = ctypes.CFUNCTYPE(None, ctypes.c_char_p)

_LOADED: dict[Unit, dict[str, Call]] = {}
# One thread loads, others wait for it. A fork waits too: a child would inherit whatever lock of
# Python's imports the loading thread holds, without the thread that could ever release it.
LOADING = RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=LOADING.acquire,
        after_in_parent=LOADING.release,
        after_in_child=LOADING.release,
    )


def load_unit(unit: Unit) -> dict[str, Call]:
    """The unit's functions by name: from the private directory, else compiled now.

    Any number of threads may call; a unit is loaded once.

    Raises:
        InputError: NPDISTIL_CPU names what this processor is not.
    """
    with LOADING:
        if unit not in _LOADED:
            _LOADED[unit] = _load(unit)
        return _LOADED[unit]


def _load(unit: Unit) -> dict[str, Call]:
    require_host(chosen_cpu())
    found = find_image(unit, unit_key(unit))
    addresses = None if found is None else map_image(*found)
    if addresses is None:
        from .load_object import load_object  # late: importing LLVM takes longer than all of this

        code = obtain(unit)
        keep_image(unit, code)
        addresses = load_object(unit, code)
    return {function.name: _CALL(addresses[function.symbol]) for function in unit.functions}


def obtain(unit: Unit) -> bytes:
    """The unit's object code; it is kept afterwards, or a warning says why not."""
    key = unit_key(unit)
    found = find(unit, key)
    if found is None:
        say_once()
        found = unseal(make(unit, key), key)
        assert found is not None
        if find(unit, key) is None:
            places = " or ".join(str(place.parent) for place in store.directories())
            warnings.warn(
                f"npdistil: no private directory for compiled kernels at {places or 'no home'}; "
                "compiling at every start. Name one with NPDISTIL_CACHE_DIR.",
                RuntimeWarning,
                stacklevel=2,
            )
    return bytes(found[1])


def find(unit: Unit, key: str) -> Sealed | None:
    """(manifest, object code) that is kept, whole and ours; None: there is none."""
    return sealed.find(file_name(unit, key), key)


def find_image(unit: Unit, key: str) -> Sealed | None:
    """(manifest, image) that is kept, whole and ours; None: there is none."""
    return sealed.find(image_name(unit, key), key)


def image_name(unit: Unit, key: str) -> str:
    """What a unit's image is called in the private directory."""
    return f"{unit.name}-{key}.image"


def keep_image(unit: Unit, code: bytes) -> None:
    """Link the unit's object code for the next start, where that can be done and kept."""
    key = unit_key(unit)
    if find_image(unit, key) is not None:
        return  # it cannot be mapped here
    from .link import LinkError, link  # late: a start finds it done

    try:
        image = link(code)
    except LinkError:
        return
    about = image._asdict()
    body = about.pop("content")
    content = seal({**about, "unit": unit.name, "key": key}, body)
    name = image_name(unit, key)
    for directory in filter(store.prepare, store.directories()):
        with store.lock(directory, name):
            if store.write(directory, name, content):
                return


@cache
def say_once() -> None:
    """Tell whoever waits what for."""
    if sys.stderr is not None:
        sys.stderr.write(
            "npdistil: compiling kernels for this processor, once per machine; "
            "it takes some 10 to 20 seconds.\n"
        )
