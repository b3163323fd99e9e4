"""Reading tf_model.h5: h5py says where tensors lie, and their bytes are read here.

Transformers up to 4.57 wrote such files with Keras: one group a layer, in it groups nested as the
parts of a variable's name (`bert/tf_bert_model/bert/encoder/layer_._0/.../kernel:0`), and a plain
dataset for each tensor. Only that much of HDF5 is accepted. It also knows links to other files,
data kept in other files, filters that make much of little, and types with code and pointers: all of
that is refused before it is followed, and h5py sees the file through the descriptor that was
checked, never by its name. Attributes are not read: the tree says the same.

Names become those of torch, and a dense layer's kernel (inputs, outputs) its weight (outputs,
inputs), as `convert_tf_weight_name_to_pt_weight_name` of Transformers 4.57.6 does.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ModelFileError
from ..files import OpenFile, open_file
from .read_array import PIECE_BYTES, aligned_empty, read_array
from .safetensors_file import MAX_FILE_BYTES
from .safetensors_header import MAX_DIMS, MAX_NAME
from .tensor_source import DTYPES, Array, TensorInfo

MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_DEPTH = 32  # groups in groups; a weight of BERT lies 9 deep
MAX_OBJECTS = 5_000  # groups and tensors; a BERT of 96 layers has 3,000
_KERNEL = "kernel"
_RENAMED = {_KERNEL: "weight", "embeddings": "weight", "gamma": "weight", "beta": "bias"}


class _Place(NamedTuple):
    """Where a tensor's bytes lie, and how."""

    starts: tuple[int, ...]  # more than one where Keras layers share a variable: each stores it
    stored: TensorInfo  # as in the file
    transposed: bool  # the file has (inputs, outputs)


class H5File:
    """An open tf_model.h5 whose structure was checked, a `TensorSource`.

    Attributes:
        entries: type and shape of each tensor, under the names and in the layout of torch.
        size: of the file, in bytes.
        path: of the file.
    """

    format = "h5"

    def __init__(self, file: OpenFile, places: Mapping[str, _Place], path: Path) -> None:
        self._file = file
        self._places = places
        self.entries = {
            name: stored._replace(shape=stored.shape[::-1]) if transposed else stored
            for name, (_, stored, transposed) in places.items()
        }
        self.size = file.size
        self.path = path

    def read(self, name: str) -> Array:
        """One tensor, as `TensorSource.read` says.

        Raises:
            ModelFileError: a float that is NaN or infinite, or two copies that differ.
        """
        (start, *copies), stored, transposed = self._places[name]
        where = f"{self.path}: tensor {name!r}"
        array = read_array(self._file.read_into, start, stored, where)
        for copy in copies:
            if not self._same(start, copy, stored.nbytes):
                raise ModelFileError(f"{where}: the file has two of this name, which differ.")
        return _turned(array) if transposed else array

    def _same(self, start: int, other: int, count: int) -> bool:
        pieces = bytearray(min(count, PIECE_BYTES)), bytearray(min(count, PIECE_BYTES))
        for first in range(0, count, PIECE_BYTES):
            views = [memoryview(piece)[: count - first] for piece in pieces]
            self._file.read_into(views[0], start + first)
            self._file.read_into(views[1], other + first)
            if views[0] != views[1]:
                return False
        return True


@contextmanager
def open_h5(path: Path, max_bytes: int = MAX_FILE_BYTES) -> Iterator[H5File]:
    """Open a file and check all of its structure.

    Raises:
        ModelFileError: h5py is not installed; not a readable regular file, not HDF5, anything in it
            but groups and plain arrays, or a file that changes while it is open.
    """
    with open_file(path, max_bytes, ModelFileError) as file:
        yield H5File(file, _read_places(file, path), path)


def torch_name(tf_name: str) -> tuple[str, bool]:
    """The name of a Keras variable's tensor in torch, and whether its axes are swapped there.

    >>> torch_name("tf_bert_model/bert/encoder/layer_._0/attention/self/query/kernel:0")
    ('bert.encoder.layer.0.attention.self.query.weight', True)
    >>> torch_name("tf_bert_for_pre_training_2/nsp___cls/seq_relationship/bias:0")
    ('cls.seq_relationship.bias', False)
    """
    # The first part names the model's class. `a___b` is b, under a name that Keras keeps apart.
    parts = [part.rpartition("___")[2] for part in tf_name.removesuffix(":0").split("/")[1:]]
    *modules, last = "/".join(parts).replace("_._", "/").split("/")
    return ".".join([*modules, _RENAMED.get(last, last)]), last == _KERNEL


