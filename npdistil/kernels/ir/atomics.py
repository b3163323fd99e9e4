"""Counters that several threads share, and what a thread does while it waits for one.

Each is a single instruction; nothing here blocks, allocates or raises.
"""

import sys

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .target import HOST
from .vectors import I32, I64, pointer_to

# What a loop that waits tells the processor (an intrinsic of LLVM and its arguments) ...
PAUSE = ("llvm.aarch64.hint", [1]) if HOST.name == "neon" else ("llvm.x86.sse2.pause", [])
# ... and the operating system, which may run another thread instead.
YIELD = "SwitchToThread" if sys.platform == "win32" else "sched_yield"


@intrinsic
def fetch_add(typing_context, counter):
    """Add 1 to the int64 at an address; returns what was there before."""

    def generate(context, builder, signature, arguments):
        pointer = pointer_to(builder, arguments[0])
        return builder.atomic_rmw("add", pointer, ir.Constant(I64, 1), "acq_rel")

    return types.intp(types.intp), generate


@intrinsic
def load_acquire(typing_context, counter):
    """The int64 at an address; what was written before its last change can be read afterwards."""

    def generate(context, builder, signature, arguments):
        pointer = pointer_to(builder, arguments[0])
        return builder.load_atomic(pointer, "acquire", 8, typ=I64)

    return types.intp(types.intp), generate


@intrinsic
def pause(typing_context):
    """Tell the processor that this is a loop that waits."""

    def generate(context, builder, signature, arguments):
        name, codes = PAUSE
        constants = [ir.Constant(I32, code) for code in codes]
        _call(builder, ir.VoidType(), name, constants)
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def give_way(typing_context):
    """Let the operating system run another thread on this processor, if one is ready."""

    def generate(context, builder, signature, arguments):
        _call(builder, I32, YIELD, [])
        return context.get_dummy_value()

    return types.void(), generate


def _call(
    builder: ir.IRBuilder, returns: ir.Type, name: str, arguments: list[ir.Constant]
) -> ir.Value:
    kind = ir.FunctionType(returns, [argument.type for argument in arguments])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, arguments)
