"""The words that a caller allows behind a mask, as ids."""

import warnings
from collections.abc import Sequence

import numpy as np

from ...arguments import as_texts
from ...errors import InputError
from ...text.tokenizer import Tokenizer
from .best_words import Ids


def target_ids(tokenizer: Tokenizer, targets: str | Sequence[str]) -> Ids:
    """The ids of some words, each once, in their order.

    As in Transformers, a word that the vocabulary lacks stands for its first piece, with a warning;
    of one without pieces nothing is left but the warning.

    Args:
        tokenizer: of the model.
        targets: a word, or several; looked up as they are, capital letters too.

    Raises:
        InputError: no words, or none that is left.
    """
    words = as_texts(targets, "targets")
    found: dict[int, None] = {}
    unknown, unk_token = tokenizer.unk_token_id, tokenizer.settings.unk_token
    for word in words:
        token_id = tokenizer.convert_tokens_to_ids(word)
        if token_id == unknown and word != unk_token:
            pieces = tokenizer.tokenize(word)
            if not pieces:
                warnings.warn(
                    f"targets: {word!r} is not in the vocabulary and has no pieces that are; it is "
                    "left out.",
                    stacklevel=2,
                )
                continue
            token_id = tokenizer.convert_tokens_to_ids(pieces[0])
            warnings.warn(
                f"targets: {word!r} is not in the vocabulary; its first piece {pieces[0]!r} stands "
                "for it.",
                stacklevel=2,
            )
        found[token_id] = None
    if not found:
        raise InputError("targets: none of them is left; give at least one word.")
    return np.array(list(found), np.intp)
