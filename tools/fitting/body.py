"""all-MiniLM-L6-v2 cut in two: layers whose outputs are computed once, and layers that learn."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch

BATCH_TOKENS = 2048


class Batch(NamedTuple):
    """Padded rows [B, L] of tokens, and for each token or row what is to be learnt."""

    input_ids: Any
    token_type_ids: Any
    mask: Any  # True for a token
    targets: Any


class Row(NamedTuple):
    """One input: ids, types, and its target, one number or one for each token."""

    ids: list[int]
    types: list[int]
    target: int | list[int]


def batches(
    rows: Sequence[Row], batch_tokens: int = BATCH_TOKENS, filler: int = -100
) -> list[Batch]:
    """Rows of about one length together; targets of padding are `filler`."""
    found: list[Batch] = []
    chosen: list[Row] = []
    for row in sorted(rows, key=lambda row: -len(row.ids)):
        if chosen and len(chosen[0].ids) * (len(chosen) + 1) > batch_tokens:
            found.append(_padded(chosen, filler))
            chosen = []
        chosen.append(row)
    return [*found, *([_padded(chosen, filler)] if chosen else [])]


def _padded(rows: list[Row], filler: int) -> Batch:
    L = max(len(row.ids) for row in rows)

    def filled(values: list[list[int]], with_what: int) -> Any:
        return torch.tensor([value + [with_what] * (L - len(value)) for value in values])

    ids = filled([row.ids for row in rows], 0)
    types = filled([row.types for row in rows], 0)
    mask = filled([[1] * len(row.ids) for row in rows], 0).bool()
    if isinstance(rows[0].target, int):
        return Batch(ids, types, mask, torch.tensor([row.target for row in rows]))
    targets = [row.target for row in rows if isinstance(row.target, list)]
    return Batch(ids, types, mask, filled(targets, filler))


def below(bert: Any, batch: Batch, layers: int) -> Any:
    """The output of the first so many layers [B, L, D]; nothing is learnt in them."""
    with torch.no_grad():
        hidden = bert.embeddings(input_ids=batch.input_ids, token_type_ids=batch.token_type_ids)
        return through(bert, hidden, batch, 0, layers)


def through(bert: Any, hidden: Any, batch: Batch, first: int, last: int) -> Any:
    """From one layer's input to another's."""
    mask = batch.mask[:, None, None, :]
    for layer in bert.encoder.layer[first:last]:
        hidden = layer(hidden, mask)
    return hidden


def fit(
    model: Any,
    frozen_layers: int,
    learnt: Sequence[Any],
    rows: Sequence[Row],
    loss_of: Callable[[Any, Batch], Any],
    epochs: int,
    rate: float,
    batch_tokens: int = BATCH_TOKENS,
) -> None:
    """AdamW with a rate that falls to zero, over batches in another order each epoch.

    Args:
        model: of Transformers, with its encoder as `bert`.
        frozen_layers: of the encoder; their outputs are computed once.
        learnt: modules whose parameters change; layers of the encoder above those among them.
        rows: what is learnt from.
        loss_of: hidden rows [B, L, D] of the last layer, and the batch, to a loss.
        epochs: how often all rows are seen.
        rate: the highest rate.
        batch_tokens: the most of a step, padding included.
    """
    parameters = [value for module in learnt for value in module.parameters()]
    made = [
        (below(model.bert, batch, frozen_layers), batch) for batch in batches(rows, batch_tokens)
    ]
    steps = epochs * len(made)
    optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (0.1 * steps), 1 - step / steps)
    )
    for number in _shuffled(len(made), epochs):
        hidden, batch = made[number]
        last = through(model.bert, hidden, batch, frozen_layers, len(model.bert.encoder.layer))
        optimizer.zero_grad()
        loss_of(last, batch).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()


def _shuffled(count: int, epochs: int) -> Iterator[int]:
    for _ in range(epochs):
        yield from torch.randperm(count).tolist()
