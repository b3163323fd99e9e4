"""One way to compile, for every kernel there is."""

import importlib
import pkgutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numba
import pytest
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError

import npdistil.kernels
from npdistil.kernels.jit import FASTMATH, IN1, OUT1, Kernel
from npdistil.kernels.objects.compile import CompileError, compile_unit
from npdistil.kernels.objects.unit import Function, Unit

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
        "has a way of its own to compile": isinstance(kernel, Kernel) and bool(kernel.arguments),
        "names no twin": name.startswith(("reference.", "text.")),
        "names a twin that is not there": _exists(name),
    }
    return [problem for problem, fine in checks.items() if not fine]


def _expected_fastmath(kernel: Dispatcher) -> set[str] | frozenset[str]:
    """None at all in a file that uses blocks of `kernels/ir/`: the flags would fold rounding away.

    Such a file imports from there, or the names of what follows a block.
    """
    content = Path(kernel.py_func.__code__.co_filename).read_text(encoding="utf-8")
    uses_ir = "from .ir" in content or "from .epilogues" in content
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


@pytest.mark.parametrize(
    ("name", "error", "reason"),
    [
        ("copies", NumbaError, "NRT required"),
        ("raises", CompileError, "the_exception_of_a_kernel"),
        ("holds_an_address", CompileError, r"inttoptr \(i64 \d+"),
        ("needs_numba", CompileError, "numba_frexpf?$"),
        ("needs_a_library", CompileError, "erff?$"),
    ],
)
def test_what_object_code_cannot_have_is_refused(name, error, reason):
    """Memory of Numba's, an exception that nobody sees, an address of the process that compiled.

    And a symbol that only Numba has: whoever loads object code would jump to nowhere.
    """
    unit = Unit(name, f"{__package__}.unfit", (Function(".unfit", name, (IN1, OUT1)),))
    with pytest.raises(error, match=reason):
        compile_unit(unit, "key")


def test_a_declaration_that_disagrees_with_its_kernel_is_refused():
    """Words read as something else than what was written."""
    unit = Unit("wrong", __name__, (Function("npdistil.kernels.dense", "dense", (IN1, OUT1)),))
    with pytest.raises(CompileError, match="declared with other arguments"):
        compile_unit(unit, "key")


def test_bounds_are_checked_when_numba_is_told_to(tmp_path):
    """Runs the kernels' tests with bounds checks, by Numba: object code has none.

    First it proves that the flag works at all: a bad index raises.
    """
    program = textwrap.dedent("""
        import importlib, sys
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

        from npdistil.kernels import entries
        from npdistil.kernels.signature import Packed
        from npdistil.kernels.text import entries as text_entries

        called = set()

        def by_numba(kernel):
            def call(*arguments):
                called.add(kernel.__name__)
                values = [x.value if isinstance(x, Packed) else x for x in arguments]
                return kernel(*values)
            return call

        for place, unit in (entries, entries.ENGINE), (text_entries, text_entries.TEXT):
            for function in unit.functions:
                kernels = importlib.import_module(function.module, place.__package__)
                setattr(place, function.name, by_numba(getattr(kernels, function.name)))
        code = pytest.main(["-p", "no:cacheprovider", "--no-header",
                              "tests/kernels/test_parity.py",
                              "tests/kernels/test_forward.py",
                              "tests/kernels/test_first_token.py",
                              "tests/kernels/test_transformer_layer.py",
                              "tests/text/compiled/test_batches.py",
                              "tests/text/compiled/test_known_words.py",
                              "tests/text/compiled/test_fallbacks.py"])
        functions = (*entries.ENGINE.functions, *text_entries.TEXT.functions)
        names = {function.name for function in functions}
        twins = {"dense", "layer_norm", "normalize", "score_words"}  # called as such
        assert called == names - twins, called
        sys.exit(code)
    """)
    script = tmp_path / "checked.py"
    script.write_text(program)
    environment = {
        "NUMBA_BOUNDSCHECK": "1",
        # A plugin's package is to be imported by pytest, not before it; ours brings a plugin.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
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
