"""`FillMask`: words for the places that a text leaves open, as Transformers' pipeline does it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from ...arguments import as_integer, as_texts
from ...dims import Floats, Ints
from ...encoder.packing import PackedBatch, pack_rows
from ...errors import InputError, TokenizerError
from ...heads.masked_lm import MaskedLM
from ..results import Answers
from ..stream import BATCH_TOKENS, answers, by_length
from ..task_model import TaskModel, open_task_model
from .best_words import Ids, best_words
from .sequences import sequences, token_text
from .targets import target_ids

ROWS = 32  # masked places whose scores of the whole vocabulary are held at a time


class _Best(NamedTuple):
    """Of one text: the places of its masks, and of each the best words."""

    place_M: Ids  # tokens of the row, [CLS] counted
    prob_MK: Floats
    ids_MK: Ids


class FillMask:
    """A model that says which word a mask stands for. Safe to share between threads.

    Attributes:
        tokenizer: cuts text into ids.
        max_length: tokens of a text, [CLS] and [SEP] included; longer texts lose their end.
    """

    def __init__(self, model: TaskModel[MaskedLM]) -> None:
        """Take a model whose head makes a score for each word.

        Raises:
            TokenizerError: its tokenizer has no mask token.
        """
        mask_id = model.tokenizer.mask_token_id
        if mask_id is None:
            raise TokenizerError(
                "the tokenizer has no mask token, so no text can leave a place open; mask_token in "
                "tokenizer_config.json names it."
            )
        self._model, self._mask_id = model, mask_id
        self.tokenizer = model.tokenizer
        self.max_length = model.max_length

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        backend: str = "numba",
        num_threads: int | None = None,
        revision: str | None = None,
    ) -> Self:
        """Load a folder that `BertForMaskedLM` or its like was saved to.

        Args:
            folder: or the file of weights in it that is meant; or as a string a model's name at the
                hub, as for `Encoder`.
            backend: "numba" or "numpy".
            num_threads: see `Encoder`.
            revision: of a model of the hub: a branch, tag or commit; None means main.

        Raises:
            InputError: an argument is none of the above.
            ConfigError, ModelFileError, TokenizerError: the folder cannot be used, or has a head of
                another task; says why.
        """
        return cls(open_task_model(folder, "fill-mask", backend, num_threads, revision))

    def __call__(
        self, inputs: Any, top_k: int = 5, targets: str | Sequence[str] | None = None
    ) -> Any:
        """Fill the masks of a text, a list of texts, or a stream of them.

        Args:
            inputs: a text with at least one mask (`tokenizer.settings.mask_token`, "[MASK]"); a
                list, tuple or array of texts; a `Path`, whose lines are the texts; or any other
                iterable.
            top_k: how many words for each mask.
            targets: the only words that may stand there; None: the whole vocabulary. A word that it
                lacks stands for its first piece, with a warning.

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

        def window(items: list[Any], first: int) -> list[Answers]:
            texts = as_texts(items, "inputs", first)
            packed = self.tokenizer.pack(texts, self.max_length, return_num_truncated_tokens=True)
            truncated = np.asarray(packed.num_truncated_tokens).tolist()
            batch = pack_rows(packed.input_ids_T, packed.cu_seqlens, self._model.encoder.config)
            self._expect_masks(batch, truncated, first)
            best = self._best(batch, wanted, allowed)
            ids = np.split(batch.input_ids_T, batch.cu_seqlens[1:-1])
            return [
                Answers(self._filled(ids_L, found), count)
                for ids_L, found, count in zip(ids, best, truncated, strict=True)
            ]

        return answers(inputs, lambda item: isinstance(item, str), window, "texts")

    def _checked_top_k(self, top_k: object) -> int:
        words = self._model.encoder.config.vocab_size
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
        packed = self.tokenizer.pack([text], self.max_length, return_num_truncated_tokens=True)
        if not np.any(packed.input_ids_T == self._mask_id):
            raise InputError(self._no_mask(int(np.asarray(packed.num_truncated_tokens)[0])))

    def _no_mask(self, truncated: int) -> str:
        mask = self.tokenizer.settings.mask_token
        if truncated:
            return (
                f"no {mask} in the first {self.max_length} tokens, which are all that the model "
                "takes; shorten the text so that it has one there."
            )
        return f"no {mask} in the text; write it where a word is to be filled in."

    def _expect_masks(self, batch: PackedBatch, truncated: list[int], first: int) -> None:
        masks_B = np.add.reduceat(batch.input_ids_T == self._mask_id, batch.cu_seqlens[:-1])
        for number in np.flatnonzero(masks_B == 0).tolist():
            raise InputError(f"inputs[{first + number}]: {self._no_mask(truncated[number])}")

    def _best(self, batch: PackedBatch, top_k: int, allowed: Ids | None) -> list[_Best]:
        """Of each text; all masks of a bundle pass over the table of words together."""
        backend, head = self._model.encoder.backend, self._model.head
        found: dict[int, _Best] = {}
        for numbers, part in by_length(batch, BATCH_TOKENS):
            rows_M = np.flatnonzero(part.input_ids_T == self._mask_id)
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

    def _filled(self, ids_L: Ints, best: _Best) -> list[Any]:
        """The result of one text."""
        alone = len(best.place_M) == 1  # of several masks the others are to be seen
        filled = []
        for place, prob_K, words in zip(
            best.place_M.tolist(), best.prob_MK.tolist(), best.ids_MK.tolist(), strict=True
        ):
            texts = sequences(self.tokenizer, ids_L, place, words, alone)
            proposals = [
                {
                    "score": score,
                    "token": word,
                    "token_str": token_text(self.tokenizer, word),
                    "sequence": text,
                }
                for score, word, text in zip(prob_K, words, texts, strict=True)
            ]
            filled.append(proposals)
        return filled[0] if alone else filled
