"""`import npdistil` is quick: it loads no compiler and no framework."""

import subprocess
import sys

HEAVY = ("numba", "llvmlite", "scipy", "torch", "transformers", "tokenizers", "safetensors", "tqdm")


def modules_after(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after a statement."""
    program = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_import_is_light():
    """An import at module level that costs every user half a second."""
    assert modules_after("import npdistil, npdistil.cli").isdisjoint(HEAVY)


def test_the_check_can_fail():
    """The same look at a process that does load the compiler."""
    assert {"numba", "llvmlite"} <= modules_after("import npdistil.kernels.jit")
