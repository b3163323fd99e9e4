"""What the pickle of a torch checkpoint may name, and the inert records that stand for it.

torch would import thirteen names and call three of them. Here a name is a `Global`, a word from a
closed list; a call is one of three cases below, which look at their arguments and make a record.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

from ..errors import ModelFileError

MAX_DIMS = 8
MAX_DIM = 1 << 48
_KEY = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class Global:
    """A name that a pickle may mention; nothing is imported for it."""

    module: str
    name: str
    dtype: str | None = None  # of a storage: a key of DTYPES


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of values that lies somewhere in the file."""

    key: str  # digits
    dtype: str  # a key of DTYPES
    count: int


@dataclass(frozen=True, slots=True)
class TensorRef:
    """A tensor as a view of a storage; offset and strides count values, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def span(self) -> int:
        """How many values lie from its first to its last, others between them included."""
        if 0 in self.shape:
            return 0
        pairs = zip(self.shape, self.strides, strict=True)
        return 1 + sum((size - 1) * stride for size, stride in pairs)


_ORDERED_DICT = Global("collections", "OrderedDict")
_REBUILD_TENSOR = Global("torch._utils", "_rebuild_tensor_v2")
_REBUILD_PARAMETER = Global("torch._utils", "_rebuild_parameter")
_STORAGES = (
    Global("torch", "FloatStorage", "F32"),
    Global("torch", "DoubleStorage", "F64"),
    Global("torch", "HalfStorage", "F16"),
    Global("torch", "BFloat16Storage", "BF16"),
    Global("torch", "LongStorage", "I64"),
    Global("torch", "IntStorage", "I32"),
    Global("torch", "ShortStorage", "I16"),
    Global("torch", "CharStorage", "I8"),
    Global("torch", "ByteStorage", "U8"),
    Global("torch", "BoolStorage", "BOOL"),
)
# Module and name, compared as they are written in the file: no mapping of old names comes before.
GLOBALS = {
    (known.module, known.name): known
    for known in (_ORDERED_DICT, _REBUILD_TENSOR, _REBUILD_PARAMETER, *_STORAGES)
}


def call(function: Any, arguments: Any, where: str) -> Any:
    """What torch would get from a call: an empty map, or the record of a tensor.

    Raises:
        ModelFileError: any other function, or arguments that a state dict does not have.
    """
    if type(function) is not Global or type(arguments) is not tuple:
        raise ModelFileError(f"{where}: calls something that is not a known name.")
    if function is _ORDERED_DICT and not arguments:
        return {}
    if function is _REBUILD_TENSOR and len(arguments) in (6, 7):
        return _tensor(*arguments, where=where)
    if function is _REBUILD_PARAMETER and len(arguments) == 3:
        tensor, requires_grad, hooks = arguments
        if type(tensor) is TensorRef and type(requires_grad) is bool and _is_empty_map(hooks):
            return tensor
    raise ModelFileError(f"{where}: calls {function.module}.{function.name} with other arguments.")


def storage(identity: Any, fields: int, where: str) -> Storage:
    """The record of a storage from its persistent id.

    Args:
        identity: ("storage", type, key, location, count), in the old format with a None behind,
            where a view would be described. The location, a device, is ignored.
        fields: 5, or 6 for the old format.
        where: file and place, the start of a message.

    Raises:
        ModelFileError: anything else.
    """
    if type(identity) is tuple and len(identity) == fields:
        kind, known, key, location, count, *view = identity
        if (
            type(kind) is str
            and kind == "storage"
            and type(known) is Global
            and known.dtype is not None
            and type(key) is str
            and _KEY.fullmatch(key)
            and type(location) is str
            and _are_sizes((count,))
            and view in ([], [None])
        ):
            return Storage(key, known.dtype, count)
    raise ModelFileError(f"{where}: a persistent id that describes no whole storage.")


def _tensor(
    values: Any,
    offset: Any,
    shape: Any,
    strides: Any,
    requires_grad: Any,
    hooks: Any,
    metadata: Any = None,
    *,
    where: str,
) -> TensorRef:
    if (
        type(values) is not Storage
        or not _are_sizes((offset,))
        or type(shape) is not tuple
        or type(strides) is not tuple
        or not _are_sizes(shape)
        or not _are_sizes(strides)
        or type(requires_grad) is not bool
        or not _is_empty_map(hooks)
        # Where it is not empty, it says that values are to be negated or conjugated.
        or not (metadata is None or _is_empty_map(metadata))
    ):
        raise ModelFileError(f"{where}: a tensor whose description has other types or hooks.")
    # Zeros left out: a product that overflows stays an error when a 0 hides it.
    if (
        len(shape) > MAX_DIMS
        or len(shape) != len(strides)
        or any(size > MAX_DIM for size in shape)
        or math.prod(size or 1 for size in shape) >= 1 << 57
    ):
        raise ModelFileError(f"{where}: a tensor of unusable shape {str(shape)[:80]}.")
    tensor = TensorRef(values, offset, shape, strides)
    # With strides of 0 a few values could stand for terabytes, hence the bound on their number.
    if math.prod(shape) > values.count or offset + tensor.span > values.count:
        raise ModelFileError(
            f"{where}: a tensor of shape {shape} reaches past its storage of {values.count} values."
        )
    return tensor


def _are_sizes(items: tuple[Any, ...]) -> bool:
    return all(type(item) is int and 0 <= item < 1 << 63 for item in items)


def _is_empty_map(value: Any) -> bool:
    return type(value) is dict and not value
