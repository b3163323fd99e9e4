"""Masked words of wikitext beside Transformers' pipeline: one mask and two, and targets.

A text passes through the peer's model once; its own steps then choose words from the scores.
"""

from typing import Any

import numpy as np
import transformers

from npdistil import FillMask
from npdistil.encoder.packing import pack_rows
from npdistil.tasks.task_model import open_task_model
from tests.data.real_texts import wikitext
from tools.task_cases.figure import Figure, absolute, is_decided, relative
from tools.task_cases.models import RANDOM, Case, RandomHead

HEAD = RandomHead("fill-mask")
MODELS = (*RANDOM, "wikitext")
MASK = "[MASK]"
WORDS = 18  # of a text, so that many are read in little time
LONGEST = 256
TOP_K = 5
CHOICES = 100  # a word that is decided beats so many: twice a chance of 1 in 30,522 is no answer
TARGETS = ["the", "city", "1990", "in", "war", "music", "he"]


def compare(case: Case, inputs: int) -> Figure:
    """Scores of all words for each mask, the best words, and some that are asked for."""
    texts = masked(wikitext(case.data), inputs)
    peer = transformers.pipeline("fill-mask", str(case.folder), device="cpu")
    ours = FillMask.from_pretrained(case.folder)
    passed = [peer.forward(peer.preprocess(text)) for text in texts]
    target_ids = peer.get_target_ids(TARGETS)
    scores, unlike = [0.0], 0
    for found, wanted in (
        (ours(texts, TOP_K), [peer.postprocess(out, TOP_K) for out in passed]),
        (
            ours(texts[::5], targets=TARGETS, top_k=len(TARGETS)),
            [peer.postprocess(out, len(TARGETS), target_ids) for out in passed[::5]],
        ),
    ):
        for one, two in zip(found, wanted, strict=True):
            unlike += without_scores(one) != without_scores(two)
            scores.append(relative(scores_of(one), scores_of(two)))
    logits, decided = _logits(case, texts, passed, ours.tokenizer.mask_token_id)
    return Figure(
        "fill-mask", case.model, len(texts),
        logits, float(np.max(scores)), unlike, decided / len(texts),
    )  # fmt: skip


def masked(paragraphs: list[str], count: int) -> list[str]:
    """Beginnings of paragraphs with one word masked, every third with two."""
    texts = []
    for number, paragraph in enumerate(paragraphs[:count]):
        words = paragraph.split()[:WORDS]
        words[(7 * number + 3) % len(words)] = MASK
        if number % 3 == 2:
            words[(11 * number + 5) % len(words)] = MASK
        texts.append(" ".join(words))
    return texts


def _logits(case: Case, texts: list[str], passed: list[Any], mask_id: Any) -> tuple[float, int]:
    """The largest difference of a score, and how many texts have a first mask that is decided."""
    model = open_task_model(case.folder, "fill-mask")
    packed = model.tokenizer.pack(texts, LONGEST)
    batch = pack_rows(packed.input_ids_T, packed.cu_seqlens, model.encoder.config)
    rows_M = np.flatnonzero(batch.input_ids_T == mask_id)
    found_MV = model.head.logits(model.encoder.backend, batch, rows_M)
    wanted_MV = np.concatenate(
        [out["logits"][0, out["input_ids"][0] == mask_id].numpy() for out in passed]
    )
    exp_MV = np.exp(found_MV.astype(np.float64) - found_MV.max(axis=1, keepdims=True))
    best_M = 1 / exp_MV.sum(axis=1)
    first_B = np.searchsorted(rows_M, batch.cu_seqlens[:-1])
    decided = sum(is_decided(float(best), CHOICES) for best in best_M[first_B])
    differences = [absolute(*both) for both in zip(found_MV, wanted_MV, strict=True)]
    return float(np.max(differences)), decided


def without_scores(answer: list[Any]) -> list[Any]:
    """What has to be identical: ids, words, texts, and their order."""
    if answer and isinstance(answer[0], list):
        return [without_scores(row) for row in answer]
    return [{key: value for key, value in word.items() if key != "score"} for word in answer]


def scores_of(answer: list[Any]) -> list[float]:
    """The scores in their order."""
    if answer and isinstance(answer[0], list):
        return [score for row in answer for score in scores_of(row)]
    return [word["score"] for word in answer]
