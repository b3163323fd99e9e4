"""Two labels for sentences of film reviews."""

from pathlib import Path
from typing import Any

import torch

from tools.fitting.body import Batch, Row, batches, below, fit
from tools.fitting.examples import sst2

ROWS = 10_000
LAYERS = 6


def learn(model: Any, tokenizer: Any, data: Path) -> dict[str, float]:
    """Fit pooler and classifier on frozen rows; the accuracy on dev in percent."""
    examples = sst2(data, "train")[:ROWS]
    encoded = tokenizer([text for text, _ in examples], truncation=True, max_length=128)
    rows = [
        Row(ids, [0] * len(ids), label)
        for ids, (_, label) in zip(encoded["input_ids"], examples, strict=True)
    ]

    def loss_of(hidden: Any, batch: Batch) -> Any:
        return torch.nn.functional.cross_entropy(_scores(model, hidden), batch.targets)

    fit(model, LAYERS, [model.bert.pooler, model.classifier], rows, loss_of, epochs=6, rate=2e-3)
    held_back = sst2(data, "dev")
    encoded = tokenizer([text for text, _ in held_back], truncation=True, max_length=128)
    right = 0
    for batch in batches([
        Row(ids, [0] * len(ids), label)
        for ids, (_, label) in zip(encoded["input_ids"], held_back, strict=True)
    ]):  # fmt: skip
        with torch.no_grad():
            best = _scores(model, below(model.bert, batch, LAYERS)).argmax(-1)
        right += int((best == batch.targets).sum())
    return {"accuracy": 100 * right / len(held_back)}


def _scores(model: Any, hidden: Any) -> Any:
    return model.classifier(model.bert.pooler(hidden))
