"""Memory of tensors that nobody has any more is used again, and no other."""

import threading
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from npdistil.checkpoint.read_array import LARGE, SpareMemory
from npdistil.checkpoint.safetensors_file import open_tensors

FLOAT = np.dtype(np.float32)


def test_memory_is_used_again_when_nobody_has_it() -> None:
    """Would catch that each layer is read to fresh pages, which takes a quarter longer."""
    spare = SpareMemory()
    first = spare.empty(1000, FLOAT)
    place = first.ctypes.data
    del first
    assert spare.empty(1000, FLOAT).ctypes.data == place


def test_a_view_keeps_its_memory() -> None:
    """Would catch that a tensor is overwritten of which somebody has kept a part, turned."""
    spare = SpareMemory()
    kept = spare.empty(6, FLOAT).reshape(2, 3)
    kept[...] = 7
    kept = kept.T[1:]
    for _ in range(3):
        spare.empty(6, FLOAT)[...] = 0
    assert (kept == 7).all()


def test_threads_share_no_memory() -> None:
    """Would catch that one thread takes what another is about to fill."""
    spare = SpareMemory()
    places = [spare.empty(64, FLOAT).ctypes.data]
    arrays = []

    def work() -> None:
        arrays.append(spare.empty(64, FLOAT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert arrays[0].ctypes.data not in places


def test_large_memory_goes_back_at_once() -> None:
    """Would catch that a table stays in memory after whoever read it has dropped it."""
    spare = SpareMemory()
    spare.empty(LARGE // 4, FLOAT)
    assert not spare.__dict__["_blocks"]


def test_tensors_of_a_file_are_what_they_were(tmp_path: Path) -> None:
    """Would catch that reading one tensor changes another of its size that is still in use."""
    tensors = {f"t{n}": np.full((8, 16), n, np.float32) for n in range(5)}
    save_file(tensors, tmp_path / "model.safetensors")
    with open_tensors(tmp_path / "model.safetensors") as file:
        file.read("t0")
        found = {name: file.read(name) for name in tensors}
        again = file.read("t4")
    for name, array in found.items():
        assert (array == tensors[name]).all()
        assert not array.flags.writeable
    assert (again == 4).all()
