"""What an implementation shows of itself, so that it can be laid beside another one."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from ..dims import Floats


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
        settings: by our names (`ours.settings`), only those that the implementation knows.
        input_ids: of each text, special tokens included, without padding.
        token_type_ids: likewise.
        activations: by the names and with the shapes of `trace/names.py`, in any float type, each
            text's tokens on the left. What stands at masked places does not matter.
        embeddings: one vector a text, [B, E].
        scores: of a head for whole texts, [B, C].
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

    def observe(self, texts: Sequence[str]) -> Observed:
        """Compute texts as one batch, as the implementation does it for its users.

        Raises:
            InputError: it cannot, and why.
        """
        ...
