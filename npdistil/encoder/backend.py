"""What an engine must be able to do; the two that can are `numpy_backend` and `numba_backend`."""

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, get_args

from ..dims import Floats
from ..named_tuple import NamedTuple
from ..params import LinearParams, NormParams
from .packing import PackedBatch

Pooling = Literal["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
Dense: TypeAlias = Callable[[Floats], Floats]  # rows [N, I] to [N, E]


class PackedOutput(NamedTuple):
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

    def pooled(
        self,
        batch: PackedBatch,
        pooling: tuple[Pooling, ...],
        normalize: bool,
        skip: int = 0,
    ) -> Floats:
        """The whole encoder and one row a sequence, [B, D * len(pooling)]; none may be empty.

        Poolings stand side by side in their order; `normalize` scales the whole row to length 1;
        the first `skip` tokens of each sequence are read, but not pooled (`reference/pooling.py`).
        For ("cls",) alone, which is what classification needs too, the last layer computes the
        first token of each sequence and no other (`reference/first_token.py`): the same function,
        in other roundings than beside other poolings.
        """
        ...

    def dense(self, params: LinearParams, activation: str) -> Dense:
        """A layer behind the encoder, of which heads are made; its weights are packed here.

        Args:
            params: in the engine's float type.
            activation: "identity", or a name of `reference/activation.py`: "tanh", "relu", ...

        Returns:
            A function of rows [N, I], of the engine's float type and C-contiguous, to rows [N, E].
            On the numba backend a row's result does not depend on the other rows.
        """
        ...

    def word_scores(self, norm: NormParams, word_VD: Floats | None, bias_V: Floats) -> Dense:
        """The end of a masked language model's head: LayerNorm, then a score for each word.

        Args:
            norm: in the engine's float type, as are the others.
            word_VD: the decoder's weight; None: tied, the encoder's own table, of which no second
                copy is made.
            bias_V: one number a word.

        Returns:
            A function of rows [M, D] to scores [M, V] (`reference/masked_lm.py`). On the numba
            backend a row's scores do not depend on the other rows.
        """
        ...

    def normalized(self, rows_BE: Floats) -> Floats:
        """Rows [B, E] of the engine's float type, scaled to length 1; a zero row stays zero.

        On the numba backend a row's result does not depend on the other rows.
        """
        ...
