"""Object code to functions, by LLVM alone."""

import ctypes
import sys
import warnings
from functools import cache
from typing import Any

from llvmlite import binding as llvm

from . import sealed, store
from .cpu import chosen_cpu, require_host
from .key import unit_key
from .make import file_name, make
from .sealed import Sealed, unseal
from .unit import Call, Unit

# The words are a `bytes`, which the call keeps alive. Functions of this kind release the GIL.
_CALL = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
_ENGINES: list[Any] = []  # they own the code, which must outlive all calls


@cache
def load_unit(unit: Unit) -> dict[str, Call]:
    """The unit's functions by name: from the private directory, else compiled now.

    Raises:
        InputError: NPDISTIL_CPU names what this processor is not.
    """
    require_host(chosen_cpu())
    return _functions(unit, obtain(unit))


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


@cache
def say_once() -> None:
    """Tell whoever waits what for."""
    if sys.stderr is not None:
        sys.stderr.write(
            "npdistil: compiling kernels for this processor, once per machine; "
            "it takes some 10 to 20 seconds.\n"
        )


def _functions(unit: Unit, code: bytes) -> dict[str, Call]:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target.create_target_machine())
    engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _ENGINES.append(engine)
    return {
        function.name: _CALL(engine.get_function_address(function.symbol))
        for function in unit.functions
    }
