"""A text with other words in one place, without decoding the rest of it again for each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...text.decode import clean_up
from ...text.tokenizer import Tokenizer


class RowTexts:
    """`decode` of rows that differ in one place, [PAD] left out; each word is decoded once.

    What a piece becomes depends on nothing but whether it is the first that is shown. So the text
    before a place and the text behind it are the same for all words, and a word is one of two texts
    wherever it stands.
    """

    def __init__(self, tokenizer: Tokenizer, skip_special_tokens: bool) -> None:
        """Know no word yet.

        Args:
            tokenizer: of the model.
            skip_special_tokens: as for `decode`.
        """
        self._tokenizer, self._skip = tokenizer, skip_special_tokens
        self._pad, self._rows = tokenizer.pad_token_id, tokenizer.vocab_size
        self._words: dict[int, tuple[str, str]] = {}

    def sequences(self, ids_L: NDArray[Any], place: int, words: Sequence[int]) -> list[str]:
        """The text of a row for each of some words that could stand at `place`.

        Args:
            ids_L: the row, [CLS] and [SEP] included.
            place: which of them is another word.
            words: ids; one that the tokenizer has no token for is not shown.
        """
        before, rest = self._shown(ids_L[:place]), ids_L[place + 1 :]
        alone = after = self._shown(rest)
        if alone:
            first, behind = next(word for word in map(self._word, rest.tolist()) if word[0])
            after = behind + alone[len(first) :]
        texts = []
        for first, behind in map(self._word, words):
            shown = before + behind if before else first
            texts.append(shown + after if shown else alone)
        again = self._tokenizer.settings.clean_up_tokenization_spaces
        return [*map(clean_up, texts)] if again else texts

    def _word(self, token: int) -> tuple[str, str]:
        """What a token becomes as the first, and behind another."""
        if token not in self._words:
            first = self._shown(np.array([token]))
            self._words[token] = first, self._shown(np.array([token] * 2))[len(first) :]
        return self._words[token]

    def _shown(self, ids_L: NDArray[Any]) -> str:
        kept = [token for token in ids_L.tolist() if token != self._pad and token < self._rows]
        return self._tokenizer.decode(kept, self._skip, False)


def token_text(tokenizer: Tokenizer, word: int) -> str:
    """The text of a word by itself; empty where the tokenizer has no token for it."""
    return tokenizer.decode([word]) if word < tokenizer.vocab_size else ""
