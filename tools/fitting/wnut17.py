"""Labels for the words of short messages: names that emerge."""

from pathlib import Path
from typing import Any

import torch

from tools.fitting.body import Batch, Row, batches, below, fit, through
from tools.fitting.examples import WNUT_LABELS, wnut17

FROZEN = 5  # layers; on six frozen ones the head finds few names


def learn(model: Any, tokenizer: Any, data: Path) -> dict[str, float]:
    """Fit classifier and last layer; precision, recall and F1 of whole names on dev, in percent."""

    def rows_of(part: str) -> list[Row]:
        return [_row(words, labels, tokenizer) for words, labels in wnut17(data, part)]

    def loss_of(hidden: Any, batch: Batch) -> Any:
        scores = model.classifier(hidden).flatten(0, 1)
        return torch.nn.functional.cross_entropy(scores, batch.targets.flatten())

    last = model.bert.encoder.layer[FROZEN:]
    fit(model, FROZEN, [model.classifier, *last], rows_of("train"), loss_of, epochs=3, rate=5e-4)
    found: set[tuple[int, int, int, int, str]] = set()
    wanted: set[tuple[int, int, int, int, str]] = set()
    for number, batch in enumerate(batches(rows_of("dev"))):
        with torch.no_grad():
            hidden = below(model.bert, batch, FROZEN)
            best = model.classifier(through(model.bert, hidden, batch, FROZEN, 6)).argmax(-1)
        for row, (ours, theirs) in enumerate(zip(best, batch.targets, strict=True)):
            words = theirs >= 0
            found |= {(number, row, *name) for name in _names(ours[words].tolist())}
            wanted |= {(number, row, *name) for name in _names(theirs[words].tolist())}
    right = len(found & wanted)
    precision, recall = right / max(1, len(found)), right / len(wanted)
    return {
        "precision": 100 * precision,
        "recall": 100 * recall,
        "f1": 200 * precision * recall / max(1e-9, precision + recall),
    }


def _row(words: list[str], labels: list[str], tokenizer: Any) -> Row:
    """The first piece of each word is learnt."""
    encoded = tokenizer(words, is_split_into_words=True, truncation=True, max_length=128)
    before, target = None, []
    for word in encoded.word_ids():
        first = word is not None and word != before
        target.append(WNUT_LABELS.index(labels[word]) if first else -100)
        before = word
    ids = encoded["input_ids"]
    return Row(ids, [0] * len(ids), target)


def _names(numbers: list[int]) -> list[tuple[int, int, str]]:
    """First and last word, and kind, of each run of labels of one kind."""
    names: list[tuple[int, int, str]] = []
    kind = ""
    for n, number in enumerate(numbers):
        place, _, here = WNUT_LABELS[number].partition("-")
        if here and place == "I" and here == kind:
            names[-1] = (names[-1][0], n, here)
        elif here:
            names.append((n, n, here))
        kind = here
    return names
