"""The files of a saved index: written whole, read as data, memory-mapped.

| file | what it holds |
| --- | --- |
| index.json | format, version, model, dimension, rows, whether vectors have length 1, the probe |
| vectors.npy | float32 [N, D], C order |
| entries.jsonl | one object {"id", "text"} a row, either or both; only where the index has some |
| offsets.npy | int64 [N + 1]: where each line of entries.jsonl begins, and the end |

The folder appears under its name when all is written (`new_folder`). Nothing in it is unpickled,
and no string of it becomes a path.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ...checkpoint.new_folder import new_folder
from ...errors import ModelFileError
from ...fields import Fields
from ...files import is_there, open_file, parse_json

FORMAT, VERSION = "npdistil-index", 1
FIELDS = ("format", "version", "model", "dimension", "rows", "normalized", "entries", "probe")
MAX_BYTES = 1 << 50
MAX_DIMENSION = 1 << 16
Entry = dict[str, str]


class IndexWriter:
    """Takes rows of an index, block by block."""

    def __init__(self, folder: Path, dimension: int, with_entries: bool, files: ExitStack) -> None:
        def opened(name: str) -> BinaryIO:
            return files.enter_context((folder / name).open("wb"))

        self.rows, self._dimension, self._end = 0, dimension, 0
        self._vectors = opened("vectors.npy")
        _write_header(self._vectors, (0, dimension), np.float32)
        self._entries = opened("entries.jsonl") if with_entries else None
        if with_entries:
            self._offsets = opened("offsets.npy")
            _write_header(self._offsets, (0,), np.int64)
            self._offsets.write(np.zeros(1, "<i8").tobytes())

    def append(self, vectors_ND: NDArray[np.float32], entries: Sequence[Entry]) -> None:
        """The next rows, and what is known of each."""
        self._vectors.write(np.ascontiguousarray(vectors_ND, "<f4").tobytes())
        self.rows += len(vectors_ND)
        if self._entries is not None:
            lines = [json.dumps(entry, ensure_ascii=False).encode() + b"\n" for entry in entries]
            self._entries.write(b"".join(lines))
            ends = self._end + np.cumsum([len(line) for line in lines], dtype="<i8")
            self._offsets.write(ends.tobytes())
            self._end = int(ends[-1])

    def finish(self) -> None:
        """Write how many rows there were."""
        # A header has room for any number of rows.
        _write_header(self._vectors, (self.rows, self._dimension), np.float32)
        if self._entries is not None:
            _write_header(self._offsets, (self.rows + 1,), np.int64)


@contextmanager
def written_index(folder: Path, about: dict[str, Any], with_entries: bool) -> Iterator[IndexWriter]:
    """A writer whose rows become the index `folder` when the block ends well.

    Args:
        folder: does not exist yet.
        about: model, dimension, normalized and probe, for index.json.
        with_entries: rows have ids or texts.

    Raises:
        InputError: the folder exists, or cannot be written; nothing is left behind.
    """
    with new_folder(folder) as aside:
        with ExitStack() as files:
            writer = IndexWriter(aside, about["dimension"], with_entries, files)
            yield writer
            writer.finish()
        known = {"format": FORMAT, "version": VERSION, **about}
        known |= {"rows": writer.rows, "entries": with_entries}
        text = json.dumps({name: known[name] for name in FIELDS}, ensure_ascii=False, indent=1)
        (aside / "index.json").write_text(text + "\n", encoding="utf-8")


def read_about(folder: Path) -> Fields:
    """index.json, checked.

    Raises:
        ModelFileError: no index, a damaged one, or one of another version.
    """
    if not is_there(folder / "index.json", ModelFileError):
        raise ModelFileError(
            f"{folder}: holds no index (no index.json); `npdistil search --save-index` makes one."
        )
    about = Fields.from_file(folder / "index.json", ModelFileError)
    if about.value.get("format") != FORMAT:
        raise about.fail("format", f"expected {FORMAT!r}, so this is no index of npdistil.")
    if about.integer("version", 1) != VERSION:
        raise about.fail("version", f"only version {VERSION} can be read here; make it again.")
    about.known(FIELDS)
    about.text("model")
    about.integer("dimension", 1, MAX_DIMENSION)
    about.integer("rows", 1)
    about.flag("normalized")
    about.flag("entries")
    return about


def read_probe(about: Fields) -> NDArray[np.float32] | None:
    """What the model made of the probe's text, if it was there.

    Raises:
        ModelFileError: something else.
    """
    probe: Any = about.value.get("probe")
    if probe is None:
        return None
    right = isinstance(probe, list) and len(probe) == about.value["dimension"]
    if not right or not all(type(value) is float and abs(value) < 1e30 for value in probe):
        raise about.fail("probe", f"expected {about.value['dimension']} floats or null.")
    return np.array(probe, np.float32)


def map_array(path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """A .npy file as a read-only memory map.

    Raises:
        ModelFileError: the file is missing, no .npy, or holds anything but that.
    """
    expected = np.dtype(dtype).newbyteorder("<")
    with open_file(path, MAX_BYTES, ModelFileError) as file:
        start = bytes(file.read_at(0, min(file.size, 4096)))
        size = file.size
    try:
        found = _header(start)
    except Exception:  # NumPy's parser of headers raises whatever it meets
        raise ModelFileError(
            f"{path}: no .npy file; the index is damaged, make it again."
        ) from None
    offset, found_shape, fortran, found_dtype = found
    if (found_shape, fortran, found_dtype) != (shape, False, expected):
        raise ModelFileError(
            f"{path}: index.json promises {expected} of shape {list(shape)}, but the file holds "
            f"{found_dtype} of shape {list(found_shape)}; make the index again."
        )
    count = int(np.prod(shape, dtype=object))
    if size != offset + count * expected.itemsize:
        raise ModelFileError(
            f"{path}: {size} bytes, expected {offset + count * expected.itemsize}; the index is "
            "damaged, make it again."
        )
    return np.asarray(np.memmap(path, expected, "r", offset, shape))


class MappedEntries(Sequence[Entry]):
    """Ids and texts of a saved index, read when they are asked for."""

    def __init__(self, folder: Path, rows: int) -> None:
        """Raises ModelFileError: the files are missing, or do not belong together."""
        self._path = folder / "entries.jsonl"
        self._offsets = map_array(folder / "offsets.npy", (rows + 1,), np.int64)
        with open_file(self._path, MAX_BYTES, ModelFileError) as file:
            size = file.size
        if not size or (self._offsets[0], self._offsets[-1]) != (0, size):
            raise ModelFileError(
                f"{self._path}: does not belong to offsets.npy; the index is damaged, make it "
                "again."
            )
        self._bytes = np.memmap(self._path, np.uint8, "r")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, row: Any) -> Any:
        """Raises ModelFileError: that line is damaged."""
        start, end = int(self._offsets[row]), int(self._offsets[row + 1])
        where = f"{self._path}: line {row + 1}"
        if not 0 <= start < end <= len(self._bytes):
            raise ModelFileError(f"{where}: offsets.npy is damaged; make the index again.")
        entry = Fields(
            parse_json(self._bytes[start:end].tobytes(), where, ModelFileError),
            where,
            ModelFileError,
        )
        entry.known(("id", "text"))
        return {name: entry.text(name) for name in entry.value}


def _write_header(stream: BinaryIO, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    stream.seek(0)
    descr = npy.dtype_to_descr(np.dtype(dtype).newbyteorder("<"))
    npy.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})


def _header(start: bytes) -> tuple[int, tuple[int, ...], bool, np.dtype[Any]]:
    """(bytes before the data, shape, Fortran order, dtype); raises whatever NumPy raises."""
    import io

    stream = io.BytesIO(start)
    if npy.read_magic(stream) != (1, 0):
        raise ValueError
    shape, fortran, dtype = npy.read_array_header_1_0(stream)
    return stream.tell(), shape, fortran, dtype
