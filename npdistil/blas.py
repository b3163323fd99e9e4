"""The threads of NumPy's BLAS, which are there as soon as NumPy is, whoever computes what."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_NAME, _TICKS = "OPENBLAS_THREAD_TIMEOUT", "21"  # 2 ** 21 ticks of the processor's clock: 1 ms


@contextmanager
def resting_threads() -> Iterator[None]:
    """Let them sleep soon when they have nothing to do, if NumPy is imported meanwhile.

    OpenBLAS starts a thread for each processor, and each spins for a tenth of a second, for what
    may come next, where our own threads could read weights. It asks the environment once, when it
    is loaded; what is said there, or a NumPy that is there already, is left as it is.
    """
    if "numpy" in sys.modules or _NAME in os.environ:
        yield
        return
    os.environ[_NAME] = _TICKS
    try:
        yield
    finally:
        os.environ.pop(_NAME, None)
