"""The ids of both sides, text by text: where the first token differs, and what stands there."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from ..config import EncoderConfig
from ..text.tokenizer import Tokenizer
from .report import IdsRow
from .side import Tokens
from .texts import Text, joined


def ids_rows(
    tokenizer: Tokenizer, texts: Sequence[Text], ours: Tokens, theirs: Tokens
) -> Iterator[IdsRow]:
    """A row for each text; their pieces are read in our vocabulary.

    Args:
        tokenizer: ours.
        texts: all of them.
        ours: of these texts.
        theirs: likewise.
    """
    for number, text in enumerate(texts):
        shown = joined(text)
        mine, other = _typed(ours, number), _typed(theirs, number)
        row = IdsRow(number, shown, len(mine), len(other), None, "", "")
        for place, (one, two) in enumerate(zip_longest(mine, other)):
            if one != two:
                pieces = _piece(tokenizer, one, two), _piece(tokenizer, two, one)
                row = IdsRow(number, shown, len(mine), len(other), place, *pieces)
                break
        yield row


def computable(config: EncoderConfig, tokens: Tokens) -> bool:
    """Whether our model has rows for these ids, types and positions."""
    ids, types = tokens.input_ids, tokens.token_type_ids
    if not all(0 < len(row) <= config.max_position_embeddings for row in ids):
        return False
    if types is not None and [*map(len, types)] != [*map(len, ids)]:
        return False
    sound = all(0 <= min(row) and max(row) < config.vocab_size for row in ids)
    return sound and all(
        0 <= min(row) and max(row) < max(config.type_vocab_size, 1) for row in types or ()
    )


def _typed(tokens: Tokens, number: int) -> list[tuple[int, int]]:
    """Ids with their types, which are 0 unless somebody says otherwise."""
    ids = tokens.input_ids[number]
    types = tokens.token_type_ids[number] if tokens.token_type_ids else []
    return [*zip(ids, [*types, *[0] * len(ids)], strict=False)]


def _piece(tokenizer: Tokenizer, own: tuple[int, int] | None, other: tuple[int, int] | None) -> str:
    if own is None:
        return ""
    token, type_id = own
    known = 0 <= token < tokenizer.vocab_size
    text = tokenizer.convert_ids_to_tokens([token])[0] if known else f"id {token}"
    alike = other is not None and other[0] == token
    return f"{text} (type {type_id})" if alike else text
