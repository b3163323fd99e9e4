"""The weights of a conversion, which go on where an interrupted run to the same target ended.

They gather in a hidden file at the top of the new folder, which checkpoint/new_folder.py hands on
from a dead run to the next. Its name says which source and plan it belongs to, so that nothing else
needs to be kept. What was taken over is not trusted: all is compared with the source in the end.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..checkpoint.names import new_spelling, wrapper_of
from ..checkpoint.read_array import PIECE_BYTES
from ..checkpoint.safetensors_file import open_tensors
from ..checkpoint.tensor_source import Array, TensorInfo, TensorSource
from ..checkpoint.write_safetensors import (
    header_bytes,
    in_file_order,
    raw_bytes,
    to_stored,
    whole_tensors,
    write_safetensors,
)
from ..errors import InputError, ModelFileError
from ..progress import progress

DTYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
BEGUN = ".*.begun"  # hidden: no part of the model, so the lock passes it by
_FLOATS = ("F64", "F32", "F16", "BF16")

OnStep = Callable[[str], object]


class Plan(NamedTuple):
    """One tensor of the new file."""

    name: str  # in the source
    info: TensorInfo  # in the new file


def plan(weights: TensorSource, dtype: str | None) -> dict[str, Plan]:
    """What is written, by its new name.

    Raises:
        ModelFileError: two tensors would get one name.
    """
    plans: dict[str, Plan] = {}
    wrapper = wrapper_of(weights.entries)
    for name, (stored, shape) in weights.entries.items():
        wanted = DTYPES[dtype] if dtype and stored in _FLOATS else stored
        new = new_spelling(name.removeprefix(wrapper))
        if new in plans:
            raise ModelFileError(
                f"{weights.path}: {plans[new].name} and {name} are two names of one tensor."
            )
        plans[new] = Plan(name, TensorInfo(wanted, shape))
    return plans


def begun_file(aside: Path, weights: TensorSource, plans: Mapping[str, Plan]) -> Path:
    """Where the weights gather; those of other sources and plans are removed.

    Raises:
        OSError: one cannot be removed, or the source is gone.
    """
    path = weights.path.resolve()
    source = (str(path), weights.size, path.stat().st_mtime_ns, [*plans.items()])
    digest = hashlib.sha256(json.dumps(source).encode("ascii") + header_bytes(_infos(plans)))
    begun = aside / BEGUN.replace("*", digest.hexdigest())
    for other in aside.glob(BEGUN):
        if other != begun:
            other.unlink()
    return begun


def write_and_compare(
    path: Path,
    weights: TensorSource,
    plans: Mapping[str, Plan],
    show: bool | None,
    on_step: OnStep,
    tell: Callable[[str], object],
) -> None:
    """Write what is missing, and read everything back.

    Args:
        path: of the file, which may hold the first tensors already, as `begun_file` gives it.
        weights: the source.
        plans: as `plan` gives them.
        show: the progress; None: where standard error is a terminal.
        on_step: called with "tensor NAME" and "weights written".
        tell: called with a line for the user if something was there already.

    Raises:
        InputError: the file cannot be written.
        ModelFileError: the source is damaged or does not fit the type, or the file reads back as
            something else than was written.
    """
    whole = whole_tensors(path, _infos(plans))
    if whole:
        tell(f"goes on; {whole} of {len(plans)} tensors are there already")
    _write(path, weights, plans, whole, show, on_step)
    on_step("weights written")
    differing = _differing(path, weights, plans, show)
    if differing in in_file_order(_infos(plans))[:whole]:
        tell(f"tensor {differing!r} was there already, and damaged; all are written anew")
        _write(path, weights, plans, 0, show, on_step)
        differing = _differing(path, weights, plans, show)
    if differing is not None:
        raise ModelFileError(
            f"{path}: tensor {differing!r} differs from what was written; is the disk damaged?"
        )


def _write(
    path: Path,
    weights: TensorSource,
    plans: Mapping[str, Plan],
    whole: int,
    show: bool | None,
    on_step: OnStep,
) -> None:
    if not whole:
        with told(path):
            path.unlink(missing_ok=True)
    with progress(len(plans), "tensors written", show) as bar:
        if whole:
            bar.update(whole)

        def stored(new: str) -> Array:
            values = _wanted(weights, plans[new])
            on_step(f"tensor {new}")
            bar.update(1)
            return values

        write_safetensors(path, _infos(plans), stored, whole)


def _differing(
    path: Path, weights: TensorSource, plans: Mapping[str, Plan], show: bool | None
) -> str | None:
    """Read everything back, and the source once more, bit by bit; the first tensor that differs."""
    with open_tensors(path) as file, progress(len(plans), "tensors compared", show) as bar:
        if file.entries != _infos(plans):
            raise ModelFileError(f"{path}: differs from what was written; is the disk damaged?")
        for new, planned in plans.items():
            wanted = raw_bytes(_wanted(weights, planned))
            try:
                values = file.read(new)
            except ModelFileError:  # not even a number
                return new
            found = raw_bytes(to_stored(values, planned.info.dtype, f"{path}: tensor {new!r}"))
            if not _equal(found, wanted):
                return new
            bar.update(1)
    return None


def _equal(found: Array, wanted: Array) -> bool:
    """Piece by piece: what a comparison allocates is as large as what it compares."""
    pieces = range(0, max(len(found), len(wanted)), PIECE_BYTES)
    return all(
        np.array_equal(found[start : start + PIECE_BYTES], wanted[start : start + PIECE_BYTES])
        for start in pieces
    )


def _infos(plans: Mapping[str, Plan]) -> dict[str, TensorInfo]:
    return {new: planned.info for new, planned in plans.items()}


def _wanted(weights: TensorSource, planned: Plan) -> Array:
    where = f"{weights.path}: tensor {planned.name!r}"
    return to_stored(weights.read(planned.name), planned.info.dtype, where)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What stops a write is told as InputError."""
    try:
        yield
    except (OSError, RuntimeError) as failure:
        reason = getattr(failure, "strerror", None) or failure
        raise InputError(f"{path}: cannot be written: {reason}.") from None
