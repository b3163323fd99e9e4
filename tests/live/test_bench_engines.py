"""The benchmark's engines, each in its real process: agreement, refusal, turns."""

import copy
import math
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from npdistil.encoder import Encoder
from tests.live.random_models import save_random_model
from tests.tolerances import HIDDEN_FLOAT32
from tools.bench import agreement
from tools.bench.measure import Plan, take_turns
from tools.bench.models import Shape
from tools.bench.process import BenchError, EngineProcess
from tools.bench.workloads import Work, padded_work

TINY = Shape(2, 24, 3, 37)  # tiny-odd of random_models.py
VOCAB_SIZE = 99


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A real small model."""
    folder = tmp_path_factory.mktemp("bench") / "tiny-odd"
    save_random_model("tiny-odd", folder)
    return folder


@pytest.fixture(scope="module")
def engines(tiny):
    """Us and PyTorch, each in its process."""
    with EngineProcess("npdistil", tiny, 1) as ours, EngineProcess("pytorch", tiny, 1) as peer:
        yield ours, peer


def save(work, path):
    work.save(path)
    return path


def ragged_work():
    rng = np.random.default_rng(1)
    rows = [rng.integers(5, VOCAB_SIZE, n, dtype=np.int32) for n in (3, 40, 1, 17, 9)]
    return Work(rows, 2, ragged=True)


@pytest.mark.parametrize("kind", ["padded", "ragged"])
def test_engines_agree(kind, engines, tiny, tmp_path):
    """Rows of padding compared, texts in another order, or a pooling of other tokens."""
    work = padded_work("3x8", VOCAB_SIZE) if kind == "padded" else ragged_work()
    reference = Encoder.from_pretrained(tiny, "numpy", "float64")
    found = agreement.check(engines, save(work, tmp_path / "w.npz"), reference)
    assert set(found) == {"exact", "npdistil, 1 thread", "pytorch, 1 thread"}
    assert found["npdistil, 1 thread"] == 0.0
    assert 0 < found["exact"] <= HIDDEN_FLOAT32
    assert 0 < found["pytorch, 1 thread"] <= agreement.PEER_TOLERANCE
    assert list(tmp_path.iterdir()) == [tmp_path / "w.npz"]


def test_a_peer_that_differs_is_not_timed(tiny, engines, tmp_path_factory, tmp_path):
    """A table of engines that compute different things."""
    other = tmp_path_factory.mktemp("bench") / "other"
    other.mkdir()
    (other / "config.json").write_bytes((tiny / "config.json").read_bytes())
    weights = load_file(tiny / "model.safetensors")
    weights["encoder.layer.1.output.dense.bias"][0] += 0.01
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    path = save(padded_work("3x8", VOCAB_SIZE), tmp_path / "3x8.npz")
    reference = Encoder.from_pretrained(tiny, "numpy", "float64")
    with EngineProcess("npdistil", other, 1) as wrong:
        with pytest.raises(BenchError, match=r"3x8 is not timed: pytorch, 1 thread, from ours by"):
            agreement.check([engines[0], _renamed(wrong, "pytorch, 1 thread")], path, reference)
        with pytest.raises(BenchError, match="npdistil from its float64 reference by"):
            agreement.check([wrong], path, reference)


def _renamed(process, name):
    process = copy.copy(process)
    process.name = name
    return process


@pytest.mark.parametrize("value, refused", [(1e-6, 0), (1e-3, 2), (math.nan, 2), (math.inf, 2)])
def test_beyond(value, refused):
    """NaN, which compares as false, taken for agreement."""
    assert len(list(agreement.beyond({"exact": value, "openvino, 1 thread": value}))) == refused
    assert agreement.largest_difference(np.zeros((2, 3)), np.zeros((3, 2))) == math.inf


def test_turns(engines, tmp_path):
    """A turn that times nothing, an engine left out, or figures under another engine's name."""

    class Probe:
        def ask(self, do, threads):
            return {"gflops": 100.0 * threads}

    works = {"2x8": [save(padded_work("2x8", VOCAB_SIZE), tmp_path / "a.npz")]}
    works["ragged"] = [save(ragged_work().first(n), tmp_path / f"{n}.npz") for n in (2, 5)]
    plan = Plan((), ("pytorch",), (), (1,), turns=3, seconds=0.01, parts=1, many=False)
    said = []
    padded, ragged = take_turns(plan, TINY, engines, works, Probe(), said.append)
    assert said == ["turn 1 of 3", "turn 2 of 3", "turn 3 of 3"]
    assert (padded["workload"], ragged["workload"]) == ("2x8", "ragged")
    assert ragged["texts"] == [2, 5, 2]
    assert padded["gflop"] == [TINY.flops([8, 8]) / 1e9] * 3
    assert ragged["fma_gflops"] == [100.0] * 3
    for result in (padded, ragged):
        assert set(result["seconds"]) == {"npdistil", "pytorch"}
        for name in result["seconds"]:
            assert len(result["seconds"][name]) == 3
            for seconds, calls in zip(result["seconds"][name], result["calls"][name], strict=True):
                assert 0 < seconds < 5
                assert calls >= 1
    assert max(padded["calls"]["npdistil"]) > 1
    assert 10e6 < engines[0].ask("memory")["peak_bytes"] < 4e9


def test_an_engine_is_stopped_outside_its_turn(engines):
    """Idle threads that spin while another engine is timed."""
    engines[0].ask("memory")
    status = Path(f"/proc/{engines[0]._process.pid}/status")
    deadline = time.monotonic() + 10
    while "State:\tT" not in status.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_peak_is_measured():
    """A peak of nothing: a loop that the compiler removed, or of one sum after the other."""
    with EngineProcess("probe", 1 << 22, 2) as probe:
        one = probe.ask("fma", threads=1)["gflops"]
        assert 1 < one < 1000
        assert set(probe.ask("read")) == {"weights", "large"}


def test_an_engine_that_ends_says_why(tmp_path):
    """A benchmark that waits for ever, or says only that a pipe broke."""
    with pytest.raises(BenchError, match=r"npdistil, 1 thread: the process ended: .*config\.json"):
        EngineProcess("npdistil", tmp_path, 1)
