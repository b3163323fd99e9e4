"""What an implementation shows of itself, so that it can be laid beside another one."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..dims import Floats
from .texts import Text

# Of the configuration, under its own names.
SIZES = (
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
    "vocab_size",
)
# All that is compared, in the order of a report; "dtype" need not agree.
SETTINGS = (
    "do_lower_case",
    "strip_accents",
    "tokenize_chinese_chars",
    "max_length",
    "prompt",
    "pooling",
    "normalize",
    *SIZES,
    "hidden_act",
    "layer_norm_eps",
    "dtype",
)


class Tokens(NamedTuple):
    """Texts as ids, without padding.

    Attributes:
        input_ids: of each text, special tokens included.
        token_type_ids: likewise; None: all 0, or the model has none.
    """

    input_ids: list[list[int]]
    token_type_ids: list[list[int]] | None


class Observed(NamedTuple):
    """What one implementation said of itself and computed of some texts. None: it does not show it.

    Attributes:
        settings: some of SETTINGS, those that the implementation knows.
        input_ids: of each text, special tokens included, without padding.
        token_type_ids: likewise.
        activations: by the names and with the shapes of `trace/names.py`, in any float type, each
            text's tokens on the left. What stands at masked places does not matter.
        embeddings: one vector a text, [B, E].
        scores: what a classifier of whole texts makes of them, [B, C], before any softmax.
    """

    settings: dict[str, Any]
    input_ids: list[list[int]] | None
    token_type_ids: list[list[int]] | None
    activations: dict[str, Floats]
    embeddings: Floats | None
    scores: Floats | None


class Side(Protocol):
    """An implementation that can be asked."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    def observe(self, texts: Sequence[Text]) -> Observed:
        """Compute texts as one batch, as the implementation does it for its users.

        Raises:
            InputError: it cannot, and why.
        """
        ...


def padded(
    rows: Sequence[Sequence[int]], filler: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows of integers as one array [B, L], and where they are; what is too short ends in `filler`.

    >>> padded([[1, 2], [3]], 0)[0].tolist()
    [[1, 2], [3, 0]]
    """
    lengths_B = np.array([len(row) for row in rows])
    mask_BL = np.arange(lengths_B.max())[None] < lengths_B[:, None]
    ids_BL = np.full(mask_BL.shape, filler, np.int64)
    ids_BL[mask_BL] = np.concatenate([np.asarray(row, np.int64) for row in rows])
    return ids_BL, mask_BL
