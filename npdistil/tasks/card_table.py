"""The model card's table: what was published of each model, and what holds here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..checkpoint.parity import Parity, parities
from ..checkpoint.registry import SCORES, Registered, entries

LENGTH = 128  # tokens of the texts for which FLOPs are counted and speed is measured
UNKNOWN = "-"
COLUMNS = (
    "model",
    "layers",
    "parameters",
    "MFLOP/token",
    "FLOPs allow",
    "published",
    "measured",
    *SCORES,
    "float64",
    "float32",
)


def rows(measured: Mapping[str, float] | None = None) -> list[dict[str, Any]]:
    """One object for each model, under names that a program can use; None is unknown.

    Args:
        measured: speed over BERT-base by short name; None: it was not measured.
    """
    base = entries()[0]
    return [_row(entry, base, parities().get(entry.name), measured or {}) for entry in entries()]


def cells(rows: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """COLUMNS of each row, as text."""
    return [_cells(row) for row in rows]


def legend(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader of the table must know, a sentence or two each."""
    notes = [
        f"MFLOP/token: of the forward pass at {LENGTH} tokens; FLOPs allow, published and measured "
        "are speeds over BERT-base, published ones on a GPU.",
        "Scores: published, dev sets; the card's baselines have F1 for SQuAD 2.0 and accuracy "
        "elsewhere.",
        "float64, float32: largest difference of any activation from Transformers in float64, of "
        "the numpy backend and of the kernels; from random weights of the shape"
        f"{_but_real(rows)}.",
        "A dash stands for what is not known, or not measured here.",
    ]
    return notes + [f"{row['title']}: {row['note']}" for row in rows if row["note"]]


def _row(
    entry: Registered, base: Registered, parity: Parity | None, measured: Mapping[str, float]
) -> dict[str, Any]:
    flops = entry.flops_per_token(LENGTH)
    return {
        "name": entry.name,
        "title": entry.title,
        "hub_id": entry.hub_id,
        "licence": entry.licence,
        "files": entry.files,
        "layers": entry.layers,
        "hidden_size": entry.hidden_size,
        "parameters": entry.parameters,
        "length": LENGTH,
        "flops_per_token": flops,
        "flops_allow": base.flops_per_token(LENGTH) / flops,
        "published_speed": entry.speed,
        "published_speed_source": entry.speed_source,
        "measured_speed": measured.get(entry.name),
        "scores": entry.scores,
        "scores_source": entry.scores_source,
        "parity": None if parity is None else parity._asdict(),
        "note": entry.note,
    }


def _cells(row: Mapping[str, Any]) -> list[str]:
    parity = row["parity"] or {"reference": None, "kernels": None}
    return [
        row["title"],
        f"{row['layers']} x {row['hidden_size']}",
        f"{row['parameters']:,}",
        f"{row['flops_per_token'] / 1e6:.1f}",
        f"{row['flops_allow']:.1f}x",
        *(_shown(row[key], ".1f", "x") for key in ("published_speed", "measured_speed")),
        *(_shown(row["scores"][column], ".1f") for column in SCORES),
        *(_shown(parity[key], ".1e") for key in ("reference", "kernels")),
    ]


def _shown(value: float | None, style: str, unit: str = "") -> str:
    return UNKNOWN if value is None else f"{value:{style}}{unit}"


def _but_real(rows: Iterable[Mapping[str, Any]]) -> str:
    real = [row["title"] for row in rows if row["parity"] and row["parity"]["weights"] == "real"]
    return f", {', '.join(real)} from its own" if real else ""
