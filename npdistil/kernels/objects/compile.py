"""Kernels to one object file, by Numba; the only file that knows its insides.

Numba would optimise each kernel by itself, then once more inside each that calls it. Here a unit's
kernels become one module first, which is optimised and turned into machine code once.
"""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import codegen, config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from .cpu import chosen_cpu
from .key import versions
from .map_image import LIBRARY
from .sealed import seal
from .unit import Function, Unit
from .words import read_words

RAISED = "the_exception_of_a_kernel"  # in no library


class CompileError(Exception):
    """A kernel needs what only Numba's runtime or this process has."""


class _Library(codegen.JITCodeLibrary):
    """The code of one kernel, neither optimised nor made executable yet."""

    def _optimize_final_module(self):
        pass

    def _finalize_specific(self):
        pass

    def get_pointer_to_function(self, name):
        return 0

    def optimize(self):
        super()._optimize_final_module()


class _Codegen(codegen.JITCPUCodegen):
    """Numba's code generator, for the chosen processor, that runs nothing."""

    _library_class = _Library

    def _get_host_cpu_name(self):
        return chosen_cpu().name

    def _get_host_cpu_features(self):
        return chosen_cpu().features

    def _add_module(self, module):
        pass

    def set_env(self, env_name, env):
        pass


def compile_unit(unit: Unit, key: str) -> bytes:
    """The unit's object code, sealed.

    Raises:
        CompileError: a kernel does what object code cannot.
    """
    with (
        global_compiler_lock,
        _without_settings(),
        _without_running(unit.name) as (context, generator),
    ):
        library = generator.create_library(unit.name)
        for function in unit.functions:
            _add(context, library, unit, function)
        _link(library, unit)
        library.optimize()
        module = library._final_module
        needed = _needed(str(module))
        if strange := needed - LIBRARY:
            raise CompileError(f"{unit.name}: object code cannot have {', '.join(sorted(strange))}")
        code = generator._tm.emit_object(module)
    manifest = {
        "unit": unit.name,
        "key": key,
        "functions": [function.symbol for function in unit.functions],
        "needs": sorted(needed),
        "cpu": chosen_cpu()._asdict(),
        "versions": versions(),
    }
    return seal(manifest, code)


@contextmanager
def _without_settings() -> Iterator[None]:
    """Numba as nobody has set it: checks of bounds or a lower level of optimising make other code.

    For the process that has to compile for itself; one that is started for it has no settings.
    """
    before = dict(vars(config))
    config._env_reloader.process_environ({})
    try:
        yield
    finally:
        vars(config).update(before)


@contextmanager
def _without_running(name: str) -> Iterator[tuple[Any, _Codegen]]:
    """Numba's context with our code generator in it, and no wrappers for Python."""
    context = cpu_target.target_context
    context.refresh()  # compiles Numba's own runtime, in the usual way
    generator = _Codegen(f"npdistil.{name}")
    ours = {
        "_internal_codegen": generator,
        "create_cpython_wrapper": lambda *_, **__: None,
        "create_cfunc_wrapper": lambda *_, **__: None,
    }
    before = dict(vars(context))
    vars(context).update(ours)
    try:
        yield context, generator
    finally:
        for each in ours:
            del vars(context)[each]
        vars(context).update({each: before[each] for each in ours if each in before})


def _add(context: Any, library: _Library, unit: Unit, function: Function) -> None:
    """The kernel, and a function around it that takes its arguments from words."""
    package = unit.home.rpartition(".")[0]
    kernel = getattr(importlib.import_module(function.module, package), function.name)
    if kernel.arguments != function.arguments:
        raise CompileError(f"{function.name}: the kernel was declared with other arguments")
    compiled = kernel.compiled()
    module = library.create_ir_module(function.symbol)
    kind = ir.FunctionType(ir.VoidType(), [ir.PointerType()])
    wrapper = ir.Function(module, kind, function.symbol)
    builder = ir.IRBuilder(wrapper.append_basic_block())
    values = read_words(context, builder, wrapper.args[0], compiled.signature.args)
    about = compiled.fndesc
    callee = context.declare_function(module, about)
    status, _ = context.call_conv.call_function(
        builder, callee, about.restype, about.argtypes, values
    )
    # LLVM removes this where it can prove that the kernel raises nothing; else it is missed later.
    with builder.if_then(status.is_error):
        builder.call(ir.Function(module, ir.FunctionType(ir.VoidType(), []), RAISED), [])
    builder.ret_void()
    library.add_ir_module(module)
    library.add_linking_library(compiled.library)


def _link(library: _Library, unit: Unit) -> None:
    """All in one module, of which the world sees the unit's functions only."""
    module = library._final_module
    for part in library._linking_libraries:
        module.link_in(part._get_module_for_linking(), preserve=True)
    seen = {function.symbol for function in unit.functions}
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name not in seen:
            value.linkage = "internal"


def _needed(text: str) -> set[str]:
    """What a module in LLVM's text form uses and does not have, by name.

    Among it addresses of this process, where they were written into the code as numbers.
    """
    declared = re.findall(r'^declare [^@]*@"?([^"( ]+)', text, re.MULTILINE)
    declared += re.findall(r'^@"?([^"= ]+)"? = external', text, re.MULTILINE)
    used = {name for name in declared if len(re.findall(rf'@"?{re.escape(name)}\b', text)) > 1}
    addresses = re.findall(r"inttoptr \(i64 \d+ to ptr\)", text)
    return {name for name in used if not name.startswith("llvm.")} | set(addresses)
