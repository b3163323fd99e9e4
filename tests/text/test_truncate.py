"""The truncation law, against a second form of it and against what must hold in any case."""

from npdistil.text.truncate import kept_lengths


def formula(n1: int, n2: int, budget: int) -> tuple[int, int]:
    """The library's steps, spelled out one after another."""
    if n1 + n2 <= budget:
        return n1, n2
    swap = n1 > n2
    if swap:
        n1, n2 = n2, n1
    n2 = n1 if n1 > budget else max(n1, budget - n1)
    if n1 + n2 > budget:
        n1 = budget // 2
        n2 = n1 + budget % 2
    if swap:
        n1, n2 = n2, n1
    return n1, n2


def one_by_one(n1: int, n2: int, budget: int) -> tuple[int, int]:
    """What the law approximates: remove from the longer text until both fit."""
    while n1 + n2 > budget:
        if n1 > n2:
            n1 -= 1
        else:
            n2 -= 1
    return n1, n2


def test_all_small_pairs() -> None:
    """Catches a wrong swap, rounding to the wrong text, and tokens lost or kept too many."""
    rounded_otherwise = 0
    for n1 in range(15):
        for n2 in range(15):
            for budget in range(16):
                kept = kept_lengths(n1, n2, budget)
                assert kept == formula(n1, n2, budget), (n1, n2, budget)
                assert sum(kept) == min(n1 + n2, budget), (n1, n2, budget)
                assert kept[0] <= n1 and kept[1] <= n2, (n1, n2, budget)
                by_loop = one_by_one(n1, n2, budget)
                assert max(abs(a - b) for a, b in zip(kept, by_loop, strict=True)) <= 1
                rounded_otherwise += kept != by_loop
    assert rounded_otherwise > 0  # else the loop would do, and this file would be too long


def test_known_values() -> None:
    """Catches the loop of the old slow tokenizer: it keeps the first text of (1, 1) for 1."""
    assert kept_lengths(1, 1, 1) == (0, 1)
    assert kept_lengths(5, 5, 0) == (0, 0)
    assert kept_lengths(2, 100, 10) == (2, 8)
    assert kept_lengths(100, 2, 10) == (8, 2)


def test_single_texts() -> None:
    """Catches a single text treated as a pair with an empty one, which halves its budget."""
    assert [kept_lengths(n, None, 4) for n in (0, 4, 9)] == [(0, 0), (4, 0), (4, 0)]
