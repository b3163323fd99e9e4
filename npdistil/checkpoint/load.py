"""A model folder to configuration and parameters: all of it is right, or one error says why."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..config import KEYS, EncoderConfig
from ..errors import ModelFileError
from ..params import EncoderParams, cast, from_source
from .names import AXES, FAMILIES, Expected, expected_tensors, is_ignored, new_spelling, prefix_of
from .tensor_source import TensorInfo
from .weights_file import open_weights

_NAMES_SHOWN = 20
_FLOATS = ("F64", "F32", "F16", "BF16")


@dataclass(frozen=True)
class StoredWeights:
    """How the encoder's weights lie on disk, for `npdistil info`."""

    dtype: str  # "F32", or several as "F16, F32"
    file_bytes: int
    ignored: tuple[str, ...]  # names of heads and leftovers that were not used


def load_encoder(
    folder: Path | str, dtype: npt.DTypeLike = np.float32
) -> tuple[EncoderConfig, EncoderParams]:
    """Read `config.json` and the weights of a model folder.

    Args:
        folder: a local folder; nothing is downloaded.
        dtype: float type of the parameters. Half precision is widened exactly; weights stored in
            float64 are rounded unless float64 is asked for.

    Raises:
        ConfigError: config.json is missing, malformed or asks for something that is not built.
        ModelFileError: the weights are missing, damaged or do not match the configuration;
            missing, unused and misshapen tensors are reported together.
    """
    config, params, _ = load_stored(folder, dtype)
    return config, params


def load_stored(
    folder: Path | str, dtype: npt.DTypeLike = np.float32
) -> tuple[EncoderConfig, EncoderParams, StoredWeights]:
    """As `load_encoder`, with how the weights are stored.

    Raises:
        ConfigError: as `load_encoder`.
        ModelFileError: as `load_encoder`.
    """
    with open_encoder(folder, dtype) as (config, params, weights):
        return config, replace(params, layers=tuple(params.layers)), weights


@contextmanager
def open_encoder(
    folder: Path | str, dtype: npt.DTypeLike = np.float32
) -> Iterator[tuple[EncoderConfig, EncoderParams, StoredWeights]]:
    """As `load_stored`, but each layer is read when it is asked for, while the context lasts.

    So whoever packs weights holds those of one layer at a time. All checks are made before, but
    those of a layer's values, which come when it is read.

    Raises:
        ConfigError: as `load_encoder`.
        ModelFileError: as `load_encoder`; for NaN in a layer, when it is asked for.
    """
    folder = Path(folder)
    if not folder.is_dir():
        problem = "not a folder" if folder.exists() else "no such folder"
        raise ModelFileError(
            f"{folder}: {problem}; expected a folder with config.json and weights."
        )
    config = EncoderConfig.from_folder(folder)
    with open_weights(folder) as file:
        names, ignored = _by_path(file.entries, config, file.path)
        for name in ignored:
            file.read(name)  # nobody uses it, but a damaged file is refused as a whole
        used = {entry.dtype for name, entry in file.entries.items() if name not in ignored}
        weights = StoredWeights(", ".join(sorted(used)), file.size, ignored)
        params = from_source(lambda path: file.read(names[path]), names, config.num_hidden_layers)
        yield config, cast(params, dtype), weights


def _by_path(
    entries: Mapping[str, TensorInfo], config: EncoderConfig, path: Path
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Names in the file by field path, and the names that were ignored."""
    prefix = prefix_of(entries, config.model_type)
    canonical: dict[str, str] = {}  # name without prefix, new spelling -> name in the file
    ignored, unused, twice = [], [], []
    for name in entries:
        short = new_spelling(name.removeprefix(prefix))
        if is_ignored(short, config.model_type):
            ignored.append(name)
        elif not name.startswith(prefix):
            unused.append(name)
        elif short in canonical:
            twice.append(f"{canonical[short]} and {name}")
        else:
            canonical[short] = name
    # A pooler is there as a whole or not at all; half of one shows up as a missing tensor.
    pooler = any(short.startswith("pooler.") for short in canonical)
    expected = expected_tensors(config, pooler=pooler)
    unused += [name for short, name in canonical.items() if short not in expected]
    missing = [prefix + short for short in expected if short not in canonical]
    wrong = [
        problem
        for short, want in expected.items()
        if short in canonical and (problem := _mismatch(canonical[short], want, entries, config))
    ]
    problems = [
        f"{len(names)} {kind}: {_shown(names)}"
        for kind, names in (
            ("missing", missing),
            ("unused", unused),
            ("misshapen", wrong),
            ("present under two names", twice),
        )
        if names
    ]
    if problems:
        layers = _layer_hint(canonical, config)
        raise ModelFileError(
            f"{path} does not match config.json{layers}. Tensors {'; '.join(problems)}."
        )
    return {want.path: canonical[short] for short, want in expected.items()}, tuple(ignored)


def _mismatch(
    name: str, want: Expected, entries: Mapping[str, TensorInfo], config: EncoderConfig
) -> str | None:
    """What is wrong with one tensor, named with the keys of config.json that disagree."""
    dtype, shape = entries[name]
    if shape != want.shape:
        keys = KEYS[config.model_type]
        sizes = dict.fromkeys(f"{keys[AXES[a]]} {getattr(config, AXES[a])}" for a in want.axes)
        return f"{name} {shape}, where {', '.join(sizes)} call for {want.shape}"
    if dtype not in _FLOATS:
        return f"{name} of dtype {dtype}, where one of {', '.join(_FLOATS)} is needed"
    return None


def _layer_hint(canonical: Mapping[str, Any], config: EncoderConfig) -> str:
    """The likeliest contradiction, said in words: another number of layers."""
    start = FAMILIES[config.model_type].layer_prefix
    numbers = {
        name.removeprefix(start).split(".")[0] for name in canonical if name.startswith(start)
    }
    if not numbers or len(numbers) == config.num_hidden_layers:
        return ""
    key = KEYS[config.model_type]["num_hidden_layers"]
    return f": {key} is {config.num_hidden_layers}, the file has {len(numbers)} layers"


def _shown(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
