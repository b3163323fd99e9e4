"""`import npdistil` is quick: it loads no compiler and no framework."""

import subprocess
import sys

HEAVY = (
    "numba",
    "llvmlite",
    "scipy",
    "torch",
    "transformers",
    "tokenizers",
    "huggingface_hub",
    "safetensors",
    "h5py",
    "tqdm",
    "regex",
)


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


def test_a_warm_start_loads_llvm_alone(minilm_folder):
    """Numba and SciPy on the way to the first embedding, or to the first ids."""
    statement = f"""
import numpy as np, npdistil
model = npdistil.SentenceEncoder.from_pretrained({str(minilm_folder)!r})
assert model.encode(["x"]).shape == (1, 384)
model.encoder([[1, 2]]).pooler_output
hub = {{"npdistil.checkpoint.hub_model", "npdistil.checkpoint.registry", "tomllib"}}
assert hub.isdisjoint(sys.modules), "a folder needs no names" """
    found = modules_after(statement)
    assert "llvmlite" in found and found.isdisjoint({"numba", "scipy"})


def test_the_check_can_fail():
    """The same look at a process that does load the compiler."""
    assert {"numba", "llvmlite"} <= modules_after("import npdistil.kernels.jit")
