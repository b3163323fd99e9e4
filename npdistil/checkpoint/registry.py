"""The models that are known by name: what `registry.toml` beside this file says of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..config import EncoderConfig

REGISTRY_FILE = Path(__file__).with_name("registry.toml")
SCORES = ("MNLI", "QNLI", "QQP", "RTE", "SST", "MRPC", "SQuAD2", "Avg")


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One model; None stands for what is not known."""

    name: str  # short: "xtremedistil-l6-h256"
    title: str  # as a table shows it
    hub_id: str | None
    files: tuple[str, ...] | None  # at the hub, on the main branch
    licence: str | None
    parameters: int  # of embeddings, layers and pooler
    pooler: bool
    config: EncoderConfig
    speed: float | None  # published, over BERT-base, on a GPU
    speed_source: str | None
    scores: Mapping[str, float | None]  # of SCORES, published, in per cent
    scores_source: str | None
    note: str | None  # what a reader of these figures must know

    @property
    def layers(self) -> int:
        """num_hidden_layers."""
        return self.config.num_hidden_layers

    @property
    def hidden_size(self) -> int:
        """Features of a token row."""
        return self.config.hidden_size

    def flops_per_token(self, length: int) -> int:
        """Of the forward pass, for one token of a sequence of `length` tokens.

        In each layer two FLOPs for each weight of the six products, and 4 * length * hidden_size
        for scores and weighted sums. Embedding, softmax, LayerNorm and GELU count nothing.
        """
        D, F = self.config.hidden_size, self.config.intermediate_size
        return self.layers * (2 * (4 * D * D + 2 * D * F) + 4 * length * D)


@cache
def entries() -> tuple[Registered, ...]:
    """All of them, in the order of the card's table: BERT-base first."""
    import tomllib  # late: `import npdistil` needs no model's name

    with REGISTRY_FILE.open("rb") as stream:
        tables = tomllib.load(stream)
    return tuple(
        _registered(table, tables["common"], tables["sources"]) for table in tables["model"]
    )


def find(name: str) -> Registered | None:
    """The model of a short name or a hub id, with or without its owner, in any case of letters.

    >>> find("Microsoft/XtremeDistil-l6-h256-uncased").name
    'xtremedistil-l6-h256'
    >>> find("bert-base-uncased").hub_id
    'google-bert/bert-base-uncased'
    >>> find("roberta-base") is None
    True
    """
    wanted = name.lower()
    for entry in entries():
        hub_id = entry.hub_id or entry.name
        if wanted in (entry.name.lower(), hub_id.lower(), hub_id.rpartition("/")[2].lower()):
            return entry
    return None


def _registered(
    table: Mapping[str, Any], common: Mapping[str, Any], sources: Mapping[str, str]
) -> Registered:
    speed, scores = table.get("speed"), table.get("scores", {})
    files = table.get("files")
    return Registered(
        name=table["name"],
        title=table["title"],
        hub_id=table.get("hub_id"),
        files=None if files is None else tuple(files),
        licence=table.get("licence"),
        parameters=table["parameters"],
        pooler=table.get("pooler", True),
        config=EncoderConfig(**{**common, **table["config"]}),
        speed=speed and speed["value"],
        speed_source=speed and sources[speed["source"]],
        scores={column: scores.get(column) for column in SCORES},
        scores_source=sources[scores["source"]] if scores else None,
        note=table.get("note"),
    )
