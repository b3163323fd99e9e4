"""What an engine must be able to do; the two that can are `numpy_backend` and `numba_backend`."""

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from ..dims import Floats, Ints
from .packing import PackedBatch

Pooling = Literal["mean", "cls", "max"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)


@dataclass(frozen=True)
class PackedOutput:
    """The result of a forward pass over packed rows.

    Attributes:
        hidden_states: arrays [T, D]; the last is the last layer's, the others (embeddings first)
            are there when asked for.
        attentions: for each layer one prob_HLM for each sequence; empty unless asked for.
    """

    hidden_states: list[Floats]
    attentions: list[list[Floats]]


class Backend(Protocol):
    """Arithmetic on packed rows that `packing` has checked. Safe to call from many threads."""

    def encode(
        self, batch: PackedBatch, output_hidden_states: bool, output_attentions: bool
    ) -> PackedOutput:
        """The whole encoder."""
        ...

    def pooler(self, first_BD: Floats) -> Floats | None:
        """BERT's summary of each sequence; None for a model without a pooler."""
        ...

    def pool(self, hidden_TD: Floats, cu_seqlens: Ints, mode: Pooling) -> Floats:
        """Token rows to [B, D]; no sequence may be empty."""
        ...

    def normalize(self, x_BD: Floats) -> Floats:
        """Rows of length 1."""
        ...
