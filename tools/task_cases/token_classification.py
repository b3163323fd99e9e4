"""Tags of WNUT17 sentences beside Transformers' pipeline: all strategies, windows, lists of words.

A sentence passes through the peer's model once; its own steps then make entities of the scores.
Every sentence is compared without aggregation and by one of the four other strategies.
"""

from typing import Any, NamedTuple

import numpy as np
import transformers
from transformers.pipelines.token_classification import AggregationStrategy

from npdistil import TokenClassification
from npdistil.encoder.packing import pack_rows
from npdistil.tasks.tagging.words import STRATEGIES
from npdistil.tasks.task_model import open_task_model
from tests.data.real_texts import wnut17
from tools.task_cases.figure import Figure, absolute, is_decided, relative
from tools.task_cases.models import RANDOM, Case, RandomHead

KINDS = ("corporation", "group", "location", "person", "product")
LABELS = ("O", *(f"{place}-{kind}" for kind in KINDS for place in "BI"), "LOC", "MISC")
HEAD = RandomHead("token-classification", LABELS)
MODELS = (*RANDOM, "wnut17")
LONGEST = 512
WINDOW, STRIDE, SENTENCES = 64, 16, 8  # tokens of a window, tokens shared, sentences of a long text


class Found(NamedTuple):
    """Entities of some texts, by ours and by the peer."""

    ours: list[list[dict[str, Any]]]
    theirs: list[list[dict[str, Any]]]


def compare(case: Case, inputs: int) -> Figure:
    """Logits of all tokens, and every entity, of sentences of WNUT17 dev."""
    words = [found for found in wnut17(case.data) if 4 < len(found) < 20][:inputs]
    texts = [" ".join(found) for found in words]
    peer = transformers.pipeline("token-classification", str(case.folder), device="cpu")
    peer.tokenizer.model_max_length = LONGEST
    ours = TokenClassification.from_pretrained(case.folder)
    passed = [
        [peer.forward(row) for row in peer.preprocess(text, is_split_into_words=False)]
        for text in texts
    ]
    logits, decided = _logits(case, texts, [rows[0]["logits"][0].numpy() for rows in passed])
    scores, unlike = [0.0], 0
    for found in (
        _strategy(ours, peer, texts, passed, "none"),
        *(
            _strategy(ours, peer, texts[n::4], passed[n::4], strategy)
            for n, strategy in enumerate(strategy for strategy in STRATEGIES if strategy != "none")
        ),
        _windows(ours, peer, texts[: max(inputs // 5, SENTENCES)]),
        _words(ours, peer, words[: max(inputs // 10, 1)]),
    ):
        scores.append(_scores(found))
        unlike += _unlike(found)
    return Figure(
        "token classification", case.model, len(texts),
        logits, float(np.max(scores)), unlike, decided / len(texts),
    )  # fmt: skip


def _logits(case: Case, texts: list[str], wanted: list[Any]) -> tuple[float, int]:
    """The largest difference, and how many texts have tokens that are decided, most of them."""
    model = open_task_model(case.folder, "token-classification")
    packed = model.tokenizer.pack(texts, LONGEST)
    batch = pack_rows(packed.input_ids_T, packed.cu_seqlens, model.encoder.config)
    found = model.head.logits(model.encoder.backend, batch)
    decided = 0
    for logits_LC in np.split(found.astype(np.float64), batch.cu_seqlens[1:-1]):
        exp_LC = np.exp(logits_LC - logits_LC.max(axis=1, keepdims=True))
        best_L = (exp_LC / exp_LC.sum(axis=1, keepdims=True)).max(axis=1)
        decided += is_decided(float(np.median(best_L)), logits_LC.shape[1])
    differences = [absolute(*both) for both in zip(found, np.concatenate(wanted), strict=True)]
    return float(np.max(differences)), decided


def _strategy(ours: Any, peer: Any, texts: list[str], passed: list[Any], strategy: Any) -> Found:
    chosen = AggregationStrategy(strategy)
    return Found(
        ours(texts, strategy, ignore_labels=[]),
        [peer.postprocess(rows, chosen, ignore_labels=[]) for rows in passed],
    )


def _windows(ours: Any, peer: Any, texts: list[str]) -> Found:
    """Long texts, of several sentences, in short windows; "O" is left out, as it is by default."""
    long = [
        " ".join(texts[n : n + SENTENCES]) for n in range(0, len(texts) - SENTENCES + 1, SENTENCES)
    ]
    assert long, "no text is long enough for windows"
    before = ours.max_length, peer.tokenizer.model_max_length
    ours.max_length = peer.tokenizer.model_max_length = WINDOW
    options = {"aggregation_strategy": "first", "stride": STRIDE, "ignore_labels": ["O"]}
    found = Found(ours(long, **options), peer(long, **options))
    ours.max_length, peer.tokenizer.model_max_length = before
    return found


def _words(ours: Any, peer: Any, words: list[list[str]]) -> Found:
    """Sentences as they are in the file, in words."""
    options = {
        "aggregation_strategy": "average",
        "ignore_labels": [],
        "is_split_into_words": True,
        "delimiter": "_",
    }
    return Found(ours(words, **options), peer(words, **options))


def _unlike(found: Found) -> int:
    """Entities that only one of both has: other labels, words, offsets, numbers, or keys."""
    count = 0
    for ours, theirs in zip(found.ours, found.theirs, strict=True):
        one, two = (
            [[(key, value) for key, value in entity.items() if key != "score"] for entity in side]
            for side in (ours, theirs)
        )
        count += sum(entity not in two for entity in one)
        count += sum(entity not in one for entity in two)
        count += one != two and len(one) == len(two)
    return count


def _scores(found: Found) -> float:
    """The largest relative difference, over texts with as many entities on both sides."""
    sides = [
        (ours, theirs)
        for ours, theirs in zip(found.ours, found.theirs, strict=True)
        if len(ours) == len(theirs)
    ]
    return relative(
        [entity["score"] for ours, _ in sides for entity in ours],
        [float(entity["score"]) for _, theirs in sides for entity in theirs],
    )
