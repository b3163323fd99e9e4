"""`FillMask`: words for the places that a text leaves open, as Transformers' pipeline does it."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, NamedTuple, Self

import numpy as np

from ...arguments import as_integer, as_texts
from ...dims import Floats, Ints
from ...encoder.packing import PackedBatch
from ...errors import InputError, TokenizerError
from ...heads.masked_lm import MaskedLM
from ...text.tokenizer import Tokenizer
from ..call_defaults import with_defaults
from ..head_task import HeadTask
from ..results import Answers
from ..stream import BATCH_TOKENS, Bounds, answers, by_length, checked_bounds
from ..tokenized import tokenized
from .best_words import Ids, best_words
from .sequences import RowTexts, token_text
from .targets import target_ids

# Masked places whose scores of the whole vocabulary are held at a time: the table of words is read
# once for all of them, from far away. 16 MB for BERT's vocabulary.
ROWS = 128


class _Best(NamedTuple):
    """Of one text: the places of its masks, and of each the best words."""

    place_M: Ids  # tokens of the row, [CLS] counted
    prob_MK: Floats
    ids_MK: Ids


class _Shown(NamedTuple):
    """Ids as text for the answers of one window; what was decoded is kept that long."""

    word: Callable[[int], str]
    without_specials: RowTexts
    with_specials: RowTexts  # of several masks the others are to be seen

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Self:
        word = cache(partial(token_text, tokenizer))
        return cls(word, RowTexts(tokenizer, True), RowTexts(tokenizer, False))


class FillMask(HeadTask[MaskedLM]):
    """A model that says which word a mask stands for. Safe to share between threads.

    The answers are those of the pipeline of Transformers 5.23, but that a list of one text gives a
    list of one result, as every list does here; the pipeline gives the result alone.

    Attributes:
        model: tokenizer, encoder, head, and the settings of config.json.
        tokenizer: cuts text into ids.
        max_length: tokens of a text, [CLS] and [SEP] included; longer texts lose their end.
        mask_id: the id of the mask.
    """

    task = "fill-mask"

    def _prepare(self) -> None:
        """Find the mask.

        Raises:
            TokenizerError: the tokenizer has no mask token.
        """
        mask_id = self.tokenizer.mask_token_id
        if mask_id is None:
            raise TokenizerError(
                "the tokenizer has no mask token, so no text can leave a place open; mask_token in "
                "tokenizer_config.json names it."
            )
        self.mask_id = mask_id

    @with_defaults
    def __call__(
        self,
        inputs: Any,
        top_k: int = 5,
        targets: str | Sequence[str] | None = None,
        *,
        batch_tokens: int = BATCH_TOKENS,
        batch_size: int | None = None,
    ) -> Any:
        """Fill the masks of a text, a list of texts, or a stream of them.

        Args:
            inputs: a text with at least one mask (`tokenizer.settings.mask_token`, "[MASK]"); a
                list, tuple or array of texts; a `Path`, whose lines are the texts; or any other
                iterable.
            top_k: how many words for each mask.
            targets: the only words that may stand there; None: the whole vocabulary. A word that it
                lacks stands for its first piece, with a warning.
            batch_tokens: tokens computed at a time; bounds memory, changes no result.
            batch_size: texts computed at a time; None: as many as `batch_tokens` allows.

        Returns:
            For a text with one mask a list of dicts, best first: `score` (the probability among all
            words), `token` (the id), `token_str`, and `sequence`, the text with the word in its
            place. With several masks such a list for each, in which the other masks stay; each is
            filled as if it were alone. What was cut off says the attribute `num_truncated_tokens`.
            For several texts a list of these, even for a list of one; for a stream an iterator.

        Raises:
            InputError: an argument of the wrong kind, something that is no text, a text without a
                mask in the part that is read, no target that is left, or a `top_k` larger than the
                vocabulary.
        """
        wanted = self._checked_top_k(top_k)
        allowed = None if targets is None else target_ids(self.tokenizer, targets)
        bounds = checked_bounds(batch_tokens, batch_size)

        def window(items: list[Any], first: int) -> list[Answers]:
            texts = as_texts(items, "inputs", first)
            batch, truncated_B = tokenized(
                self.tokenizer, self.model.encoder.config, texts, max_length=self.max_length
            )
            truncated = truncated_B.tolist()
            self._expect_masks(batch, truncated, first)
            best = self._best(batch, wanted, allowed, bounds)
            ids = np.split(batch.input_ids_T, batch.cu_seqlens[1:-1])
            shown = _Shown.of(self.tokenizer)
            return [
                Answers(_filled(shown, ids_L, found), count)
                for ids_L, found, count in zip(ids, best, truncated, strict=True)
            ]

        return answers(inputs, lambda item: isinstance(item, str), window, "texts")

    def _checked_top_k(self, top_k: object) -> int:
        words = self.model.encoder.config.vocab_size
        value = as_integer(top_k, "top_k")
        if not 1 <= value <= words:
            raise InputError(
                f"top_k: expected 1 to {words}, the words of the vocabulary, received {value}."
            )
        return value

    def expect_mask(self, text: str) -> None:
        """Refuse a text that cannot be filled, before many others are.

        Raises:
            InputError: there is no mask in it, or none in the part that the model takes.
        """
        batch, truncated_B = tokenized(
            self.tokenizer, self.model.encoder.config, [text], max_length=self.max_length
        )
        if not np.any(batch.input_ids_T == self.mask_id):
            raise InputError(self._no_mask(int(truncated_B[0])))

    def _no_mask(self, truncated: int) -> str:
        mask = self.tokenizer.settings.mask_token
        if truncated:
            return (
                f"no {mask} in the first {self.max_length} tokens, which are all that the model "
                "takes; shorten the text so that it has one there."
            )
        return f"no {mask} in the text; write it where a word is to be filled in."

    def _expect_masks(self, batch: PackedBatch, truncated: list[int], first: int) -> None:
        masks_B = np.add.reduceat(batch.input_ids_T == self.mask_id, batch.cu_seqlens[:-1])
        for number in np.flatnonzero(masks_B == 0).tolist():
            raise InputError(f"inputs[{first + number}]: {self._no_mask(truncated[number])}")

    def _best(
        self, batch: PackedBatch, top_k: int, allowed: Ids | None, bounds: Bounds
    ) -> list[_Best]:
        """Of each text; all masks of a bundle pass over the table of words together."""
        backend, head = self.model.encoder.backend, self.model.head
        found: dict[int, _Best] = {}
        for numbers, part in by_length(batch, *bounds):
            rows_M = np.flatnonzero(part.input_ids_T == self.mask_id)
            hidden_MD = head.hidden(backend, part, rows_M)
            blocks = [
                best_words(head.scores(hidden_MD[m : m + ROWS]), top_k, allowed)
                for m in range(0, len(rows_M), ROWS)
            ]
            prob_MK, ids_MK = map(np.concatenate, zip(*blocks, strict=True))
            ends = np.searchsorted(rows_M, part.cu_seqlens)
            for n, number in enumerate(numbers.tolist()):
                own = slice(ends[n], ends[n + 1])
                place_M = rows_M[own] - part.cu_seqlens[n]
                found[number] = _Best(place_M, prob_MK[own], ids_MK[own])
        return [found[number] for number in range(len(found))]


def _filled(shown: _Shown, ids_L: Ints, best: _Best) -> list[Any]:
    """The result of one text."""
    alone = len(best.place_M) == 1
    rows = shown.without_specials if alone else shown.with_specials
    filled = []
    for place, prob_K, words in zip(
        best.place_M.tolist(), best.prob_MK.tolist(), best.ids_MK.tolist(), strict=True
    ):
        texts = rows.sequences(ids_L, place, words)
        proposals = [
            {"score": score, "token": word, "token_str": shown.word(word), "sequence": text}
            for score, word, text in zip(prob_K, words, texts, strict=True)
        ]
        filled.append(proposals)
    return filled[0] if alone else filled
