"""What a forward pass returns."""

from dataclasses import dataclass

from ..dims import Floats


@dataclass(frozen=True)
class EncoderOutput:
    """The result of one forward pass over a padded batch; masked positions hold zeros.

    Attributes:
        last_hidden_state: [B, L, D], the last layer's rows.
        pooler_output: [B, D], tanh(linear) of column 0's row, zeros where column 0 is masked; None
            for a model without a pooler.
        hidden_states: the embeddings and each layer's rows, layers + 1 arrays [B, L, D], when
            asked for.
        attentions: each layer's attention maps [B, H, L, L], when asked for; row l sums to 1 over
            the tokens that l attends to.
    """

    last_hidden_state: Floats
    pooler_output: Floats | None
    hidden_states: tuple[Floats, ...] | None = None
    attentions: tuple[Floats, ...] | None = None
