"""Processes that start others: with kernels loaded before, or threads, or nothing at all."""

from pathlib import Path

import pytest

from tests.kernels.objects.tiny import start

# Imported by a server before it forks; or, where nothing is preloaded, by each child.
SERVER = """
import os, threading
import numpy as np
from npdistil.kernels.objects import load
from tests.kernels.objects.tiny import double

def right():
    x_N = np.arange(5, dtype=np.float32)
    double(x_N, y_N := np.empty_like(x_N))
    return (y_N == 2 * x_N).all()

def by_threads():
    found = []
    threads = [threading.Thread(target=lambda: found.append(right())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found == [True] * 4

PID = os.getpid()
if {loaded}:
    assert right() and by_threads()

def work(parent):
    was_loaded, elsewhere = bool(load._LOADED), PID != os.getpid()
    parent.send((was_loaded, elsewhere, bool(right() and by_threads() and right())))
"""
PARENT = """
import faulthandler, multiprocessing, sys, threading
sys.path.append({folder!r})
faulthandler.dump_traceback_later(60, exit=True)

def main():
    context = multiprocessing.get_context({method!r})
    if {method!r} == "forkserver":
        context.set_forkserver_preload(["server"])
    import server
    idle = threading.Event()
    other = threading.Thread(target=idle.wait)  # that lives through everything
    other.start()
    found = []
    for _ in range(3):
        receive, send = context.Pipe(duplex=False)
        process = context.Process(target=server.work, args=(send,))
        process.start()
        assert receive.poll(50)
        found.append(receive.recv())
        process.join()
        assert process.exitcode == 0
    assert server.right() and server.by_threads()
    idle.set()
    print(set(found) == {{({loaded}, {inherited}, True)}} or found)

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_what_is_loaded_before_children_serves_them(tmp_path: Path, method, loaded):
    """Catches a preloaded server whose children hang, die, or all load again."""
    values = {"method": method, "loaded": loaded, "inherited": method != "spawn"}
    (tmp_path / "server.py").write_text(SERVER.format(loaded=loaded))
    main = tmp_path / "main.py"
    main.write_text(PARENT.format(folder=str(tmp_path), **values))
    program = f"import runpy; runpy.run_path({str(main)!r}, run_name='__main__')"
    process = start(tmp_path / "cache", program, PYTHONPATH=str(tmp_path))
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (0, "True\n"), output + errors
