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


@pytest.mark.parametrize("name, untied", [(SHAPES[0], False), (SHAPES[0], True), (SHAPES[2], True)])
def test_words_behind_masks(name: str, untied: bool, tmp_path: Path, minilm_folder: Path) -> None:
    """Catches a decoder of its own that is taken for the table of words, or the reverse."""
    model = random_head(name, "fill-mask", tie_word_embeddings=not untied)
    decoder, words = model.get_output_embeddings(), model.get_input_embeddings()
    assert (decoder.weight is words.weight) is not untied
    if untied:
        with torch.no_grad():
            decoder.weight.copy_(words.weight.flip(0))
            decoder.bias.normal_()
    model.save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_bytes((minilm_folder / "vocab.txt").read_bytes())
    ours = open_task_model(tmp_path, "fill-mask")
    batch, _ = tokenized(ours.tokenizer, ours.encoder.config, ["a [MASK] of [MASK].", "[MASK]"])
    rows_M = np.flatnonzero(batch.input_ids_T == ours.tokenizer.mask_token_id)
    found = ours.head.logits(ours.encoder.backend, batch, rows_M)
    wanted = expected_logits(model, batch)[rows_M]
    assert found.shape == wanted.shape == (3, ours.encoder.config.vocab_size)
    assert wanted.std() > 1, "a vacuous comparison"
    assert np.abs(found - wanted).max() <= LOGITS


def test_one_score(tmp_path: Path, minilm_folder: Path) -> None:
    """Catches a head of one output, as for regression and ranking, that is taken for none."""
    model = random_head(SHAPES[0], "text-classification", ("score",), problem_type="regression")
    model.save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_bytes((minilm_folder / "vocab.txt").read_bytes())
    ours = open_task_model(tmp_path, "text-classification")
    assert compare(ours, model).shape == (len(TEXTS), 1)
    assert ours.settings.labels == ("score",) and ours.settings.problem_type == "regression"
