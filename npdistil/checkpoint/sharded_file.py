"""Weights in several safetensors files, which `model.safetensors.index.json` puts together.

The index maps each tensor's name to its file. Here it must be exact: every file that it names is
there and holds the tensors that it says, no others; so there is one model that a reader can see.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import ModelFileError
from ..fields import Fields, shown
from ..files import is_there
from .listed import listed
from .safetensors_file import TensorFile, open_tensors
from .safetensors_header import MAX_HEADER_BYTES, MAX_TENSORS
from .tensor_source import Array

MAX_SHARDS = 100  # open at the same time, each with a descriptor of its own
MAX_TOTAL_BYTES = 16 << 30
_SUFFIX = ".safetensors"
_NUMBERED = re.compile(r"model-[0-9]+-of-[0-9]+\.safetensors")


class ShardedTensors:
    """All files of an index, open, a `TensorSource`.

    Attributes:
        entries: what the headers say of each tensor, in the order of the index.
        size: of the shards together, in bytes.
        path: of the index.
    """

    format = "safetensors"

    def __init__(self, path: Path, files: Mapping[str, TensorFile]) -> None:
        """Take the file of each tensor, by the tensor's name."""
        self._files = files
        self.entries = {name: file.entries[name] for name, file in files.items()}
        self.size = sum(file.size for file in {file.path: file for file in files.values()}.values())
        self.path = path

    def read(self, name: str) -> Array:
        """One tensor, as `TensorSource.read` says.

        Raises:
            ModelFileError: as `TensorFile.read`, with the name of the shard.
        """
        return self._files[name].read(name)


@contextmanager
def open_shards(path: Path, num_threads: int = 1) -> Iterator[ShardedTensors]:
    """Open an index and every file that it names, which must lie beside it.

    Args:
        path: of the index.
        num_threads: that read a tensor.

    Raises:
        ModelFileError: the index is no such file, or names anything but plain file names; shards
            are missing or too many, or hold other tensors than it says; as `open_tensors`.
    """
    shards = _read_index(path)
    _expect_files(path, set(shards.values()))
    with ExitStack() as stack:
        files = {
            shard: stack.enter_context(open_tensors(path.parent / shard, num_threads=num_threads))
            for shard in dict.fromkeys(shards.values())
        }
        total = sum(file.size for file in files.values())
        if total > MAX_TOTAL_BYTES:
            raise ModelFileError(
                f"{path}: its files have {total} bytes, at most {MAX_TOTAL_BYTES} are accepted."
            )
        _expect_tensors(path, shards, files)
        yield ShardedTensors(path, {name: files[shard] for name, shard in shards.items()})


def _read_index(path: Path) -> dict[str, str]:
    """Tensor -> file name."""
    index = Fields.from_file(path, ModelFileError, MAX_HEADER_BYTES).known(
        ("metadata", "weight_map")
    )
    shards = index.object("weight_map").value
    if not 1 <= len(shards) <= MAX_TENSORS:
        raise index.fail(
            "weight_map", f"{len(shards)} tensors, from 1 to {MAX_TENSORS} are accepted."
        )
    for name, shard in shards.items():
        if not isinstance(shard, str) or not _is_plain(shard):
            raise index.fail(
                "weight_map",
                f"tensor {shown(name)} is in {shown(shard)}, expected the plain name of a "
                f"{_SUFFIX} file beside the index.",
            )
    count = len(set(shards.values()))
    if count > MAX_SHARDS:
        raise index.fail("weight_map", f"{count} files, at most {MAX_SHARDS} are accepted.")
    return shards


def _is_plain(name: str) -> bool:
    """Whether a name can lead nowhere but to a file of the index's own folder, on any system."""
    return (
        name.endswith(_SUFFIX)
        and not name.startswith(".")
        and name.isprintable()
        and not any(character in name for character in '/\\:*?"<>|')
    )


def _expect_files(path: Path, named: set[str]) -> None:
    missing = sorted(shard for shard in named if not is_there(path.parent / shard, ModelFileError))
    try:
        there = {entry.name for entry in path.parent.iterdir()}
    except OSError as failure:
        raise ModelFileError(f"{path.parent}: cannot be listed: {failure}.") from None
    extra = sorted(name for name in there - named if _NUMBERED.fullmatch(name))
    _raise_if(path, {"files missing": missing, "files beside it that it does not name": extra})


def _expect_tensors(path: Path, shards: Mapping[str, str], files: Mapping[str, TensorFile]) -> None:
    missing = [
        f"{name} of {shard}" for name, shard in shards.items() if name not in files[shard].entries
    ]
    elsewhere = [
        f"{name} in {shard}"
        for shard, file in files.items()
        for name in file.entries
        if shards.get(name) != shard
    ]
    _raise_if(path, {"tensors missing": missing, "tensors where it does not say": elsewhere})


def _raise_if(path: Path, problems: Mapping[str, list[str]]) -> None:
    told = [f"{len(names)} {kind}: {listed(names)}" for kind, names in problems.items() if names]
    if told:
        raise ModelFileError(
            f"{path} does not match its files: {'; '.join(told)}. Fetch the folder again."
        )
