"""What a forward pass returns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..dims import Floats


@dataclass(frozen=True, eq=False)
class EncoderOutput:
    """The result of one forward pass over a padded batch; masked positions hold zeros.

    Attributes:
        last_hidden_state: [B, L, D], the last layer's rows.
        hidden_states: the embeddings and each layer's rows, layers + 1 arrays [B, L, D], when
            asked for.
        attentions: each layer's attention maps [B, H, L, L], when asked for; row l sums to 1 over
            the tokens that l attends to.
    """

    last_hidden_state: Floats
    pooler: Callable[[], Floats | None] = field(repr=False)
    hidden_states: tuple[Floats, ...] | None = None
    attentions: tuple[Floats, ...] | None = None

    @cached_property
    def pooler_output(self) -> Floats | None:
        """[B, D], tanh(linear) of column 0's row, zeros where column 0 is masked.

        None for a model without a pooler. Computed when it is first asked for: its weights are
        a twelfth of a layer, and most callers want the rows alone.
        """
        return self.pooler()

    def __getstate__(self) -> dict[str, Any]:
        """A copy takes the pooler's result with it, not the model."""
        pooled = self.pooler_output
        return {**self.__dict__, "pooler": None, "pooler_output": pooled}
