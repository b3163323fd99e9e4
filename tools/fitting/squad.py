"""A span head: question answering with no-answer."""

import string
from collections import Counter
from pathlib import Path
from typing import Any

import torch

from tools.fitting.body import Batch, Row, batches, below, fit, through
from tools.fitting.examples import Question, squad

LONGEST = 160  # tokens of a row that is learnt
FROZEN = 4  # layers; a head alone finds hardly a span
SHARE_WITHOUT = 0.15  # of the learnt questions
ROWS = 1600
BATCH_TOKENS = 800  # few: steps count for more than what each has seen
LONGEST_ANSWER = 15  # tokens


def learn(model: Any, tokenizer: Any, data: Path) -> dict[str, float]:
    """Fit the head and the upper layers; the score on articles that were held back."""
    rows = [row for row in (_row(q, tokenizer) for q in squad(data, "train")) if row is not None]
    having = [row for row in rows if row.target != [0, 0]]
    without = [row for row in rows if row.target == [0, 0]]
    generator = torch.Generator().manual_seed(1)
    few = int(SHARE_WITHOUT * ROWS)
    chosen = [
        group[n]
        for group, count in ((having, ROWS - few), (without, few))
        for n in torch.randperm(len(group), generator=generator)[:count].tolist()
    ]

    def loss_of(hidden: Any, batch: Batch) -> Any:
        scores = _scores(model, hidden, batch)
        losses = [
            torch.nn.functional.cross_entropy(scores[:, :, n], batch.targets[:, n]) for n in (0, 1)
        ]
        return sum(losses)

    upper = list(model.bert.encoder.layer[FROZEN:])
    fit(model, FROZEN, [model.qa_outputs, *upper], chosen, loss_of, 2, 4e-4, BATCH_TOKENS)
    return score(model, tokenizer, squad(data, "dev")[::20])


def _row(question: Question, tokenizer: Any) -> Row | None:
    """None where it is too long, or the answer is not made of whole tokens."""
    encoded = tokenizer(question.question, question.context, return_offsets_mapping=True)
    if len(encoded["input_ids"]) > LONGEST:
        return None
    target = [0, 0]
    if question.answers:
        end = question.start + len(question.answers[0])
        spans = zip(encoded.sequence_ids(0), encoded["offset_mapping"], strict=True)
        inside = [
            n for n, (which, (a, b)) in enumerate(spans)
            if which == 1 and a < end and b > question.start
        ]  # fmt: skip
        if not inside:
            return None
        target = [inside[0], inside[-1]]
    return Row(encoded["input_ids"], encoded["token_type_ids"], target)


def _scores(model: Any, hidden: Any, batch: Batch) -> Any:
    """[B, L, 2]; a span is of the context, or [CLS] for none."""
    allowed = batch.mask & (batch.token_type_ids == 1)
    allowed[:, 0] = True
    return model.qa_outputs(hidden).masked_fill(~allowed[:, :, None], -1e4)


def score(model: Any, tokenizer: Any, questions: list[Question]) -> dict[str, float]:
    """Exact match and F1 in percent, of answerable questions and of all."""
    exact, f1, has = [], [], []
    for question in questions:
        answer = _answer(model, tokenizer, question)
        golds = [_words(gold) for gold in question.answers] or [[]]
        found = _words(answer)
        exact.append(float(found in golds))
        f1.append(max(_overlap(found, gold) for gold in golds))
        has.append(bool(question.answers))

    def mean(values: list[float], only: bool) -> float:
        kept = [value for value, keep in zip(values, has, strict=True) if keep or not only]
        return 100 * sum(kept) / len(kept)

    return {
        "exact": mean(exact, False), "f1": mean(f1, False),
        "exact of those with an answer": mean(exact, True),
        "f1 of those with an answer": mean(f1, True),
    }  # fmt: skip


def _answer(model: Any, tokenizer: Any, question: Question) -> str:
    encoded = tokenizer(
        question.question, question.context, return_offsets_mapping=True,
        truncation="only_second", max_length=384,
    )  # fmt: skip
    (batch,) = batches([Row(encoded["input_ids"], encoded["token_type_ids"], 0)])
    with torch.no_grad():
        hidden = through(model.bert, below(model.bert, batch, FROZEN), batch, FROZEN, 6)
        start, end = _scores(model, hidden, batch)[0].unbind(-1)
    sums = start[:, None] + end[None, :]
    allowed = torch.ones_like(sums).triu().tril(LONGEST_ANSWER - 1).bool()
    allowed[0] = False
    sums = sums.masked_fill(~allowed, -1e5)
    if sums.max() <= start[0] + end[0]:
        return ""
    first, last = divmod(int(sums.argmax()), len(start))
    spans = encoded["offset_mapping"]
    return question.context[spans[first][0] : spans[last][1]]


def _words(text: str) -> list[str]:
    plain = "".join(c for c in text.lower() if c not in string.punctuation)
    return [word for word in plain.split() if word not in ("a", "an", "the")]


def _overlap(found: list[str], gold: list[str]) -> float:
    if not found or not gold:
        return float(found == gold)
    common = sum((Counter(found) & Counter(gold)).values())
    return 2 * common / (len(found) + len(gold))
