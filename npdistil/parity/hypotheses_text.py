"""What another tokenizer may do: keep capitals or accents, or cut texts at another length."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from .hypothesis import IDS, Case, Compute, Hypothesis
from .ours import Ours

# Lengths that people choose; others are tried only where they are few.
USUAL = (16, 32, 50, 64, 75, 96, 100, 120, 128, 150, 192, 200, 250, 256, 300, 384, 400, 500, 512)
FEW = 32


def text_hypotheses(case: Case) -> Iterator[Hypothesis]:
    """Other settings of `text/normalize.py`, the smallest change first, and another length."""
    ours, text = case.ours, case.ours.tokenizer_settings
    lower = text.do_lower_case
    strip = lower if text.strip_accents is None else text.strip_accents
    yield Hypothesis(
        "strip_accents",
        IDS,
        "They keep accents, which this model's tokenizer strips (strip_accents)."
        if strip
        else "They strip accents, which this model's tokenizer keeps (strip_accents).",
        _cut_anew(ours, tokenizer_settings=text._replace(strip_accents=not strip)),
    )
    for accents in dict.fromkeys((strip, not lower)):  # as they were, or as letters are
        yield Hypothesis(
            "lower_case",
            IDS,
            "They keep capitals, which this model's tokenizer lowers (do_lower_case)."
            if lower
            else "They lower capitals, which this model's tokenizer keeps (do_lower_case).",
            _cut_anew(
                ours,
                tokenizer_settings=text._replace(do_lower_case=not lower, strip_accents=accents),
            ),
        )
    for length in _lengths(case) if case.may_begin(IDS) else ():
        yield Hypothesis(
            "max_length",
            IDS,
            f"They cut texts at {length} tokens, this model at {ours.max_length}: "
            "max_seq_length of sentence_bert_config.json, else model_max_length.",
            _cut_anew(ours, max_length=length),
        )


def _cut_anew(ours: Ours, **parts: Any) -> Compute:
    return lambda texts, _: replace(ours, **parts).observe(texts)


def _lengths(case: Case) -> Iterable[int]:
    """Where texts may be cut so that those become others that differ, and no others."""
    ours, theirs = case.ours, case.theirs
    positions = ours.config.max_position_embeddings
    told = [theirs.settings.get("max_length")]
    if theirs.input_ids is not None:
        told.append(max(map(len, theirs.input_ids)))
    told += [value.shape[-2] for value in theirs.activations.values() if value.ndim > 2]
    whole_B = [len(row) for row in replace(ours, max_length=positions).tokens(case.texts).input_ids]
    some = [whole_B[b] for b in case.differing]
    same = [length for b, length in enumerate(whole_B) if b not in case.differing]
    if not some:
        return []
    fits = range(max([3, *same]), min([ours.max_length, *some]))  # shorter than ours
    if min(some) > ours.max_length and all(length <= ours.max_length for length in same):
        fits = range(3, positions + 1)
    near = [*fits] if len(fits) <= FEW else []
    tried = [length for length in (*told, *USUAL, *near) if length in fits]
    return [length for length in dict.fromkeys(tried) if length != ours.max_length]
