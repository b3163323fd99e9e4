"""`ActivationCache`: what was seen of one forward pass."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dims import Floats
from .names import selected


class ActivationCache(Mapping[str, Floats]):
    """Named activations of one batch, in the order of computation; a read-only mapping.

    Attributes:
        attention_mask: bool [B, L], where there were tokens; elsewhere activations are zeros.
    """

    def __init__(self, values: Mapping[str, Floats], attention_mask: NDArray[np.bool_]) -> None:
        """Take what was seen; shapes are those of `names.py`."""
        self._values = dict(values)
        self.attention_mask = attention_mask

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each activation."""
        return {name: value.shape for name, value in self._values.items()}

    def stacked(self, pattern: str) -> Floats:
        """Activations of one shape in one array [N, ...], as "layers.*.attention.probs".

        Raises:
            InputError: the pattern names none that was kept (`names.selected`).
        """
        chosen = selected(pattern, self._values, "pattern")
        stacked_N: Floats = np.stack([self._values[name] for name in self if name in chosen])
        return stacked_N

    def __getitem__(self, name: str) -> Floats:
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(f"{name}: not kept; names_filter says what is") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        shown: list[Any] = [f"{name} {[*shape]}" for name, shape in self.shapes.items()]
        return f"ActivationCache({', '.join(shown)})"
