"""Ten thousand damaged checkpoints: each is refused, or gives arrays that are fit for a kernel."""

from collections import Counter
from pathlib import Path

import numpy as np

from npdistil.checkpoint.torch_file import open_torch
from npdistil.errors import ModelFileError
from tests.checkpoint.torch_made import pickled
from tests.checkpoint.torch_mutants import body, mutants, old_file, zipped

COUNT = 10_000


def read(path: Path, content: bytes) -> dict[str, np.ndarray]:
    path.write_bytes(content)
    with open_torch(path) as file:
        arrays = {name: file.read(name) for name in file.entries}
        assert {name: info.shape for name, info in file.entries.items()} == {
            name: array.shape for name, array in arrays.items()
        }
    return arrays


def test_mutants_are_refused_or_sound(tmp_path: Path) -> None:
    """Catches IndexError, struct.error and their like, and an array that a bound let through."""
    path = tmp_path / "pytorch_model.bin"
    good = read(path, zipped(pickled(body())))
    assert len(good) == 6 and read(path, old_file()).keys() == good.keys()
    refused: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    for kind, content in mutants(COUNT, seed=31):
        try:
            arrays = read(path, content)
        except ModelFileError as problem:
            refused[kind] += 1
            assert str(problem).startswith(str(path)) and "\n" not in str(problem)
            continue
        accepted[kind] += 1
        for name, array in arrays.items():
            assert array.flags.c_contiguous and not array.flags.writeable
            assert array.dtype.kind != "f" or np.isfinite(array).all()
            # Nothing of an archive can change unseen but dates, versions and padding.
            assert kind != "zip" or np.array_equal(array, good[name])
        assert kind != "zip" or arrays.keys() == good.keys()
    assert refused.total() + accepted.total() == COUNT
    # Mutants that are all refused at the door, or all read, would prove little.
    assert min(refused[kind] for kind in ("zip", "pickle", "old")) > 500
    assert min(accepted[kind] for kind in ("zip", "pickle", "old")) > 50


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    """Catches an end that is not looked at: a download that was cut."""
    path = tmp_path / "pytorch_model.bin"
    for content in (zipped(pickled(body())), old_file()):
        for size in range(len(content)):
            path.write_bytes(content[:size])
            try:
                with open_torch(path):
                    raise AssertionError(f"{size} of {len(content)} bytes were accepted")
            except ModelFileError:
                pass
