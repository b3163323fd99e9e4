"""How every kernel is compiled.

A kernel takes inputs, outputs and working memory, all owned by the caller. It allocates
nothing, raises nothing and releases the GIL, so that threads can run it side by side and its object
code runs without Numba. Reference counts are left out with Numba's runtime: what would allocate
does not compile, and a call that passes a dozen arrays costs no more than other calls.
One explicit signature each: it shows what is read and what is written, and makes other dtypes,
layouts and read-only outputs a TypeError instead of a second compilation.
"""

from collections.abc import Callable
from typing import Any

from numba import from_dtype, types
from numba.core.registry import CPUDispatcher
from numba.extending import register_jitable

from .signature import COUNTERS as COUNTERS
from .signature import DOUBLE, ArrayKind, Kind, NumberKind, RecordKind
from .signature import FLOAT as FLOAT
from .signature import IDS as IDS
from .signature import IN1 as IN1
from .signature import IN2 as IN2
from .signature import IN3 as IN3
from .signature import INT as INT
from .signature import OUT1 as OUT1
from .signature import OUT2 as OUT2
from .signature import OUT3 as OUT3

# Never nnan or ninf: NaN must stay visible, and -inf is a value here (the start of a maximum).
FASTMATH = frozenset({"reassoc", "contract", "arcp", "nsz"})
NUMBERS = {INT: types.int64, FLOAT: types.float32, DOUBLE: types.float64}


#: A function without a life of its own: compiled into each kernel that calls it, with its flags.
part_of_kernels = register_jitable


def inlined_in_kernels(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `part_of_kernels`, but copied in before LLVM sees it.

    For what is called for every word of a text: handing over arrays would cost more than the work.
    """
    # A decorator for each: it forgets the argument after one function.
    decorated: Callable[..., Any] = register_jitable(inline="always")(function)
    return decorated


def kernel(*arguments: Kind) -> Callable[[Callable[..., None]], Any]:
    """A function that is compiled for exactly these arguments, with the one policy."""
    return lambda function: Kernel(function, arguments, FASTMATH)


def vector_kernel(*arguments: Kind) -> Callable[[Callable[..., None]], Any]:
    """As `kernel`, for what calls `kernels/ir/`: without fastmath.

    Numba puts its flags on every instruction of a function, hand-written ones too, and `reassoc`
    would fold away the additions by which exp and GELU round.
    """
    return lambda function: Kernel(function, arguments, frozenset())


class Kernel(CPUDispatcher):
    """A function that Numba compiles when it, or a kernel that calls it, is first needed."""

    def __init__(
        self, function: Callable[..., None], arguments: tuple[Kind, ...], fastmath: frozenset[str]
    ) -> None:
        options = {
            "nopython": True,
            "nogil": True,
            "fastmath": set(fastmath),
            "error_model": "numpy",
            "boundscheck": None,  # as NUMBA_BOUNDSCHECK says
            "_nrt": False,
        }
        super().__init__(function, targetoptions=options)
        self.arguments = arguments

    def compiled(self) -> Any:
        """The one compilation there is."""
        if not self.overloads:
            self.compile(types.void(*map(numba_type, self.arguments)))
            self.disable_compile()
        (found,) = self.overloads.values()
        return found

    def get_call_template(self, args, kws):
        """Numba asks for this when another kernel calls this one."""
        self.compiled()
        return super().get_call_template(args, kws)

    def __call__(self, *args):
        """As tests do; the package itself calls object code."""
        self.compiled()
        return super().__call__(*args)


def numba_type(kind: Kind) -> types.Type:
    """A kind of argument as Numba knows it."""
    if isinstance(kind, ArrayKind):
        element = from_dtype(kind.dtype)
        return types.Array(element, kind.ndim, "C", readonly=not kind.writable)
    if isinstance(kind, RecordKind):
        fields = tuple(map(numba_type, kind.fields))
        record: types.Type = types.BaseTuple.from_types(fields, kind.record)
        return record
    assert isinstance(kind, NumberKind)
    return NUMBERS[kind]
