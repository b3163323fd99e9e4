"""How far each model is from Transformers, as `tools/parity_table.py` measured it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

PARITY_FILE = Path(__file__).with_name("parity.json")


class Parity(NamedTuple):
    """Largest differences of any activation from Transformers in float64."""

    weights: str  # "random" or "real"
    formats: tuple[str, ...]  # of files that it was read from
    reference: float  # numpy backend, float64
    kernels: float  # numba backend, float32


@cache
def parities() -> Mapping[str, Parity]:
    """By the registry's short names."""
    rows = json.loads(PARITY_FILE.read_text(encoding="utf-8"))["models"]
    return {
        row["model"]: Parity(
            row["weights"], tuple(row["formats"]), row["numpy float64"], row["numba float32"]
        )
        for row in rows
    }
