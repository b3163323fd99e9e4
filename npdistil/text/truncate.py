"""How many tokens of each text are kept when a limit is set."""

STRATEGIES = ("longest_first", "only_first", "only_second")


def kept_lengths(first: int, second: int | None, budget: int) -> tuple[int, int]:
    """Tokens kept of a text, or of a pair, when `budget` tokens fit besides the special ones.

    The shorter text is kept whole if the longer one can pay; else both get half, and the odd
    token goes to the longer. `second` None means that there is no second text; 0 is returned.

    Source: truncate_encodings, LongestFirst (tokenizers). It is a formula, not the loop that
    removes one token at a time from the longer text: the two differ in rounding.

    >>> kept_lengths(10, None, 4), kept_lengths(10, 1, 4), kept_lengths(5, 9, 7)
    ((4, 0), (3, 1), (3, 4))
    """
    if second is None:
        return min(first, budget), 0
    if first + second <= budget:
        return first, second
    swapped = first > second
    shorter, longer = sorted((first, second))
    # What the library tries first: keep the shorter whole and give the longer what is left.
    longer = shorter if shorter > budget else max(shorter, budget - shorter)
    if shorter + longer > budget:
        shorter = budget // 2
        longer = shorter + budget % 2
    return (longer, shorter) if swapped else (shorter, longer)


def kept_of_one(
    first: int, second: int | None, budget: int, strategy: str
) -> tuple[int, int] | None:
    """The same when only one text of a pair may be cut; None where it cannot pay.

    It pays only if something of it is left. A budget of 0 empties both, whatever the strategy.
    Source: truncate_encodings, OnlyFirst and OnlySecond (tokenizers).

    >>> kept_of_one(3, 9, 7, "only_second"), kept_of_one(7, 9, 7, "only_second")
    ((3, 4), None)
    """
    if first + (second or 0) <= budget:
        return first, second or 0
    if budget == 0:
        return 0, 0
    if strategy == "only_first":
        kept = budget - (second or 0)
        return (kept, second or 0) if kept > 0 else None
    if second is None or budget <= first:
        return None
    return first, budget - first
