"""Random heads on the random encoders of `random_models`, whose scores are decided.

A head as it is initialised gives all labels nearly the same score, and all texts the same label: a
wrong row, a forgotten bias or a swapped pair of labels would hardly show.
"""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PreTrainedModel,
)

from tests.live.random_models import random_model

AUTO: dict[str, Any] = {
    "text-classification": AutoModelForSequenceClassification,
    "token-classification": AutoModelForTokenClassification,
    "question-answering": AutoModelForQuestionAnswering,
    "fill-mask": AutoModelForMaskedLM,
}
SPREAD = 2.0  # standard deviation of the scores of a label over texts, or tokens
CLS, SEP, WORDS = 101, 102, (1996, 30522)  # of bert-base-uncased


def random_head(
    name: str, task: str, labels: tuple[str, ...] = (), **config: Any
) -> PreTrainedModel:
    """The encoder of the named shape with a head of the task, the same one every time.

    Args:
        name: a shape of `random_models.CONFIGS` with the usual vocabulary.
        task: a key of AUTO.
        labels: become id2label and label2id; none: Transformers' own two.
        config: further keys of config.json, such as problem_type.
    """
    encoder = _encoder(name)
    settings = AutoConfig.for_model(**encoder.config.to_dict())
    if labels:
        settings.id2label = dict(enumerate(labels))
        settings.label2id = {label: number for number, label in enumerate(labels)}
    for key, value in config.items():
        setattr(settings, key, value)
    torch.manual_seed(7)
    model: PreTrainedModel = AUTO[task].from_config(settings).eval()
    missing, unused = model.base_model.load_state_dict(encoder.state_dict(), strict=False)
    assert not missing and all(name.startswith("pooler.") for name in unused)
    _decide(model, task)
    return model


def save_random_head(
    name: str,
    task: str,
    folder: Path,
    vocabulary: Path,
    labels: tuple[str, ...] = (),
    **config: Any,
) -> Path:
    """Write config.json, model.safetensors and a vocabulary.

    Args:
        name: see `random_head`.
        task: likewise.
        folder: where to; is made.
        vocabulary: a folder with bert-base-uncased's vocab.txt.
        labels: see `random_head`.
        config: likewise.
    """
    random_head(name, task, labels, **config).save_pretrained(folder)
    (folder / "vocab.txt").write_bytes((vocabulary / "vocab.txt").read_bytes())
    return folder


@cache
def _encoder(name: str) -> PreTrainedModel:
    return random_model(name)


def _decide(model: PreTrainedModel, task: str) -> None:
    """Scale and shift the last layer, so that scores spread by SPREAD around zero."""
    ids = torch.randint(*WORDS, (64, 24))
    ids[:, 0], ids[:, -1] = CLS, SEP
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith(model.base_model_prefix) and parameter.ndim == 1:
                parameter += 0.1 * torch.randn_like(parameter)  # biases, and LayerNorm's
        if task == "fill-mask":  # the decoder is the table of words: the row before it is scaled
            norm = next(part for part in model.modules() if _is_head_norm(model, part))
            norm.weight *= 2
            return
        layer = model.qa_outputs if task == "question-answering" else model.classifier
        layer.weight += 0.1 * torch.randn_like(layer.weight)
        out = model(ids)
        scores = (
            torch.stack([out.start_logits, out.end_logits], -1)
            if (task == "question-answering")
            else out.logits
        )
        rows = scores.reshape(-1, scores.shape[-1])
        factor = SPREAD / rows.std(0)
        layer.weight *= factor[:, None]
        layer.bias.copy_((layer.bias - rows.mean(0)) * factor)


def _is_head_norm(model: PreTrainedModel, part: torch.nn.Module) -> bool:
    inside = set(map(id, model.base_model.modules()))
    return isinstance(part, torch.nn.LayerNorm) and id(part) not in inside
