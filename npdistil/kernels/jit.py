"""How every kernel is compiled; the only file that talks to Numba's compiler.

A kernel takes inputs, outputs and working memory, all owned by the caller. It allocates
nothing, raises nothing and releases the GIL, so that threads can run it side by side and its object
code could run without Numba. Reference counts are left out with Numba's runtime: what would
allocate does not compile, and a call that passes a dozen arrays costs no more than other calls.
One explicit signature each: it shows what is read and what is written, and makes other dtypes,
layouts and read-only outputs a TypeError instead of a second compilation.
"""

from collections.abc import Callable
from typing import Any

import numba
from numba import types
from numba.extending import register_jitable

from .cache import cache_setting, numba_cache_directory

# Never nnan or ninf: NaN must stay visible, and -inf is a value here (the start of a maximum).
FASTMATH = frozenset({"reassoc", "contract", "arcp", "nsz"})

IN1, IN2, IN3 = (types.Array(types.float32, ndim, "C", readonly=True) for ndim in (1, 2, 3))
OUT1, OUT2, OUT3 = (types.Array(types.float32, ndim, "C") for ndim in (1, 2, 3))
IDS = types.Array(types.int32, 1, "C", readonly=True)
COUNTERS = types.Array(types.int64, 2, "C")
INT, FLOAT = types.intp, types.float32


#: A function without a life of its own: compiled into each kernel that calls it, with its flags.
part_of_kernels = register_jitable


def kernel(*arguments: types.Type) -> Callable[[Callable[..., None]], Any]:
    """Compile a function for exactly these argument types, now, with the one policy."""
    return _compile(arguments, FASTMATH)


def vector_kernel(*arguments: types.Type) -> Callable[[Callable[..., None]], Any]:
    """As `kernel`, for what calls `kernels/ir/`: without fastmath.

    Numba puts its flags on every instruction of a function, hand-written ones too, and `reassoc`
    would fold away the additions by which exp and GELU round.
    """
    return _compile(arguments, frozenset())


def _compile(
    arguments: tuple[types.Type, ...], fastmath: frozenset[str]
) -> Callable[[Callable[..., None]], Any]:
    options: dict[str, Any] = {
        "nogil": True,
        "fastmath": set(fastmath),
        "error_model": "numpy",
        "_nrt": False,
    }

    def decorate(function: Callable[..., None]) -> Any:
        with numba_cache_directory():
            return numba.njit(types.void(*arguments), cache=cache_setting(), **options)(function)

    return decorate
