"""Tiny folders with a head for each token, as Transformers saves them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from npdistil import Encoder
from tests.models import TINY, Draw
from tests.tasks.folders import write_model
from tests.text.tiny import IDS, VOCAB

LABELS = ("O", "B-PER", "I-PER", "LOC")
KNOWN = ("the", "un", "##able", "c")


def write_token_classifier(folder: Path) -> Path:
    """BertForTokenClassification, which knows some words again: a label each of LABELS."""
    write_model(folder)
    _let_words_differ(folder / "model.safetensors")
    ids = [IDS[word] for word in ("[CLS]", *KNOWN, "[SEP]")]
    hidden_BLD = Encoder.from_pretrained(folder, "numpy")(np.array([ids])).last_hidden_state
    known_CD = hidden_BLD[0, 1:-1]
    mean_D = known_CD.mean(axis=0)
    weight_CD = known_CD - mean_D
    _write(
        folder,
        {
            "classifier.weight": weight_CD,
            "classifier.bias": -(weight_CD * (known_CD + mean_D) / 2).sum(axis=1),
        },
        architectures=["BertForTokenClassification"],
        id2label={str(n): label for n, label in enumerate(LABELS)},
        label2id={label: n for n, label in enumerate(LABELS)},
    )
    return folder


def write_masked_lm(folder: Path, vocab: list[str] = VOCAB, tied: bool = True) -> Path:
    """BertForMaskedLM; not tied it has a decoder of its own."""
    draw, D, V = Draw(np.random.default_rng(12)), TINY.hidden_size, len(vocab)
    dense, norm = draw.linear(D, D), draw.norm(D)
    head = {
        "cls.predictions.bias": draw.array(V),
        "cls.predictions.transform.dense.weight": dense.weight_EI,
        "cls.predictions.transform.dense.bias": dense.bias_E,
        "cls.predictions.transform.LayerNorm.weight": norm.weight_D,
        "cls.predictions.transform.LayerNorm.bias": norm.bias_D,
    }
    if not tied:
        head["cls.predictions.decoder.weight"] = draw.array(V, D)
        head["cls.predictions.decoder.bias"] = head["cls.predictions.bias"].copy()
    write_model(folder, replace(TINY, vocab_size=V), vocab)
    _write(
        folder,
        head,
        architectures=["BertForMaskedLM"],
        tie_word_embeddings=tied,
    )
    return folder


def _let_words_differ(weights: Path) -> None:
    """Random layers make all tokens of a text alike; quieter ones leave what the words are."""
    quiet = ("position_embeddings.weight", "output.dense.weight", "output.dense.bias")
    arrays = load_file(weights)
    for name in arrays:
        if name.endswith(quiet):
            arrays[name] *= np.float32(0.1)
    save_file(arrays, weights)


def _write(folder: Path, head: dict[str, np.ndarray], **settings: object) -> None:
    """Add a head's tensors and settings to a bare model."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **settings}), encoding="utf-8")
    encoder = {
        f"bert.{name}": array for name, array in load_file(folder / "model.safetensors").items()
    }
    save_file({**encoder, **head}, folder / "model.safetensors")
