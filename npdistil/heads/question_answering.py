"""Token rows to two scores: how well an answer may begin with a token, and how well end."""

from dataclasses import dataclass

from ..dims import Floats
from ..encoder.backend import Backend, Dense
from ..encoder.packing import PackedBatch


@dataclass(frozen=True)
class QuestionAnswering:
    """One linear with two outputs on every row.

    Source: Devlin et al. 2018, arXiv:1810.04805, section 4.2.
    """

    layer: Dense

    def logits(self, backend: Backend, batch: PackedBatch) -> Floats:
        """[T, 2]: start and end, of the question's and of special tokens too."""
        return self.layer(backend.encode(batch, False, False).hidden_states[-1])
