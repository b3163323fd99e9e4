"""Object code to functions, by LLVM: wherever there is no image, or it cannot be mapped."""

from typing import Any

from llvmlite import binding as llvm

from .unit import Unit

_ENGINES: list[Any] = []  # they own the code, which must outlive all calls


def load_object(unit: Unit, code: bytes) -> dict[str, int]:
    """Addresses of the unit's functions, by symbol."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target.create_target_machine())
    engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _ENGINES.append(engine)
    return {
        function.symbol: engine.get_function_address(function.symbol) for function in unit.functions
    }
