"""Token rows to one score a label, for each token."""

from dataclasses import dataclass

from ..dims import Floats
from ..encoder.backend import Backend, Dense
from ..encoder.packing import PackedBatch


@dataclass(frozen=True)
class TokenClassification:
    """Layers on every row; the last makes the scores.

    Source: transformers, BertForTokenClassification, DistilBertForTokenClassification: one linear.
    """

    layers: tuple[Dense, ...]

    def logits(self, backend: Backend, batch: PackedBatch) -> Floats:
        """[T, C], of special tokens too."""
        rows_TD = backend.encode(batch, False, False).hidden_states[-1]
        for layer in self.layers:
            rows_TD = layer(rows_TD)
        return rows_TD
