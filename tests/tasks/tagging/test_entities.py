"""Entities of tagged words, on made-up labels."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npdistil.tasks.tagging.entities import (
    grouped_entities,
    groups,
    in_no_group,
    single_entities,
    without_overlaps,
)
from npdistil.tasks.tagging.tokens import TokenRow, gather
from npdistil.tasks.tagging.words import Tagged, tag

LABELS = ("O", "B-PER", "I-PER", "PER", "B-LOC", "I-LOC", "X-LOC", "I-B-x", "-")


def tagged(*labels: str) -> list[Tagged]:
    """Words of one letter, at every second character."""
    return [
        Tagged(label, n / 16, n, chr(97 + n % 26), 2 * n, 2 * n + 1)
        for n, label in enumerate(labels)
    ]


@pytest.mark.parametrize(
    "labels, sizes",
    [
        (["B-PER", "I-PER", "I-PER"], [3]),
        (["I-PER", "B-PER", "I-PER"], [1, 2]),  # adjacent, but the second begins one
        (["B-PER", "B-PER"], [1, 1]),
        (["B-PER", "I-LOC"], [1, 1]),
        (["PER", "PER", "LOC"], [2, 1]),  # labels without B and I
        (["B-PER", "PER", "I-PER"], [3]),
        (["O", "O", "B-PER", "O"], [2, 1, 1]),
        (["X-LOC", "I-LOC"], [1, 1]),  # only B and I are prefixes
        ([], []),
    ],
)
def test_which_neighbours_belong_together(labels, sizes):
    """Catches adjacent entities that become one, and one that falls apart."""
    assert [len(group) for group in groups(tagged(*labels))] == sizes


def test_an_entity_is_its_words():
    """Catches another score than the mean, and the end of the first word for that of the last."""
    words = tagged("O", "B-PER", "I-PER", "O", "X-LOC")
    found = grouped_entities(words, {"O"}, " ".join)
    assert found == [
        {"entity_group": "PER", "score": 1.5 / 16, "word": "b c", "start": 2, "end": 5},
        {"entity_group": "LOC", "score": 4 / 16, "word": "e", "start": 8, "end": 9},
    ]


@given(
    st.lists(st.integers(0, len(LABELS) - 1), max_size=12),
    st.sets(st.sampled_from(["O", "PER", "LOC", "B-x", "x", "", "-", "X-LOC"])),
)
def test_what_nobody_sees_may_be_left_out_before(best, ignored):
    """Catches a token that is needed and left out, and neighbours of one that then become one."""
    L = len(best)
    spans_L2 = np.arange(2 * L, dtype=np.int32).reshape(L, 2)
    row = TokenRow(["w"] * L, spans_L2, np.zeros(L, bool), np.zeros(L, bool))
    scores_LC = np.eye(len(LABELS), dtype=np.float32)[best].reshape(L, len(LABELS))
    unseen_C = in_no_group(LABELS, ignored)
    every, few = (
        gather("", row, scores_LC, marks_subwords=True, ignored_C=mask) for mask in (None, unseen_C)
    )
    assert sum(unseen_C[[best[token.place] for token in few]]) <= 1 + L - sum(unseen_C[best])
    found = [
        grouped_entities(tag(tokens, "simple", LABELS, " ".join), ignored, " ".join)
        for tokens in (every, few)
    ]
    assert found[0] == found[1]


def test_what_is_ignored():
    """Of entities the tag counts, of tokens the label; nothing by default but what is asked."""
    words = tagged("B-PER", "O", "I-LOC")
    assert [one["entity"] for one in single_entities(words, {"B-PER"})] == ["O", "I-LOC"]
    names = [one["entity_group"] for one in grouped_entities(words, {"B-PER", "LOC"}, " ".join)]
    assert names == ["PER", "O"]
    assert len(grouped_entities(words, set(), " ".join)) == 3


def entity(start: int, end: int, score: float) -> dict[str, Any]:
    return {"start": start, "end": end, "score": score}


@pytest.mark.parametrize(
    "found, kept",
    [
        ([(0, 3, 0.5), (2, 6, 0.1)], [(2, 6, 0.1)]),  # the longer
        ([(0, 3, 0.5), (1, 4, 0.6)], [(1, 4, 0.6)]),  # as long: the surer
        ([(0, 3, 0.5), (0, 3, 0.5)], [(0, 3, 0.5)]),
        ([(0, 3, 0.5), (3, 4, 0.1)], [(0, 3, 0.5), (3, 4, 0.1)]),  # they only touch
        ([(7, 9, 0.1), (0, 3, 0.5)], [(0, 3, 0.5), (7, 9, 0.1)]),
        ([(0, 3, 0.5), (2, 6, 0.1), (5, 9, 0.1)], [(2, 6, 0.1)]),  # beside what is kept, no other
        ([], []),
    ],
)
def test_overlaps_of_windows(found, kept):
    """Catches an entity that is reported twice, and the wrong one of two."""
    assert without_overlaps([entity(*one) for one in found]) == [entity(*one) for one in kept]


@given(st.lists(st.sampled_from(LABELS), max_size=25))
def test_groups_cover_all_words_in_order(labels):
    """Catches a last group that is lost, and two tags in one group."""
    words = tagged(*labels)
    found = groups(words)
    assert [one for group in found for one in group] == words
    for group in found:
        assert not any(one.label.startswith("B-") for one in group[1:])
        assert len({one.label.removeprefix("B-").removeprefix("I-") for one in group}) == 1
    entities = grouped_entities(words, set(), " ".join)
    assert all(one["end"] <= two["start"] for one, two in pairwise(entities))


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 9), st.floats(0, 1, width=16)).map(
            lambda drawn: entity(drawn[0], drawn[0] + drawn[1], drawn[2])
        )
    )
)
def test_what_is_kept_does_not_overlap_where_it_begins(entities):
    """Catches windows whose shared entities both stay."""
    kept = without_overlaps(entities)
    assert all(one in entities for one in kept)
    assert all(one["end"] <= two["start"] for one, two in pairwise(kept))
    assert bool(kept) == bool(entities)
