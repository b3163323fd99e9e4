"""Labels of tokens or words to entities that span several of them.

"B-PER" begins an entity, "I-PER" goes on with one, and so does a label without either.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .words import Join, Tagged

Entity = dict[str, Any]


def single_entities(tagged: Iterable[Tagged], ignore_labels: Collection[str]) -> list[Entity]:
    """Each by itself, without those of a label to be ignored."""
    return [
        {
            "entity": one.label,
            "score": one.score,
            "index": one.place,
            "word": one.word,
            "start": one.start,
            "end": one.end,
        }
        for one in tagged
        if one.label not in ignore_labels
    ]


def grouped_entities(
    tagged: Iterable[Tagged], ignore_labels: Collection[str], join: Join
) -> list[Entity]:
    """Neighbours of one tag as one entity: the mean of their scores, their words together.

    What is ignored is the name of the group: "PER", not "B-PER".
    """
    return [
        {
            "entity_group": name,
            "score": _mean(group),
            "word": join([one.word for one in group]),
            "start": group[0].start,
            "end": group[-1].end,
        }
        for group in groups(tagged)
        if (name := _name(group[0].label)) not in ignore_labels
    ]


def in_no_group(labels: Sequence[str], ignore_labels: Collection[str]) -> NDArray[np.bool_]:
    """Of which labels `grouped_entities` shows no token, whatever its neighbours are.

    A group is named after its first label, so the names of all labels of a tag must be ignored.

    >>> in_no_group(["O", "B-PER", "PER"], {"O", "PER"}).tolist()
    [True, True, True]
    >>> in_no_group(["O", "B-X-Y", "X-Y"], {"O", "Y"}).tolist()
    [True, False, False]
    """
    shown = {_parts(label)[1] for label in labels if _name(label) not in ignore_labels}
    return np.array([_parts(label)[1] not in shown for label in labels])


def groups(tagged: Iterable[Tagged]) -> list[list[Tagged]]:
    """Neighbours whose tags are the same, up to the next one that begins an entity.

    >>> def tagged(label):
    ...     return Tagged(label, 1.0, 0, "", 0, 0)
    >>> found = groups(map(tagged, ["B-PER", "I-PER", "B-PER", "O", "O", "I-LOC", "LOC"]))
    >>> [[one.label for one in group] for group in found]
    [['B-PER', 'I-PER'], ['B-PER'], ['O', 'O'], ['I-LOC', 'LOC']]
    """
    found: list[list[Tagged]] = []
    parts, last = cache(_parts), None  # of a few labels, for many tokens
    for one in tagged:
        begins, tag = parts(one.label)
        if tag == last and not begins:
            found[-1].append(one)
        else:
            found.append([one])
        last = tag
    return found


def _mean(group: list[Tagged]) -> float:
    """Of the scores, in float32 as they are; most groups have one."""
    if len(group) == 1:
        return group[0].score
    return float(np.mean(np.array([one.score for one in group], np.float32)))


def _name(label: str) -> str:
    return label.split("-", 1)[-1]


def _parts(label: str) -> tuple[bool, str]:
    """Whether it begins an entity, and of what kind this is."""
    return label.startswith("B-"), label[2:] if label.startswith(("B-", "I-")) else label


def without_overlaps(entities: list[Entity]) -> list[Entity]:
    """Of entities that overlap, found in windows that do, the longest; of equal ones the surest.

    Each is compared with the one that is kept so far, in order of their beginnings.
    """
    kept: list[Entity] = []
    for entity in sorted(entities, key=lambda entity: int(entity["start"])):
        if not kept or not kept[-1]["start"] <= entity["start"] < kept[-1]["end"]:
            kept.append(entity)
        elif _weight(entity) > _weight(kept[-1]):
            kept[-1] = entity
    return kept


def _weight(entity: Entity) -> tuple[int, float]:
    return entity["end"] - entity["start"], entity["score"]
