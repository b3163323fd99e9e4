"""The tensors of a file against those that a configuration calls for, all differences at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config import KEYS, EncoderConfig
from ..errors import ModelFileError
from ..named_tuple import NamedTuple
from .listed import listed
from .names import (
    AXES,
    FAMILIES,
    Expected,
    expected_tensors,
    is_ignored,
    new_spelling,
    prefix_of,
    wrapper_of,
)
from .tensor_source import TensorInfo

FLOATS = ("F64", "F32", "F16", "BF16")


class Matched(NamedTuple):
    """Who is who in a file that fits its configuration."""

    names: dict[str, str]  # field path in EncoderParams -> name in the file
    shapes: dict[str, tuple[int, ...]]  # field path -> shape
    ignored: tuple[str, ...]  # names of heads and leftovers, which no encoder uses
    heads: dict[str, str]  # of those what may be a head's: new spelling -> name in the file


def match_tensors(entries: Mapping[str, TensorInfo], config: EncoderConfig, path: Path) -> Matched:
    """Find every tensor that a configuration calls for, under any of its names.

    Args:
        entries: the file's tensors.
        config: what the weights must fit.
        path: of the file, for messages.

    Raises:
        ModelFileError: tensors are missing, unused, misshapen or there twice.
    """
    wrapper = wrapper_of(entries)
    prefix = prefix_of((name.removeprefix(wrapper) for name in entries), config.model_type)
    canonical: dict[str, str] = {}  # name without prefix, new spelling -> name in the file
    heads: dict[str, str] = {}  # the same; heads have no prefix
    ignored, unused, twice = [], [], []
    for name in entries:
        inner = name.removeprefix(wrapper)
        short = new_spelling(inner.removeprefix(prefix))
        if is_ignored(short, config.model_type):
            ignored.append(name)
            if inner.startswith(prefix) == (prefix == ""):
                head = new_spelling(inner)
                twice += [f"{heads[head]} and {name}"] if head in heads else []
                heads[head] = name
        elif not inner.startswith(prefix):
            unused.append(name)
        elif short in canonical:
            twice.append(f"{canonical[short]} and {name}")
        else:
            canonical[short] = name
    # A pooler is there as a whole or not at all; half of one shows up as a missing tensor.
    pooler = any(short.startswith("pooler.") for short in canonical)
    expected = expected_tensors(config, pooler=pooler)
    unused += [name for short, name in canonical.items() if short not in expected]
    missing = [wrapper + prefix + short for short in expected if short not in canonical]
    wrong = [
        problem
        for short, want in expected.items()
        if short in canonical and (problem := _mismatch(canonical[short], want, entries, config))
    ]
    problems = [
        f"{len(names)} {kind}: {listed(names)}"
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
    return Matched(
        {want.path: canonical[short] for short, want in expected.items()},
        {want.path: want.shape for want in expected.values()},
        tuple(ignored),
        heads,
    )


def _mismatch(
    name: str, want: Expected, entries: Mapping[str, TensorInfo], config: EncoderConfig
) -> str | None:
    """What is wrong with one tensor, named with the keys of config.json that disagree."""
    dtype, shape = entries[name]
    if shape != want.shape:
        keys = KEYS[config.model_type]
        sizes = dict.fromkeys(f"{keys[AXES[a]]} {getattr(config, AXES[a])}" for a in want.axes)
        return f"{name} {shape}, where {', '.join(sizes)} call for {want.shape}"
    return dtype_fault(name, dtype)


def dtype_fault(name: str, dtype: str) -> str | None:
    """What is wrong with the type of a tensor that is a parameter; None if nothing is."""
    if dtype in FLOATS:
        return None
    return f"{name} of dtype {dtype}, where one of {', '.join(FLOATS)} is needed"


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
