"""The steps from scores to entities beside those of Transformers' pipeline, on drawn numbers.

No model is needed: its scores are made up, so that labels change within words and at every border.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast
from transformers.pipelines.token_classification import (
    AggregationStrategy,
    TokenClassificationPipeline,
)

from npdistil import Tokenizer
from npdistil.tasks.tagging.entities import grouped_entities, single_entities, without_overlaps
from npdistil.tasks.tagging.rows import make_rows
from npdistil.tasks.tagging.tokens import gather
from npdistil.tasks.tagging.words import STRATEGIES, Strategy, tag
from npdistil.text.decode import join_pieces

LABELS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "LOC", "X-LOC", "B-a-b")
TEXTS = [
    "Barack Obama wasn't in Zürich-West (or E\u0301vian) on 3.5.2019, was he?",
    "unbelievable antidisestablishmentarianism 中文字 ☃ snowmen #NYC @user http://t.co/x",
    "  ÀÉ don't ... [SEP] [MASK] do not!",
    "x",
    "",
]


@pytest.fixture(scope="module")
def peer(minilm_folder) -> Any:
    """The pipeline without a model: its steps need labels and a tokenizer alone."""
    made = object.__new__(TokenClassificationPipeline)
    made.tokenizer = PreTrainedTokenizerFast.from_pretrained(minilm_folder)
    made.model = SimpleNamespace(config=SimpleNamespace(id2label=dict(enumerate(LABELS))))
    return made


@pytest.fixture(scope="module")
def tokenizer(minilm_folder) -> Tokenizer:
    """Ours, of the same folder."""
    return Tokenizer.from_pretrained(minilm_folder, backend="python")


def theirs(peer: Any, text: str, scores_LC: np.ndarray, strategy: str) -> list[dict[str, Any]]:
    """Entities, with nothing ignored."""
    tokens = peer.tokenizer(
        text, return_offsets_mapping=True, return_special_tokens_mask=True, truncation=True,
        max_length=256,
    )  # fmt: skip
    chosen = AggregationStrategy(strategy)
    gathered = peer.gather_pre_entities(
        text, np.array(tokens["input_ids"]), scores_LC, tokens["offset_mapping"],
        np.array(tokens["special_tokens_mask"]), chosen,
    )  # fmt: skip
    found: list[dict[str, Any]] = peer.aggregate(gathered, chosen)
    return found


def ours(
    tokenizer: Tokenizer, text: str, scores_LC: np.ndarray, strategy: Strategy
) -> list[dict[str, Any]]:
    """Likewise."""

    def join(pieces: list[str]) -> str:
        return join_pieces(pieces, "##", cleanup=True)

    (row,) = make_rows(tokenizer, [text], None, 256, None).rows
    tagged = tag(gather(text, row, scores_LC, True), strategy, LABELS, join)
    if strategy == "none":
        return single_entities(tagged, ())
    return grouped_entities(tagged, (), join)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("text", TEXTS)
def test_entities_are_theirs(peer, tokenizer, strategy, text, rng, compared):
    """Catches another order, word, offset, label or score of any entity."""
    rows, entities = len(peer.tokenizer(text)["input_ids"]), 0
    for _ in range(20):
        scores_LC = rng.dirichlet(np.full(len(LABELS), 0.2), rows).astype(np.float32)
        wanted = theirs(peer, text, scores_LC, strategy)
        found = ours(tokenizer, text, scores_LC, strategy)
        assert [list(one) for one in found] == [list(one) for one in wanted]
        for one, other in zip(found, wanted, strict=True):
            assert one.pop("score") == pytest.approx(float(other.pop("score")), rel=1e-6)
            assert one == other
        entities += len(found)
    compared(f"entities of drawn scores, {strategy}", entities)
    assert entities or not text


def test_overlaps_are_resolved_as_theirs(peer, rng):
    """Catches another choice among entities of two windows."""
    for _ in range(300):
        starts, sizes = rng.integers(0, 25, 12), rng.integers(1, 8, 12)
        scores = rng.integers(0, 4, 12) / 4
        entities = [
            {"start": int(start), "end": int(start + size), "score": float(score)}
            for start, size, score in zip(starts, sizes, scores, strict=True)
        ]
        assert without_overlaps(entities) == peer.aggregate_overlapping_entities(entities)
