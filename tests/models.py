"""Small models with random parameters, for tests that need no torch."""

from dataclasses import dataclass

import numpy as np

from npdistil.config import EncoderConfig
from npdistil.params import (
    AttentionParams,
    EmbeddingParams,
    EncoderParams,
    FeedForwardParams,
    LayerParams,
    LinearParams,
    NormParams,
)

# Sizes that differ from each other, so that a swapped axis cannot go unnoticed.
TINY = EncoderConfig(
    model_type="bert",
    vocab_size=37,
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=20,
    max_position_embeddings=41,
    type_vocab_size=2,
    layer_norm_eps=1e-12,
    hidden_act="gelu",
    pad_token_id=0,
)


@dataclass
class Draw:
    """Random read-only arrays, as a checkpoint gives them."""

    rng: np.random.Generator
    dtype: type = np.float32

    def array(self, *shape: int, mean: float = 0.0, scale: float = 1.0) -> np.ndarray:
        values = (mean + scale * self.rng.standard_normal(shape)).astype(self.dtype)
        values.flags.writeable = False
        return values

    def linear(self, outputs: int, inputs: int) -> LinearParams:
        return LinearParams(self.array(outputs, inputs, scale=inputs**-0.5), self.array(outputs))

    def norm(self, size: int) -> NormParams:
        return NormParams(self.array(size, mean=1.0, scale=0.3), self.array(size, scale=0.3))


def random_params(config: EncoderConfig, rng: np.random.Generator) -> EncoderParams:
    """Parameters of order 1, none of which is negligible: no bias 0, no weight 1."""
    draw = Draw(rng)
    D, F = config.hidden_size, config.intermediate_size

    def layer() -> LayerParams:
        # Large queries, so that attention is far from uniform and a wrong score shows.
        query = LinearParams(draw.array(D, D, scale=3 * D**-0.5), draw.array(D))
        return LayerParams(
            AttentionParams(
                query, draw.linear(D, D), draw.linear(D, D), draw.linear(D, D), draw.norm(D)
            ),
            FeedForwardParams(draw.linear(F, D), draw.linear(D, F), draw.norm(D)),
        )

    types = draw.array(config.type_vocab_size, D) if config.type_vocab_size else None
    return EncoderParams(
        EmbeddingParams(
            draw.array(config.vocab_size, D),
            draw.array(config.max_position_embeddings, D),
            types,
            draw.norm(D),
        ),
        tuple(layer() for _ in range(config.num_hidden_layers)),
        draw.linear(D, D) if config.model_type == "bert" else None,
    )


def cu_seqlens_of(*lengths: int) -> np.ndarray:
    """Where sequences of these lengths begin and end."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
