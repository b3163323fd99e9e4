"""Which file of a folder holds the weights, and who reads it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from ..errors import ModelFileError
from ..files import is_there
from .listed import listed
from .tensor_source import TensorSource


def _safetensors(path: Path, num_threads: int) -> AbstractContextManager[TensorSource]:
    from .safetensors_file import open_tensors

    return open_tensors(path, num_threads=num_threads)


def _shards(path: Path, num_threads: int) -> AbstractContextManager[TensorSource]:
    from .sharded_file import open_shards

    return open_shards(path, num_threads)


def _torch(path: Path, num_threads: int) -> AbstractContextManager[TensorSource]:
    from .torch_file import open_torch

    return open_torch(path)


def _h5(path: Path, num_threads: int) -> AbstractContextManager[TensorSource]:
    from .h5_file import open_h5

    return open_h5(path)


# A path, and how many threads may read it; PyTorch's files and HDF5's are read by one.
Open = Callable[[Path, int], AbstractContextManager[TensorSource]]
# Name -> what opens it; the first that is there is read. Each reader is imported when it is needed.
FORMATS: dict[str, Open] = {
    "model.safetensors": _safetensors,
    "model.safetensors.index.json": _shards,
    "pytorch_model.bin": _torch,
    "tf_model.h5": _h5,
}
# Likewise for a file of another name that somebody points at, by how it ends.
_ENDINGS: dict[str, Open] = {
    ".safetensors": _safetensors,
    ".index.json": _shards,
    ".bin": _torch,
    ".pt": _torch,
    ".pth": _torch,
    ".h5": _h5,
}
# Weights that are found in folders and not read.
_UNREAD = (
    "pytorch_model.bin.index.json",
    "model.ckpt.index",
    "flax_model.msgpack",
    "model.onnx",
)


def open_weights(model: Path, num_threads: int = 1) -> AbstractContextManager[TensorSource]:
    """Open the weights of a model folder, or those that are pointed at; nothing else is looked at.

    Args:
        model: a folder, of whose weights the first of `FORMATS` is read; or one file of weights.
        num_threads: that read, where the format can be read by several.

    Raises:
        ModelFileError: there are none in a format that is read; what is there is said. Entering
            the context: as the format's own function.
    """
    if folder_of(model) != model:
        (open_format,) = (_ENDINGS[end] for end in _ENDINGS if model.name.endswith(end))
        return open_format(model, num_threads)
    for name, open_format in FORMATS.items():
        if is_there(model / name, ModelFileError):
            return open_format(model / name, num_threads)
    raise ModelFileError(_without_weights(model))


def is_weights_name(name: str) -> bool:
    """Whether it ends as files of weights do."""
    return name.endswith(tuple(_ENDINGS))


def folder_of(model: Path) -> Path:
    """The folder of a model that is named by it or by a file of weights in it.

    Raises:
        ModelFileError: another file.
    """
    if not model.is_file():
        return model
    if not is_weights_name(model.name):
        raise ModelFileError(
            f"{model}: not a folder, and no file of weights, whose names end in "
            f"{', '.join(_ENDINGS)}."
        )
    return model.parent


def _without_weights(folder: Path) -> str:
    read = " or ".join(FORMATS)
    found = [name for name in _UNREAD if (folder / name).exists()]
    if found:
        return (
            f"{folder}: no {read}, found {', '.join(found)}, which is not read; get the model "
            f"as model.safetensors, which save_pretrained of Transformers writes."
        )
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as failure:
        return f"{folder}: no {read}, and the folder cannot be listed: {failure}."
    return f"{folder}: no {read}; the folder holds {listed(names) or 'nothing'}."
