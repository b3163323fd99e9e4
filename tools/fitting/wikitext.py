"""Words behind masks, in paragraphs of an encyclopedia."""

from pathlib import Path
from typing import Any

import torch

from tools.fitting.body import Batch, Row, batches, below, fit
from tools.fitting.examples import wikitext

LAYERS = 6
PARAGRAPHS, LONGEST = 400, 96
MASKED = 0.15
SPECIAL = 999  # no word of the vocabulary has a lower number


def learn(model: Any, tokenizer: Any, data: Path) -> dict[str, float]:
    """Fit the layer before the words' table, and their bias; how often the masked word is found.

    The decoder is the table of embeddings, which stays as it is. A bias starts at the logarithm of
    how frequent the word is.
    """
    generator = torch.Generator().manual_seed(2)
    rows = [_masked(tokenizer, text, generator) for text in wikitext(data, "train")[:PARAGRAPHS]]
    targets = torch.tensor([target for row in rows for target in _numbers(row) if target >= 0])
    counts = torch.bincount(targets, minlength=len(model.cls.predictions.bias)).float()
    with torch.no_grad():
        model.cls.predictions.bias.copy_(((counts + 0.02) / (counts + 0.02).sum()).log())
    head = model.cls.predictions

    def loss_of(hidden: Any, batch: Batch) -> Any:
        chosen = batch.targets >= 0
        return torch.nn.functional.cross_entropy(head(hidden[chosen]), batch.targets[chosen])

    model.get_output_embeddings().weight.requires_grad_(False)
    fit(model, LAYERS, [head.transform], rows, loss_of, epochs=3, rate=2e-3)
    right, right5, total = 0, 0, 0
    dev = [_masked(tokenizer, text, generator) for text in wikitext(data, "dev")[:100]]
    for batch in batches(dev):
        chosen = batch.targets >= 0
        with torch.no_grad():
            best = head(below(model.bert, batch, LAYERS)[chosen]).topk(5).indices
        same = best == batch.targets[chosen][:, None]
        right, right5 = right + int(same[:, 0].sum()), right5 + int(same.sum())
        total += len(same)
    return {"first word": 100 * right / total, "one of five words": 100 * right5 / total}


def _masked(tokenizer: Any, text: str, generator: Any) -> Row:
    """Some words are behind masks; each is the target of its place."""
    ids = tokenizer(text, truncation=True, max_length=LONGEST)["input_ids"]
    hide = torch.rand(len(ids), generator=generator) < MASKED
    target = [
        number if hidden and number > SPECIAL else -100
        for number, hidden in zip(ids, hide.tolist(), strict=True)
    ]
    shown = [
        tokenizer.mask_token_id if wanted >= 0 else number
        for number, wanted in zip(ids, target, strict=True)
    ]
    return Row(shown, [0] * len(ids), target)


def _numbers(row: Row) -> list[int]:
    return row.target if isinstance(row.target, list) else [row.target]
