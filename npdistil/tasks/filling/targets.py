"""The words that a caller allows behind a mask, as ids."""

from collections.abc import Sequence

import numpy as np

from ...arguments import as_texts
from ...errors import InputError
from ...text.tokenizer import Tokenizer
from ..user_warning import warn_user
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
                warn_user(
                    f"targets: {word!r} is not in the vocabulary and has no pieces that are; it is "
                    "left out."
                )
                continue
            token_id = tokenizer.convert_tokens_to_ids(pieces[0])
            warn_user(
                f"targets: {word!r} is not in the vocabulary; its first piece {pieces[0]!r} stands "
                "for it."
            )
        found[token_id] = None
    if not found:
        raise InputError("targets: none of them is left; give at least one word.")
    return np.array(list(found), np.intp)
