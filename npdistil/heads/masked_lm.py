"""Masked token rows to one score for each word of the vocabulary."""

from dataclasses import dataclass

from ..dims import Floats, Ints
from ..encoder.backend import Backend, Dense
from ..encoder.packing import PackedBatch


@dataclass(frozen=True)
class MaskedLM:
    """A layer of its own, then LayerNorm and a product with the table of words.

    Source: transformers, BertForMaskedLM, DistilBertForMaskedLM.

    Attributes:
        transform: dense, bent as the encoder's feed-forward layers are (`Backend.dense`).
        word_scores: the rest (`Backend.word_scores`).
    """

    transform: Dense
    word_scores: Dense

    def logits(self, backend: Backend, batch: PackedBatch, rows_M: Ints) -> Floats:
        """[M, V], of the token rows `rows_M` of the batch and of no others."""
        return self.scores(self.hidden(backend, batch, rows_M))

    def hidden(self, backend: Backend, batch: PackedBatch, rows_M: Ints) -> Floats:
        """What the encoder says of these token rows, [M, D]: all that their scores depend on."""
        return backend.encode(batch, False, False).hidden_states[-1][rows_M]

    def scores(self, hidden_MD: Floats) -> Floats:
        """[M, V] of rows of `hidden`; V is large, so ask for some rows at a time."""
        return self.word_scores(self.transform(hidden_MD))
