"""Fit the span head of the goldens: two rows over the frozen features of all-MiniLM-L6-v2."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from npdistil import Encoder, Tokenizer

from .models import HEAD, MINILM

LENGTH, STEPS, RATE, DECAY = 384, 400, 0.03, 1e-3
Floats = NDArray[np.float64]


def fit(questions: list[dict[str, Any]]) -> float:
    """Write the head, and return the share of its training questions whose both ends it finds.

    Args:
        questions: with question, context, text of an answer and its start; without these two
            [CLS] is the answer.
    """
    features, places, targets = _features(questions)
    inputs = np.concatenate(features)
    cu_seqlens = np.concatenate([[0], np.cumsum([len(rows) for rows in features])])
    weight, bias = np.zeros((2, inputs.shape[1])), np.zeros(2)
    first, second = np.zeros_like(weight), np.zeros_like(weight)
    for step in range(1, STEPS + 1):
        error = _softmax(inputs @ weight.T.astype(np.float32), cu_seqlens)
        for column in (0, 1):
            error[cu_seqlens[:-1] + targets[:, column], column] -= 1
        gradient = error.T.astype(np.float32) @ inputs / len(features) + DECAY * weight
        first += 0.1 * (gradient - first)
        second += 0.01 * (gradient**2 - second)
        size = np.sqrt(second / (1 - 0.99**step)) + 1e-8
        weight -= RATE * (first / (1 - 0.9**step)) / size
    logits = inputs @ weight.T.astype(np.float32)
    found = [
        [int(logits[start:stop, column].argmax()) for column in (0, 1)]
        for start, stop in pairwise(cu_seqlens)
    ]
    _write(HEAD, weight, bias, places)
    return float((np.array(found) == targets).all(axis=1).mean())


def _features(
    questions: list[dict[str, Any]],
) -> tuple[list[NDArray[np.float32]], int, NDArray[np.int64]]:
    """Rows of [CLS] and of the context's tokens, and which of them begin and end the answer."""
    tokenizer = Tokenizer.from_pretrained(MINILM)
    encoder = Encoder.from_pretrained(MINILM)
    features, targets = [], []
    for item in questions:
        batch = tokenizer(
            item["question"],
            item["context"],
            truncation="only_second",
            max_length=LENGTH,
            return_offsets_mapping=True,
        )
        spans: Any = batch.offset_mapping
        of_context = np.array([place == 1 for place in batch.sequence_ids()])
        answer = _answer(item, of_context, spans[0])
        if answer is None:
            continue
        of_context[0] = True
        rows = np.cumsum(of_context) - 1
        output = encoder(batch.input_ids, token_type_ids=batch.token_type_ids)
        features.append(output.last_hidden_state[0, of_context].astype(np.float32))
        targets.append([rows[token] for token in answer])
    return features, len(features), np.array(targets)


def _answer(
    item: dict[str, Any], of_context: NDArray[np.bool_], spans_L2: NDArray[Any]
) -> tuple[int, int] | None:
    """First and last token; None if they were cut off."""
    if "text" not in item:
        return 0, 0
    stop = item["start"] + len(item["text"])
    starts = np.flatnonzero(of_context & (spans_L2[:, 0] <= item["start"]))
    ends = np.flatnonzero(of_context & (spans_L2[:, 1] >= stop))
    return (int(starts[-1]), int(ends[0])) if len(starts) and len(ends) else None


def _softmax(logits: NDArray[Any], cu_seqlens: NDArray[np.int64]) -> Floats:
    """Of each column, over the rows of each question."""
    lengths = np.diff(cu_seqlens)
    starts = cu_seqlens[:-1]
    highest = np.repeat(np.maximum.reduceat(logits, starts), lengths, axis=0)
    exp = np.exp((logits - highest).astype(np.float64))
    result: Floats = exp / np.repeat(np.add.reduceat(exp, starts), lengths, axis=0)
    return result


def _write(path: Path, weight: Floats, bias: Floats, count: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "made_by": "python tools/make_qa_goldens.py --fit",
        "made_with": f"{count} questions of SQuAD, {STEPS} steps of Adam",
        "weight": weight.round(4).tolist(),
        "bias": bias.round(4).tolist(),
    }
    path.write_text(json.dumps(content) + "\n", "utf-8")
