"""`import npdistil` is quick: it loads no compiler and no framework, and names as they are used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import npdistil
from npdistil.kernels.entries import ENGINE
from npdistil.kernels.objects.linux_cpu import cpu_words
from npdistil.kernels.objects.load import load_unit
from npdistil.kernels.text.entries import TEXT

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
    "pyarrow",
    "shtab",
    "regex",
)


def modules_after(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after a statement."""
    program = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


# All that the package and its command line import by themselves.
EVERYTHING = """
from npdistil import *
from npdistil.cli.main import VERBS, verb_module
assert len(list(map(verb_module, VERBS))) > 5"""


def test_import_is_light():
    """An import at module level that costs every user half a second."""
    assert modules_after(EVERYTHING).isdisjoint(HEAVY)
    assert "numpy" not in modules_after("import npdistil, npdistil.cli")


def test_each_public_name_is_there_for_programs_and_type_checkers():
    """Catches a name that only one of the two tables of `__init__.py` has, or another home."""
    source = ast.parse(Path(npdistil.__file__).read_text(encoding="utf-8"))
    typed = {
        alias.asname: node.module
        for block in source.body
        if isinstance(block, ast.If)
        for node in block.body
        for alias in node.names
    }
    assert typed == npdistil._HOMES
    for name in typed:
        assert getattr(npdistil, name).__name__ == name
    assert {*typed, "__version__"} <= {*dir(npdistil)}


def test_a_name_that_is_not_there():
    """Catches a lazy module that answers to anything, or by a KeyError."""
    with pytest.raises(AttributeError, match="'npdistil' has no attribute 'encode'"):
        npdistil.encode  # noqa: B018  # asking is the test
    assert not hasattr(npdistil, "_encode")


@pytest.mark.parametrize("switch", ["enable", "disable"])
def test_garbage_is_collected_as_before(switch):
    """Catches a program whose memory grows because it asked for a name, or asked in vain."""
    program = f"""
import gc, npdistil
gc.{switch}()
npdistil.Tokenizer
npdistil._HOMES["nothing"] = "nowhere"
try:
    npdistil.nothing
    raise SystemExit("found")
except ImportError:
    assert gc.isenabled() is {switch == "enable"}"""
    assert "numpy" in modules_after(program)


def test_a_verb_imports_its_own_file_alone():
    """Catches a command line that pays for all verbs at each start."""
    found = modules_after(
        "from npdistil.cli.main import _needed, VERBS\n"
        "assert _needed(['cache', 'embed']) == ['cache'] and _needed(['--help']) == VERBS\n"
        "assert _needed([]) == VERBS == _needed(['fly']) "
    )
    assert "numpy" not in found


def test_a_warm_start_loads_no_compiler(minilm_folder):
    """Numba, SciPy or LLVM on the way to the first embedding, or to the first ids."""
    statement = f"""
import numpy as np, npdistil
model = npdistil.SentenceEncoder.from_pretrained({str(minilm_folder)!r})
assert model.encode(["x"]).shape == (1, 384)
model.encoder([[1, 2]]).pooler_output
hub = {{"npdistil.checkpoint.hub_model", "npdistil.checkpoint.registry", "tomllib"}}
assert hub.isdisjoint(sys.modules), "a folder needs no names" """
    load_unit(ENGINE), load_unit(TEXT)
    llvm = cpu_words() is None  # where images are made, it stays away
    statement += f"\nassert ('llvmlite.binding' in sys.modules) is {llvm}"
    assert modules_after(statement).isdisjoint({"numba", "scipy"})


def test_the_check_can_fail():
    """The same look at a process that does load the compiler."""
    assert {"numba", "llvmlite"} <= modules_after("import npdistil.kernels.jit")
