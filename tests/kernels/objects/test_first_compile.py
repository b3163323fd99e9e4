"""Threads and forks that meet the first compilation, or the first loading, under way."""

import sys

import pytest

from tests.kernels.objects.tiny import run, start

SETUP = """
import faulthandler, os, sys, threading, time
faulthandler.dump_traceback_later(60, exit=True)
import numpy as np
from npdistil.kernels.objects import load
from tests.kernels.objects.tiny import double

def right():
    x_N = np.arange(5, dtype=np.float32)
    y_N = np.empty_like(x_N)
    double(x_N, y_N)
    return (y_N == 2 * x_N).all()

started, loads, real = threading.Event(), [], load._load
def slow(unit):
    loads.append(unit.name)
    started.set()
    time.sleep({seconds})
    return real(unit)
load._load = slow
"""
THREADS = (
    SETUP
    + """
found = []
threads = [threading.Thread(target=lambda: found.append(right())) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert found == [True] * 8 and loads == ["tiny"], (found, loads)
"""
)
FORK = (
    SETUP
    + """
thread = threading.Thread(target=lambda: started.wait() and right())
thread.start()
loading = threading.Thread(target=right)
loading.start()
started.wait()
child = os.fork()  # while another thread compiles
if child == 0:
    os._exit(0 if right() and loads == ["tiny"] else 1)  # it has what was loaded
assert right()
loading.join()
thread.join()
assert os.waitpid(child, 0)[1] == 0
assert loads == ["tiny"]
"""
)
FORK_BEFORE = (
    SETUP
    + """
children = []
for _ in range(4):
    child = os.fork()  # before anything is compiled: each does, or waits for who does
    if child == 0:
        os._exit(0 if right() else 1)
    children.append(child)
assert right()
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
"""
)


@pytest.mark.parametrize("seconds", [0, 0.3])
def test_threads_that_race_load_once(tmp_path, seconds):
    """Catches code that is loaded eight times, and a thread that calls what is not there yet."""
    program = THREADS.replace("{seconds}", str(seconds))
    assert run(tmp_path, program).compiled
    assert not run(tmp_path, program).compiled


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize("program", [FORK, FORK_BEFORE], ids=["during", "before"])
def test_a_fork_at_the_first_compilation(tmp_path, program):
    """Catches a child that waits for a lock of a thread that it does not have."""
    process = start(tmp_path, program.replace("{seconds}", "0.3"))
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors  # each process may say that it compiles
    assert not run(tmp_path).compiled
