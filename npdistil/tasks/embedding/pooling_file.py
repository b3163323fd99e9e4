"""1_Pooling/config.json: which token rows become the vector.

Two generations exist: booleans such as `pooling_mode_mean_tokens`, and since version 5.4 of
sentence-transformers one `pooling_mode`, a name or a list of names.
"""

from pathlib import Path
from typing import Any

from ...encoder.backend import POOLINGS, Pooling
from ...errors import ConfigError, InputError
from ...fields import Fields, shown
from ...named_tuple import NamedTuple

# The order in which several old booleans are concatenated.
OLD_POOLING_KEYS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


class PoolingConfig(NamedTuple):
    """How a folder pools."""

    modes: tuple[Pooling, ...]  # several stand side by side in this order
    include_prompt: bool = True  # False: the tokens of a prompt are read, but not pooled


def read_pooling(folder: Path) -> PoolingConfig:
    """What the folder of a Pooling module says.

    Raises:
        ConfigError: the file is missing or damaged, or asks for a pooling that is not built.
    """
    file = Fields.from_file(folder / "config.json", ConfigError)
    wanted: Any = file.value.get("pooling_mode")
    if wanted is None:
        modes = [mode for key, mode in OLD_POOLING_KEYS.items() if file.optional_flag(key)]
        # sentence-transformers takes the mean where no boolean is set
        wanted = modes or "mean"
    built = [_built(mode) for mode in (wanted if isinstance(wanted, list) else [wanted])]
    if not built or None in built:
        raise ConfigError(
            f"{file.where}: pooling {shown(wanted)} is not built, only {list(POOLINGS)}."
        )
    return PoolingConfig(
        tuple(mode for mode in built if mode), file.optional_flag("include_prompt") is not False
    )


def checked_pooling(pooling: object) -> Pooling:
    """One of the poolings that are built.

    Raises:
        InputError: it is none of them.
    """
    built = _built(pooling)
    if built is None:
        raise InputError(f"pooling: expected one of {list(POOLINGS)}, received {shown(pooling)}.")
    return built


def _built(pooling: object) -> Pooling | None:
    return next((known for known in POOLINGS if pooling == known), None)
