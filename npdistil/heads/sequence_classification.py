"""Token rows to one score a label, for each sequence: layers on top of its first token."""

from dataclasses import dataclass

from ..dims import Floats
from ..encoder.backend import Backend, Dense
from ..encoder.packing import PackedBatch
from .sentence_embedding import expect_tokens


@dataclass(frozen=True)
class SequenceClassification:
    """What stands on [CLS], in its order; the last layer makes the scores.

    BERT: the pooler (tanh), a linear. DistilBERT: a linear with relu, a linear. XtremeDistil: a
    linear to its teacher's width, a linear.
    Source: transformers, BertForSequenceClassification, DistilBertForSequenceClassification;
    microsoft/xtreme-distil-transformers, models.py.
    """

    layers: tuple[Dense, ...]

    def logits(self, backend: Backend, batch: PackedBatch) -> Floats:
        """[B, C]. The last layer of the encoder computes first tokens alone.

        Args:
            backend: of the encoder.
            batch: sequences, none of them empty.

        Raises:
            InputError: a sequence without tokens.
        """
        expect_tokens(batch)
        rows_BD = backend.pooled(batch, ("cls",), False)
        for layer in self.layers:
            rows_BD = layer(rows_BD)
        return rows_BD
