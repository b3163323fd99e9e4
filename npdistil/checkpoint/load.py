"""A model folder to configuration and parameters: all of it is right, or one error says why."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..config import EncoderConfig
from ..errors import ModelFileError
from ..named_tuple import NamedTuple
from ..params import EncoderParams, cast, from_source
from ..workers import shared_workers
from .match import Matched, match_tensors
from .tensor_source import TensorSource
from .weights_file import folder_of, open_weights


class StoredWeights(NamedTuple):
    """How the encoder's weights lie on disk, for `npdistil info`."""

    format: str  # "safetensors", "torch" or "h5"
    dtype: str  # "F32", or several as "F16, F32"
    file_bytes: int  # of all shards together
    ignored: tuple[str, ...]  # names of heads and leftovers that were not used


def load_encoder(
    folder: Path | str, dtype: npt.DTypeLike = np.float32
) -> tuple[EncoderConfig, EncoderParams]:
    """Read `config.json` and the weights of a model folder.

    Args:
        folder: a local folder, or a file of weights in it; nothing is downloaded.
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
        return config, params._replace(layers=tuple(params.layers)), weights


@contextmanager
def open_encoder(
    folder: Path | str,
    dtype: npt.DTypeLike = np.float32,
    num_threads: int = 1,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[tuple[EncoderConfig, EncoderParams, StoredWeights]]:
    """As `load_stored`, but each layer is read when it is asked for, while the context lasts.

    So whoever packs weights holds those of one layer at a time. All checks are made before, but
    those of a layer's values, which come when it is read. Any number of threads may ask for layers.

    Args:
        folder: as for `load_encoder`.
        dtype: likewise.
        num_threads: that read, where the format can be read by several.
        meanwhile: called when the header was checked; what is not of a layer is read beside it, by
            another thread if there may be one.

    Raises:
        ConfigError: as `load_encoder`.
        ModelFileError: as `load_encoder`; for NaN in a layer, when it is asked for.
    """
    with matched_weights(folder, num_threads) as (config, file, matched):
        found = []

        def read() -> None:
            for name in matched.ignored:
                file.read(name)  # nobody uses it, but a damaged file is refused as a whole
            names, layers = matched.names, config.num_hidden_layers
            found.append(from_source(lambda path: file.read(names[path]), names, layers))

        shared_workers(num_threads).beside(meanwhile, read)
        yield config, cast(found[0], dtype), _stored(file, matched)


def describe_encoder(
    folder: Path | str,
) -> tuple[EncoderConfig, dict[str, tuple[int, ...]], StoredWeights]:
    """What a folder says of itself: configuration and header fit, but no value was read.

    Returns:
        The configuration, the shape of each parameter by field path, and how they are stored.

    Raises:
        ConfigError: as `load_encoder`.
        ModelFileError: as `load_encoder`, but for values that are damaged.
    """
    with matched_weights(folder) as (config, file, matched):
        return config, matched.shapes, _stored(file, matched)


@contextmanager
def matched_weights(
    model: Path | str, num_threads: int = 1
) -> Iterator[tuple[EncoderConfig, TensorSource, Matched]]:
    """Configuration and open weights that fit each other; no value was read yet.

    Args:
        model: a folder, or a file of weights in it.
        num_threads: as for `open_encoder`.

    Raises:
        ConfigError: as `load_encoder`.
        ModelFileError: as `load_encoder`, but for values.
    """
    folder = folder_of(Path(model))
    if not folder.is_dir():
        problem = "not a folder" if folder.exists() else "no such folder"
        raise ModelFileError(
            f"{folder}: {problem}; expected a folder with config.json and weights."
        )
    config = EncoderConfig.from_folder(folder)
    with open_weights(Path(model), num_threads) as file:
        yield config, file, match_tensors(file.entries, config, file.path)


def _stored(file: TensorSource, matched: Matched) -> StoredWeights:
    used = {file.entries[name].dtype for name in matched.names.values()}
    return StoredWeights(file.format, ", ".join(sorted(used)), file.size, matched.ignored)
