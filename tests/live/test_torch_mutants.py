"""Damaged and odd checkpoints beside torch.load: what npdistil accepts is what torch sees."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from npdistil.checkpoint.torch_file import open_torch
from npdistil.errors import ModelFileError
from tests.checkpoint.torch_made import FLOATS, state, storage, tensor, zip_file
from tests.checkpoint.torch_mutants import mutants

MUTANTS = 3_000
VIEWS = 3_000


def by_npdistil(path: Path) -> dict[str, np.ndarray] | None:
    try:
        with open_torch(path) as file:
            return {name: file.read(name) for name in file.entries}
    except ModelFileError:
        return None


def by_torch(path: Path) -> dict[str, np.ndarray]:
    found = torch.load(path, weights_only=True)
    tensors = {name: item for name, item in found.items() if isinstance(item, torch.Tensor)}
    return {
        name: (item.float() if item.dtype == torch.float16 else item).detach().numpy()
        for name, item in tensors.items()
    }


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(found) == list(expected)
    for name, array in found.items():
        assert array.dtype == expected[name].dtype and array.shape == expected[name].shape
        assert np.array_equal(array, expected[name]), name


def test_accepted_mutants_have_the_values_of_torch(
    tmp_path: Path, compared: Callable[[str, int], None]
) -> None:
    """Catches a damaged file that two readers understand in two ways."""
    path = tmp_path / "pytorch_model.bin"
    accepted: Counter[str] = Counter()
    for kind, content in mutants(MUTANTS, seed=32):
        path.write_bytes(content)
        found = by_npdistil(path)
        if found is None:
            continue
        try:
            expected = by_torch(path)
        except RuntimeError as refusal:
            # Where a storage was, "cpu" or "cuda:0", is torch's business; here it is ignored.
            assert "don't know how to restore data location" in str(refusal)
            continue
        accepted[kind] += 1
        assert_same(found, expected)
    assert min(accepted[kind] for kind in ("zip", "pickle", "old")) >= 10
    compared("damaged checkpoints that are read", accepted.total())


def test_random_views_are_those_of_torch(
    tmp_path: Path, compared: Callable[[str, int], None]
) -> None:
    """Catches a bound that is one off: strides, offsets and sizes at and past a storage's end."""
    rng = np.random.default_rng(33)
    path = tmp_path / "pytorch_model.bin"
    values = np.arange(24, dtype="<f4").tobytes()
    accepted = 0
    for _ in range(VIEWS):
        axes = int(rng.integers(0, 4))
        shape = tuple(int(size) for size in rng.integers(0, 5, axes))
        strides = tuple(int(stride) for stride in rng.integers(0, 9, axes))
        view = tensor(storage("0", 24, FLOATS), int(rng.integers(0, 27)), shape, strides)
        path.write_bytes(zip_file(state(a=view), {"0": values}))
        found = by_npdistil(path)
        if found is not None:
            assert_same(found, by_torch(path))
            accepted += 1
    assert VIEWS / 5 < accepted < VIEWS * 4 / 5
    compared("random views of a storage", accepted)
