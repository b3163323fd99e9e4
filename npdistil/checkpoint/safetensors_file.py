"""Reading model.safetensors: what the safetensors package would refuse is refused, and more.

What is accepted here is a subset of what the package accepts, with equal values.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..errors import ModelFileError
from ..files import OpenFile, open_file
from ..named_tuple import NamedTuple
from ..workers import Workers, shared_workers
from .read_array import SpareMemory, read_array
from .safetensors_header import Entry, read_header
from .tensor_source import Array, TensorInfo

MAX_FILE_BYTES = 8 << 30


class StoredTensors(NamedTuple):
    """The arrays of a file and how they were stored."""

    arrays: dict[str, Array]
    dtypes: dict[str, str]  # name -> "F32", "BF16", ...
    file_bytes: int


def read_safetensors(path: Path) -> dict[str, Array]:
    """All tensors of a file by name; see `read_stored`.

    Raises:
        ModelFileError: as `read_stored`.
    """
    return read_stored(path).arrays


def read_stored(path: Path, max_bytes: int = MAX_FILE_BYTES) -> StoredTensors:
    """All tensors of a file, with the types they have on disk; see `TensorFile.read`.

    Raises:
        ModelFileError: as `open_tensors` and `TensorFile.read`.
    """
    with open_tensors(path, max_bytes) as file:
        return StoredTensors(
            arrays={name: file.read(name) for name in file.entries},
            dtypes={name: entry.dtype for name, entry in file.entries.items()},
            file_bytes=file.size,
        )


class TensorFile:
    """An open file whose header was checked, a `TensorSource`.

    Attributes:
        entries: what the header says of each tensor.
        size: of the file, in bytes.
        path: of the file.
    """

    format = "safetensors"

    def __init__(
        self, file: OpenFile, entries: Mapping[str, Entry], path: Path, workers: Workers
    ) -> None:
        self._file = file
        self._workers = workers
        self._empty = SpareMemory().empty
        self._starts = {name: entry.start for name, entry in entries.items()}
        self.entries = {
            name: TensorInfo(dtype, shape) for name, (dtype, shape, _) in entries.items()
        }
        self.size = file.size
        self.path = path

    def read(self, name: str) -> Array:
        """One tensor, as `TensorSource.read` says.

        Raises:
            ModelFileError: a float that is NaN or infinite, or a BOOL that is neither 0 nor 1.
        """
        where = f"{self.path}: tensor {name!r}"
        start, info = self._starts[name], self.entries[name]
        return read_array(self._file.read_into, start, info, where, self._workers, self._empty)


@contextmanager
def open_tensors(
    path: Path, max_bytes: int = MAX_FILE_BYTES, num_threads: int = 1
) -> Iterator[TensorFile]:
    """Open a file and check its header, here and by the safetensors package.

    Args:
        path: of the file.
        max_bytes: that it may have.
        num_threads: that read a tensor.

    Raises:
        ModelFileError: not a readable regular file, not a safetensors file, one that two readers
            could understand differently, an unsupported dtype, or a file that changes while it is
            open.
    """
    with open_file(path, max_bytes, ModelFileError) as file:
        entries = read_header(file, path)
        _ask_the_package(path)
        yield TensorFile(file, entries, path, shared_workers(num_threads))


def _ask_the_package(path: Path) -> None:
    """It maps the file and reads no more than the header."""
    # Imported at the first read, so that `import npdistil` stays light.
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
    except SafetensorError as failure:
        raise ModelFileError(f"{path}: not a valid safetensors file: {failure}.") from None
