"""A text with other words in one place, without decoding the rest of it again for each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...text.decode import clean_up
from ...text.tokenizer import Tokenizer


def sequences(
    tokenizer: Tokenizer,
    ids_L: NDArray[Any],
    place: int,
    words: Sequence[int],
    skip_special_tokens: bool,
) -> list[str]:
    """`decode` of a row for each of some words that could stand at `place`, [PAD] left out.

    What a piece becomes depends on nothing but whether it is the first, so the text before the
    place and the text behind it are the same for all words: behind any token that is shown.

    Args:
        tokenizer: of the model.
        ids_L: the row, [CLS] and [SEP] included.
        place: which of them is another word.
        words: ids; one that the tokenizer has no token for is not shown.
        skip_special_tokens: as for `decode`.
    """
    pad, rows = tokenizer.pad_token_id, tokenizer.vocab_size

    def shown(ids: Sequence[int] | NDArray[Any]) -> str:
        kept = [token for token in np.asarray(ids).tolist() if token != pad and token < rows]
        return tokenizer.decode(kept, skip_special_tokens, False)

    first, rest = ids_L[:place].tolist(), ids_L[place + 1 :].tolist()
    before = shown(first)
    anchors = (token for token in (*first[::-1], *words) if shown([token]))
    anchor = next(anchors, None)
    if anchor is None:  # no word is shown, so all leave being the first to what follows
        texts = [shown(rest)] * len(words)
    else:
        start = len(shown([anchor]))
        after = shown([anchor, *rest])[start:]
        if before:
            texts = [before + shown([anchor, word])[start:] + after for word in words]
        else:
            texts = [alone + after if (alone := shown([w])) else shown(rest) for w in words]
    return [*map(clean_up, texts)] if tokenizer.settings.clean_up_tokenization_spaces else texts


def token_text(tokenizer: Tokenizer, word: int) -> str:
    """The text of a word by itself; empty where the tokenizer has no token for it."""
    return tokenizer.decode([word]) if word < tokenizer.vocab_size else ""
