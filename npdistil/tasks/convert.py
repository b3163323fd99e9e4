"""A model folder to one that holds model.safetensors, for us and for Transformers alike.

The weights may be in any format that is read here. Every tensor goes along, those of heads too,
under the names of today; so do the files of the tokenizer and of sentence-transformers.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..arguments import as_folder, one_of
from ..checkpoint.match import match_tensors
from ..checkpoint.model_files import TOKENIZER_FILES, VOCABULARIES
from ..checkpoint.new_folder import new_folder
from ..checkpoint.weights_file import folder_of, open_weights
from ..config import EncoderConfig
from ..errors import InputError, ModelFileError
from ..files import is_there, json_object, read_file
from .convert_weights import BEGUN, DTYPES, OnStep, begun_file, plan, told, write_and_compare
from .folder_lock import write_lock
from .sentence_config import SETTINGS_FILES, read_sentence_config

WEIGHTS_FILE = "model.safetensors"
MAX_COPIED_BYTES = 1 << 27
# What goes along as it is: from beside the weights, and from the top where that is elsewhere.
_ENCODER_FILES = (*VOCABULARIES, *TOKENIZER_FILES, *SETTINGS_FILES)
_MODEL_FILES = (
    "modules.json",
    "config_sentence_transformers.json",
    "README.md",
    "LICENSE",
    "LICENSE.txt",
    "LICENSE.md",
    "NOTICE",
    "NOTICE.txt",
)
# Modules behind the encoder; the folder of Normalize is often empty, and must be there.
_MODULE = re.compile(r"[1-9]\d?_(Pooling|Normalize|Dropout|Dense)")
_MODULE_FILES = ("config.json", "model.safetensors", "pytorch_model.bin")


class Converted(NamedTuple):
    """What was written."""

    source: str  # the file that the weights came from
    tensors: int
    size: int  # of the weights, in bytes


def convert_folder(
    source: Path | str,
    target: Path | str,
    dtype: str | None = None,
    *,
    show_progress_bar: bool | None = None,
    on_step: OnStep = lambda step: None,
    tell: Callable[[str], object] = lambda message: None,
) -> Converted:
    """Write a new model folder from one in any format, whole or not at all.

    What was written is read back and compared with the source, and locked (tasks/folder_lock.py).
    The weights that an interrupted run to the same target has written, from the same source and
    in the same `dtype`, are taken over.

    Args:
        source: the folder, or a file of weights in it; nothing in it is changed.
        target: the new folder, which must not exist, nor lie in `source`.
        dtype: "float32", "float16" or "bfloat16" for all floats; None: as they are stored.
        show_progress_bar: None: where standard error is a terminal.
        on_step: called with the name of each step when it is done.
        tell: called with a line for the user: that something was taken over.

    Raises:
        InputError: the target exists or cannot be written, or an argument is unusable.
        NpdistilError: the source cannot be used, or holds a value that is too large for `dtype`.
    """
    source, target = as_folder(source, "source"), as_folder(target, "target")
    one_of(dtype, (None, *DTYPES), "dtype")
    named, source = source, folder_of(source)
    folder = _encoder_folder(source) if named == source else source
    config = EncoderConfig.from_folder(folder)
    _refuse_nested(source, target)
    with new_folder(target, BEGUN) as aside:
        on_step("folder made")
        place = aside / folder.relative_to(source)
        with told(place):
            place.mkdir(exist_ok=True)
        path = place / WEIGHTS_FILE
        with open_weights(folder if named == source else named) as weights:
            match_tensors(weights.entries, config, weights.path)
            plans = plan(weights, dtype)
            on_step("source checked")
            with told(aside):
                begun = begun_file(aside, weights, plans)
            write_and_compare(begun, weights, plans, show_progress_bar, on_step, tell)
        with told(path):
            _second_name(begun, path)
        on_step("weights compared")
        _write_file(place / "config.json", _config(folder / "config.json", dtype))
        _copy_others(source, folder, aside)
        on_step("other files written")
        write_lock(aside)
        on_step("lock written")
        size = path.stat().st_size
        with told(begun):
            begun.unlink(missing_ok=True)
    on_step("folder named")
    return Converted(weights.path.name, len(plans), size)


def _second_name(begun: Path, path: Path) -> None:
    """With both names the next run can still go on, if this one is killed before its end."""
    try:
        os.link(begun, path)
    except OSError:  # a file system without second names
        begun.rename(path)


def _encoder_folder(source: Path) -> Path:
    """Where config.json and the weights lie; sentence-transformers may have put them deeper."""
    if not source.is_dir():
        problem = "not a folder" if source.exists() else "no such folder"
        raise ModelFileError(f"{source}: {problem}; expected one with config.json and weights.")
    if is_there(source / "modules.json", ModelFileError):
        return read_sentence_config(source, None).transformer_folder
    return source


def _refuse_nested(source: Path, target: Path) -> None:
    with told(target):
        if (target.parent.resolve() / target.name).is_relative_to(source.resolve()):
            raise InputError(
                f"{target}: lies in {source}, which is only read; name a folder elsewhere."
            )


def _config(path: Path, dtype: str | None) -> bytes:
    """config.json, which says the weights' type where somebody asked for one."""
    content = read_file(path, MAX_COPIED_BYTES, ModelFileError)
    values = json_object(content, path, ModelFileError)
    # Transformers 5 writes the first and reads both; earlier ones know the second alone.
    keys = [key for key in ("dtype", "torch_dtype") if key in values] or ["torch_dtype"]
    if dtype is None or all(values.get(key) == dtype for key in keys):
        return bytes(content)
    values |= dict.fromkeys(keys, dtype)
    return (json.dumps(values, indent=2) + "\n").encode("ascii")


def _copy_others(source: Path, folder: Path, aside: Path) -> None:
    deeper = folder.relative_to(source)
    paths = [*(deeper / name for name in _ENCODER_FILES), *map(Path, _MODEL_FILES)]
    with told(source):
        modules = [path.name for path in source.iterdir() if _MODULE.fullmatch(path.name)]
    for name in sorted(modules):
        if (source / name).is_dir():
            with told(aside / name):
                (aside / name).mkdir()
            paths += [Path(name, file) for file in _MODULE_FILES]
    for path in paths:
        if is_there(source / path, ModelFileError):
            content = read_file(source / path, MAX_COPIED_BYTES, ModelFileError)
            _write_file(aside / path, bytes(content))


def _write_file(path: Path, content: bytes) -> None:
    with told(path):
        path.write_bytes(content)
