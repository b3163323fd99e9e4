"""One way to compile, for every kernel there is."""

import importlib
import pkgutil
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import numba
import pytest
from numba.core.dispatcher import Dispatcher

import npdistil.kernels
from npdistil.kernels.jit import FASTMATH

SOURCE = Path(npdistil.kernels.__file__).parent
MODULES = [
    importlib.import_module(info.name)
    for info in pkgutil.walk_packages(npdistil.kernels.__path__, "npdistil.kernels.")
]
KERNELS = {
    f"{kernel.py_func.__module__}.{kernel.py_func.__name__}": kernel
    for module in MODULES
    for kernel in vars(module).values()
    if isinstance(kernel, Dispatcher)
}


def broken_policies(kernel: Dispatcher) -> list[str]:
    """What a kernel does against the policy of `kernels/jit.py`."""
    options = kernel.targetoptions
    twin = (kernel.py_func.__doc__ or "").partition("Twin: ")[2].split(",")[0].split(".\n")[0]
    name = twin.strip().rstrip(".").split(". ")[0]
    checks = {
        "releases no GIL": options.get("nogil") is True,
        "has another fastmath": options.get("fastmath") == _expected_fastmath(kernel),
        "divides like Python": options.get("error_model") == "numpy",
        "counts references": options.get("_nrt") is False,
        "uses Numba's threads": not options.get("parallel"),
        "has more than one signature": len(kernel.signatures) == 1,
        "names no twin": name.startswith(("reference.", "text.")),
        "names a twin that is not there": _exists(name),
    }
    return [problem for problem, fine in checks.items() if not fine]


def _expected_fastmath(kernel: Dispatcher) -> set[str] | frozenset[str]:
    """None at all in a file that uses `kernels/ir/`: the flags would fold its rounding away."""
    uses_ir = ".ir" in Path(kernel.py_func.__code__.co_filename).read_text(encoding="utf-8")
    return set() if uses_ir else FASTMATH


def _exists(name: str) -> bool:
    module, _, function = name.rpartition(".")
    try:
        return callable(getattr(importlib.import_module(f"npdistil.{module}"), function, None))
    except ImportError:
        return False


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_keeps_the_policy(name):
    """A kernel compiled its own way, or one nobody can compare with anything."""
    assert broken_policies(KERNELS[name]) == []


def test_the_policy_check_can_fail():
    """Each rule is broken once here, and named."""

    @numba.njit(["void(f4[:])", "void(f8[:])"], fastmath=True, parallel=True)
    def rogue(x):
        """No twin."""
        for _ in numba.prange(len(x)):
            pass

    assert len(broken_policies(rogue)) == 8


# Runtime functions by which compiled code makes memory or raises.
FORBIDDEN = re.compile(r"call [^@\n]*@\"?(NRT_(?:Alloc|MemInfo_alloc|Realloc)\w*|numba_\w+|Py\w+)")


def forbidden_calls(kernel: Dispatcher) -> set[str]:
    """Allocations and raises in a kernel's own code; its Python wrapper may do both.

    Compiled anew, because code from the cache cannot be inspected.
    """
    (signature,) = kernel.signatures
    options = {name: kernel.targetoptions[name] for name in ("nogil", "fastmath", "error_model")}
    code = numba.njit(signature, **options)(kernel.py_func).inspect_llvm(signature)
    functions = re.split(r"^(?=define )", code, flags=re.MULTILINE)[1:]
    own = [
        text for text in functions if not re.match(r"define [^@]*@\"?(_ZN7cpython|cfunc\.)", text)
    ]
    assert own
    return {name for text in own for name in FORBIDDEN.findall(text)}


@pytest.mark.parametrize("name", KERNELS)
def test_kernel_allocates_and_raises_nothing(name):
    """Its code must later run without Numba's runtime, which would serve both."""
    assert forbidden_calls(KERNELS[name]) == set()


def test_the_search_for_allocations_can_fail():
    """An array assignment looks innocent, yet it can raise and builds a message for it."""

    @numba.njit("void(f4[::1], f4[::1])", nogil=True, fastmath=set(FASTMATH), error_model="numpy")
    def copy(x_N, y_N):
        y_N[: x_N.shape[0]] = x_N

    assert forbidden_calls(copy)


def test_bounds_are_checked_when_numba_is_told_to(tmp_path):
    """Runs the kernels' tests with bounds checks, from a fresh cache: a warm one ignores the flag.

    First it proves that the flag works at all: a bad index raises.
    """
    program = textwrap.dedent("""
        import sys
        import numpy as np, pytest
        from npdistil.kernels.jit import IDS, IN1, OUT1, kernel

        @kernel(IN1, IDS, OUT1)
        def gather(x_N, ids_T, y_T):
            for t in range(y_T.shape[0]):
                y_T[t] = x_N[ids_T[t]]

        x, y = np.ones(3, np.float32), np.empty(1, np.float32)
        gather(x, np.array([2], np.int32), y)
        with pytest.raises(IndexError):
            gather(x, np.array([3], np.int32), y)
        sys.exit(pytest.main(["-p", "no:cacheprovider", "--no-header",
                              "tests/kernels/test_parity.py",
                              "tests/kernels/test_first_token.py",
                              "tests/kernels/test_transformer_layer.py",
                              "tests/text/compiled/test_batches.py",
                              "tests/text/compiled/test_fallbacks.py"]))
    """)
    script = tmp_path / "checked.py"
    script.write_text(program)
    environment = {
        "NUMBA_BOUNDSCHECK": "1",
        "NPDISTIL_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": str(SOURCE.parent.parent),
        "PATH": "",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, cwd=SOURCE.parent.parent,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
