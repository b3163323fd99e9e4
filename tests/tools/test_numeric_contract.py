"""docs/numerics.md is what the committed JSON says, and the kernels still are what it says."""

import copy
import importlib
import json
import pkgutil

import numpy as np
import pytest

import npdistil.kernels
from npdistil.kernels.jit import Kernel
from tests.bounds import BOUNDS
from tests.numerics import measure
from tests.numerics.cases import results_of
from tests.numerics.passes import TWINS as PASSES
from tests.tolerances import DRIFT, GOLDEN_FLOAT64
from tests.twins import TWINS
from tools import numeric_contract as tool
from tools import numeric_page as page
from tools.check_functions import PROMISES
from tools.readme_block import read_block

# Kernels that have no row of their own: what they compute is that of another.
PARTS = {
    "multiply": "linear",
    "multiply_narrow": "attention",
    "panel_of_rows": "linear",
    "linear_panel": "linear",
    "slabs_panel": "linear",
    "linear_stage": "linear",
    "slabs_stage": "linear",
    "layer_norm_stage": "layer_norm",
    "transpose_queries": "attention",
    "attention_stage": "attention",
    "first_rows_stage": "pool_first",
    "first_token_attention_stage": "first_token_layer",
    "embed_stage": "embed",
    "keep_stage": "encode",
    "pool_stage": "encode",
}


@pytest.fixture(scope="module")
def committed() -> tool.Row:
    return json.loads(tool.JSON.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def here() -> tool.Row:
    """What this process measures."""
    return measure.measured()


def test_the_page_is_what_the_json_renders_to(committed):
    """A table edited by hand, a bound changed without the page, or the other way round."""
    assert read_block(tool.PAGE.read_text(encoding="utf-8"), "numerics") == page.render(committed)
    assert tool.as_text(committed) == tool.JSON.read_text(encoding="utf-8")


def test_every_kernel_is_on_the_page(committed):
    """A kernel that promises nothing."""
    names = {
        value.py_func.__name__
        for info in pkgutil.walk_packages(npdistil.kernels.__path__, "npdistil.kernels.")
        for value in vars(importlib.import_module(info.name)).values()
        if isinstance(value, Kernel) and ".text." not in value.py_func.__module__
    }
    assert names == {*BOUNDS, *PASSES, *PARTS}
    assert {*PARTS.values()} <= {*BOUNDS, *PASSES}
    assert set(committed["kernels"]) == {*(twin.id for twin in TWINS), *PASSES}
    block = page.render(committed)
    for name in (*committed["kernels"], *BOUNDS, *PROMISES):
        assert f"\n| {name} |" in block, name


def test_what_is_committed_keeps_its_bounds(committed):
    """A page of a run that failed, or of one processor's code alone."""
    assert tool.beyond(committed) == []
    for name, targets in committed["kernels"].items():
        assert {"avx512", "avx2"} <= set(targets), name
        assert all(row["numbers"] > 300 for row in targets.values())


def test_the_exact_values_are_those_of_the_reference(committed):
    """Twins that drift together: the kernel follows its reference, and both are wrong.

    Another hash means other inputs, and then nothing else here says anything.
    """
    now = measure.exact_values()
    assert now["inputs"] == committed["inputs"]
    assert set(now["exact"]) == set(committed["exact"])
    for name, lists in committed["exact"].items():
        for before, after in zip(lists, now["exact"][name], strict=True):
            difference = np.abs(np.subtract(after, before)) / np.maximum(1, np.abs(before))
            assert difference.max() <= GOLDEN_FLOAT64, name


def test_kernels_are_within_their_bounds_of_the_committed_values(committed):
    """As above, without the reference in between."""
    for twin in TWINS:
        if twin.name in measure.LAYOUTS:
            continue
        for result, exact in zip(
            results_of(twin, "drawn"), committed["exact"][twin.id], strict=True
        ):
            error = np.abs(np.subtract(result.samples(result.computed), exact)).max()
            assert error <= tool.allowed(twin.id), twin.id


def test_this_processor_keeps_the_bounds(here):
    """A kernel that is worse than promised, on a processor like this one."""
    kernels = {name: {here["target"]: row} for name, row in here["kernels"].items()}
    assert tool.beyond({"kernels": kernels}) == []


def test_nothing_has_drifted(committed, here):
    """Other arithmetic than the committed: `make numerics`, and say in CHANGELOG what changed."""
    assert tool.drifted(committed, here) == []


def test_a_drift_is_named(committed, here):
    """A check that never fires."""
    target = here["target"]
    worse = copy.deepcopy(here)
    worse["kernels"]["normalize"]["drawn"]["error"] *= 1.1 * DRIFT
    worse["kernels"]["encode"]["drawn"]["error"] = float("nan")
    worse["kernels"]["pool_mean"]["bits"] = "other, as LLVM may"
    worse["kernels"]["attention"]["bits"] = "other"
    found = copy.deepcopy(committed)
    for name, row in here["kernels"].items():
        found["kernels"][name][target] = row
    named = {problem.partition(":")[0] for problem in tool.drifted(found, worse)}
    assert named == {"normalize", "encode", "attention"}
    # On a target that nobody measured, bits are another's business.
    named = {problem.partition(":")[0] for problem in tool.drifted(found, {**worse, "target": "z"})}
    assert "attention" not in named and {"encode"} <= named


def test_a_missed_bound_writes_nothing(committed, monkeypatch, tmp_path, capsys):
    """The last good page replaced by a bad one."""
    found = copy.deepcopy(committed)
    found["kernels"]["attention"]["avx2"]["drawn"]["error"] = 1e-4
    found["kernels"]["embed"]["avx512"]["spread"]["share"] = float("inf")
    monkeypatch.setattr(tool, "measured_everywhere", lambda: found)
    monkeypatch.setattr(tool, "JSON", tmp_path / "numerics.json")
    assert tool.main([]) == 1
    said = capsys.readouterr().err
    assert "attention (avx2): 0.0001, allowed is 5e-06" in said
    assert "embed (avx512), spread: inf of its bound" in said
    assert not tool.JSON.exists()