def _read_places(file: OpenFile, path: Path) -> dict[str, _Place]:
    if file.read_at(0, min(len(MAGIC), file.size)) != MAGIC:
        raise ModelFileError(
            f"{path}: not an HDF5 file, by its first bytes; was it downloaded whole?"
        )
    try:
        import h5py  # late: an extra, and few have such files
    except ImportError:
        raise ModelFileError(
            f"{path}: reading tf_model.h5 needs h5py; pip install 'npdistil[tf]', or use "
            "model.safetensors or pytorch_model.bin."
        ) from None
    places: dict[str, _Place] = {}
    try:
        with h5py.File(_Stream(file), "r") as tree:
            for tf_path, dataset in _datasets(h5py, tree.id, str(path)):
                where = f"{path}: {tf_path[:200]!r}"
                # The first part is the Keras layer; what follows is the variable's whole name.
                name, transposed = torch_name(tf_path.partition("/")[2])
                if not tf_path.endswith(":0") or not 1 <= len(name) <= MAX_NAME:
                    raise ModelFileError(f"{where}: not the name of a variable of Keras.")
                place = _place(h5py, dataset, transposed, file.size, where)
                first = places.get(name, place._replace(starts=()))
                if first._replace(starts=()) != place._replace(starts=()):
                    raise ModelFileError(f"{where}: another tensor has this name in torch.")
                places[name] = place._replace(starts=(*first.starts, *place.starts))
    except ModelFileError:
        raise
    except Exception as failure:  # h5py names no family of errors; a damaged file meets many
        reason = str(failure).partition("\n")[0][:200]
        raise ModelFileError(f"{path}: not a valid HDF5 file: {reason}.") from None
    if sum(len(place.starts) * place.stored.nbytes for place in places.values()) > file.size:
        raise ModelFileError(f"{path}: tensors share their bytes; together they exceed the file.")
    if not places:
        raise ModelFileError(f"{path}: holds no tensors.")
    return places


def _datasets(h5py: Any, root: Any, source: str) -> Iterator[tuple[str, Any]]:
    """Path and dataset of all that is in a file, with nothing followed but a file's own links."""
    seen = 0
    groups = [("", root)]
    while groups:
        parent, group = groups.pop()
        seen += group.get_num_objs()
        # Where a file lies about how many names its groups have, this would go on for ever.
        if seen > MAX_OBJECTS or parent.count("/") > MAX_DEPTH:
            raise ModelFileError(f"{source}: more groups and tensors than a model has.")
        for raw in [*group]:
            name = raw.decode("utf-8")
            where = f"{source}: {(parent + name)[:200]!r}"
            if not name.isprintable():
                raise ModelFileError(f"{where}: a name that is not printable.")
            if group.links.get_info(raw).type != h5py.h5l.TYPE_HARD:
                raise ModelFileError(f"{where}: a link to elsewhere, which is not followed.")
            item = h5py.h5o.open(group, raw)
            if isinstance(item, h5py.h5g.GroupID):
                if h5py.h5o.get_info(item).rc != 1:
                    raise ModelFileError(f"{where}: a group with more than one name.")
                groups.append((f"{parent}{name}/", item))
            elif isinstance(item, h5py.h5d.DatasetID):
                yield parent + name, item
            else:
                raise ModelFileError(f"{where}: neither a group nor a tensor.")


def _place(h5py: Any, dataset: Any, transposed: bool, file_size: int, where: str) -> _Place:
    """Where a dataset lies, if it is a plain array of numbers inside the file."""
    # Asked first: the shape of a virtual dataset may depend on other files.
    layout = dataset.get_create_plist()
    if layout.get_layout() != h5py.h5d.CONTIGUOUS or layout.get_external_count():
        raise ModelFileError(
            f"{where}: stored in chunks, compressed, or in another file; only plain arrays are "
            "read."
        )
    stored = dataset.get_type()
    dtype = next((name for name, kind in _types(h5py).items() if stored.equal(kind)), None)
    if dtype is None:
        raise ModelFileError(f"{where}: unsupported type of values; one of {', '.join(DTYPES)}.")
    space = dataset.get_space()
    if not space.is_simple() or space.get_simple_extent_type() == h5py.h5s.NULL:
        raise ModelFileError(f"{where}: has no shape.")
    shape = tuple(int(size) for size in space.get_simple_extent_dims())
    info = TensorInfo(dtype, shape)
    if len(shape) > MAX_DIMS or (transposed and len(shape) != 2):
        raise ModelFileError(f"{where}: unusable shape {shape}.")
    start = dataset.get_offset() or 0
    if dataset.get_storage_size() != info.nbytes or start + info.nbytes > file_size:
        raise ModelFileError(f"{where}: the file does not hold all of its {info.nbytes} bytes.")
    return _Place((start,), info, transposed)


def _types(h5py: Any) -> dict[str, Any]:
    """HDF5's type of each of DTYPES that it has, compared as a whole: size, order, bits."""
    kinds = h5py.h5t
    return {
        "F32": kinds.IEEE_F32LE,
        "F64": kinds.IEEE_F64LE,
        "F16": kinds.IEEE_F16LE,
        "I64": kinds.STD_I64LE,
        "I32": kinds.STD_I32LE,
        "I16": kinds.STD_I16LE,
        "I8": kinds.STD_I8LE,
        "U8": kinds.STD_U8LE,
    }


def _turned(array: Array) -> Array:
    """The transpose in memory of its own, aligned and read-only like every tensor."""
    turned = aligned_empty(array.size, array.dtype)
    turned.reshape(array.shape[::-1])[...] = array.T
    turned.flags.writeable = False
    return turned.reshape(array.shape[::-1])


class _Stream(io.RawIOBase):
    """The open file as h5py wants to read it: for the structure only, some kilobytes."""

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self._position = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte counted from the start, from here, or from the end."""
        base = (0, self._position, self._file.size)[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The byte that is read next."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, up to the end of the file; how many bytes that were."""
        view = memoryview(buffer).cast("B")
        view = view[: max(0, self._file.size - self._position)]
        self._file.read_into(view, self._position)
        self._position += len(view)
        return len(view)
