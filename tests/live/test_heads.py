"""Heads beside Transformers' own: the same scores, at the three shapes of random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from npdistil.tasks.task_model import TaskModel, open_task_model
from npdistil.tasks.tokenized import tokenized
from tests.live.random_heads import random_head
from tests.tolerances import LOGITS

SHAPES = ("xtremedistil-l6-h256", "xtremedistil-l12-h384", "distilbert")
TASKS = {"text-classification": 3, "token-classification": 9, "question-answering": 0}
TEXTS = [
    ("The film is a delight.", "I would not see it again."),
    ("", "x"),
    ("Who wrote it? " * 9, "Nobody knows who wrote the naïve letter, or when. " * 5),
    ("[MASK] 12,000 \U0001f600", ""),
]


def labels(count: int) -> tuple[str, ...]:
    return tuple(f"label {n}" for n in range(count))


def expected_logits(model: PreTrainedModel, batch) -> np.ndarray:
    """Of each sequence [B, C], or of the rows of all [T, C]; in float64, without padding."""
    rows = []
    for start, end in zip(batch.cu_seqlens[:-1], batch.cu_seqlens[1:], strict=True):
        inputs = {"input_ids": torch.tensor(batch.input_ids_T[None, start:end].astype(np.int64))}
        if model.config.model_type == "bert":
            types = batch.token_type_ids_T[None, start:end].astype(np.int64)
            inputs["token_type_ids"] = torch.tensor(types)
        with torch.no_grad():
            out = model.double()(**inputs)
        if "start_logits" in out:
            rows.append(torch.stack([out.start_logits[0], out.end_logits[0]], -1).numpy())
        else:
            rows.append(out.logits.reshape(-1, out.logits.shape[-1]).numpy())
    return np.concatenate(rows)


def compare(ours: TaskModel, theirs: PreTrainedModel) -> np.ndarray:
    """Our scores, once they are found to be theirs; on pairs, where the family has types."""
    firsts, seconds = map(list, zip(*TEXTS, strict=True))
    batch, dropped_B = tokenized(ours.tokenizer, ours.encoder.config, firsts, seconds)
    assert not dropped_B.any()
    found = ours.head.logits(ours.encoder.backend, batch)
    wanted = expected_logits(theirs, batch)
    assert found.shape == wanted.shape and wanted.dtype == np.float64
    assert wanted.std() > 1, "a vacuous comparison"
    assert np.abs(found - wanted).max() <= LOGITS
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_logits(name: str, tmp_path: Path, minilm_folder: Path) -> None:
    """Catches a wrong row, layer, activation, order of labels, or types that are dropped."""
    for task, count in TASKS.items():
        model = random_head(name, task, labels(count))
        folder = tmp_path / task
        model.save_pretrained(folder)
        (folder / "vocab.txt").write_bytes((minilm_folder / "vocab.txt").read_bytes())
        for backend in ("numba", "numpy") if name == SHAPES[0] else ("numba",):
            ours = open_task_model(folder, task, backend)
            compare(ours, model)
            assert ours.settings.labels == labels(count)
            assert ours.settings.architectures == (type(model).__name__,)
