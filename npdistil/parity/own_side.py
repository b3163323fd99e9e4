"""Our own kernels as the other side: what `--against numpy64` lays beside the reference."""

from collections.abc import Sequence
from dataclasses import dataclass

from .ours import Ours
from .side import Observed
from .texts import Text


@dataclass(frozen=True)
class OwnSide:
    """The numba backend in float32.

    Attributes:
        ours: the model.
    """

    ours: Ours
    name: str = "numba float32"

    def observe(self, texts: Sequence[Text]) -> Observed:
        """See `Side.observe`."""
        return self.ours.observe(texts, "float32", "numba")
