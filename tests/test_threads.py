"""How many threads, and that each piece of work is done once."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from npdistil import threads
from npdistil.cgroup import cpu_quota
from npdistil.errors import InputError
from npdistil.threads import resolve_num_threads, run_all

ROOT = Path(__file__).parents[1]
VARIABLE = "NPDISTIL_NUM_THREADS"


def test_the_argument_wins_over_the_environment(monkeypatch):
    """Catches the other order: what a call says is the more particular."""
    monkeypatch.setenv(VARIABLE, "3")
    assert resolve_num_threads(5) == 5
    assert resolve_num_threads(None) == 3
    monkeypatch.setenv(VARIABLE, "1024")
    assert resolve_num_threads(None) == 1024


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine of 64 processors, 3 of them in the affinity mask, and a control group's quota."""

    def make(quota: str = "max 100000", empty: str | None = None) -> None:
        if empty is None:
            monkeypatch.delenv(VARIABLE, raising=False)
        else:
            monkeypatch.setenv(VARIABLE, empty)
        (tmp_path / "own").write_text("0::/\n")
        (tmp_path / "cpu.max").write_text(f"{quota}\n")
        monkeypatch.setattr(threads, "cpu_quota", lambda: cpu_quota(tmp_path / "own", tmp_path))
        monkeypatch.delattr(os, "process_cpu_count", raising=False)
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 9}, raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: 64)

    return make


@pytest.mark.parametrize("empty", [None, ""])
def test_without_either_all_processors_of_this_process(monkeypatch, machine, empty):
    """Catches os.cpu_count() in a container that may use two of 64."""
    machine(empty=empty)
    assert resolve_num_threads(None) == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert resolve_num_threads(None) == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert resolve_num_threads(None) == 1
    monkeypatch.setattr(os, "cpu_count", lambda: 5000)
    assert resolve_num_threads(None) == 1024


def test_python_says_how_many_where_it_can(monkeypatch, machine):
    """Catches PYTHON_CPU_COUNT of Python 3.13, which a user sets to limit a process, ignored."""
    machine()
    monkeypatch.setattr(os, "process_cpu_count", lambda: 2, raising=False)
    assert resolve_num_threads(None) == 2
    monkeypatch.setattr(os, "process_cpu_count", lambda: None)
    assert resolve_num_threads(None) == 1


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("150000 100000", 2), ("1000 100000", 1), ("900000 100000", 3), ("max 100000", 3)],
)
def test_a_quota_bounds_the_mask_and_not_the_argument(monkeypatch, machine, quota, expected):
    """Catches 64 threads that take turns on 1.5 processors, and a quota that overrules the user."""
    machine(quota)
    assert resolve_num_threads(None) == expected
    assert resolve_num_threads(7) == 7
    monkeypatch.setenv(VARIABLE, "8")
    assert resolve_num_threads(None) == 8


@pytest.mark.parametrize("wrong", [0, -1, 1025, 10**30, 1.0, "4", True, False, [1]])
def test_bad_arguments(monkeypatch, wrong):
    """Catches True as one thread, and a bad argument that falls back to the environment."""
    monkeypatch.setenv(VARIABLE, "3")
    with pytest.raises(InputError, match=r"^num_threads: expected an int"):
        resolve_num_threads(wrong)


@pytest.mark.parametrize(
    "wrong", ["0", "-1", "1025", "two", "2.0", " 2", "2 ", "+2", "0x2", "²", "٢", "9" * 5000]
)
def test_bad_environment(monkeypatch, wrong):
    """Catches int()'s generosity (other scripts' digits, spaces) and its ValueError."""
    monkeypatch.setenv(VARIABLE, wrong)
    with pytest.raises(InputError, match=f"^{VARIABLE}: expected an integer from 1 to 1024, not"):
        resolve_num_threads(None)


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_every_item_once(count):
    """Catches items that are skipped or done twice."""
    done: list[int] = []
    run_all(done.append, range(count))
    assert sorted(done) == list(range(count))


def test_a_thread_for_each_and_none_for_one():
    """Catches work that is in truth serial, and a pool where the caller's thread would do."""
    meet = threading.Barrier(3, timeout=20)
    names: set[str] = set()

    def work(_: int) -> None:
        names.add(threading.current_thread().name)
        meet.wait()

    run_all(work, range(3))
    assert len(names) == 3 and all(name.startswith("npdistil") for name in names)

    alone: list[threading.Thread] = []
    run_all(lambda _: alone.append(threading.current_thread()), range(1))
    assert set(alone) == {threading.current_thread()}


def test_no_thread_is_left():
    """Catches a pool that outlives the call: a forked child would inherit it dead."""
    before = set(threading.enumerate())
    run_all(lambda _: None, range(20))
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("items", [range(6), range(2, 3)])
def test_the_first_failure_is_raised(items):
    """Catches errors swallowed by a pool, and the last one instead of the first in order."""

    def work(n: int) -> None:
        if n == 2:
            time.sleep(0.05)  # fails first in order, last in time
        if n >= 2:
            raise ValueError(f"item {n}")

    with pytest.raises(ValueError, match=r"^item 2$"):
        run_all(work, items)


def test_numba_starts_no_threads_of_its_own():
    """Catches a parallel region: Numba's pool aborts a process that enters it from two threads."""
    program = """
import numba, numpy as np
from npdistil import Encoder
from tests.models import TINY, random_params
model = Encoder(TINY, random_params(TINY, np.random.default_rng(0)), num_threads=2)
assert np.isfinite(model(np.ones((40, 20), int)).last_hidden_state).all()
try:
    print(numba.threading_layer())
except ValueError:
    print("none")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, cwd=ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "none\n"), done.stderr
