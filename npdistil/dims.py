"""The dimension key: one letter per axis, used as the suffix of every array name.

`hidden_TD` is an array of T token rows by D features. A weight keeps the order it has on disk:
`weight_FD` is (outputs, inputs).

| letter | axis                                      | letter | axis                        |
|--------|-------------------------------------------|--------|-----------------------------|
| B      | sequences in a batch                      | D      | hidden_size                 |
| L      | columns of a padded batch                 | H      | attention heads             |
| M      | tokens attended to (M = L, self-attention)| K      | head size, D = H * K        |
| T      | token rows of a packed batch, all lengths | F      | intermediate_size           |
| N      | rows or layers, when nothing else is meant| V      | vocab_size                  |
| E      | outputs of a generic linear               | P      | max_position_embeddings     |
| I      | inputs of a generic linear                | G      | type_vocab_size             |
| S      | hidden states: layers + 1                 | Q      | all attention pairs of heads|
| J      | panels of a packed weight                 | W      | outputs in a panel          |
| R      | rows of a register block                  | C      | labels, or scores, of a head|

`cu_seqlens` has B + 1 entries: the rows of sequence b are `cu_seqlens[b]` up to
`cu_seqlens[b + 1]`, and the last entry is T. The BERT paper writes L, H and A for layers, hidden
size and heads; this key follows Shazeer, "Shape Suffixes" (2024).
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

Floats: TypeAlias = NDArray[np.floating[Any]]
Ints: TypeAlias = NDArray[np.integer[Any]]


def expect_shape(name: str, array: np.ndarray[Any, Any], axes: str, **sizes: int) -> None:
    """Check rank and the named sizes of an array at a public boundary.

    Args:
        name: what the caller calls the array, for the message.
        array: the array to check.
        axes: one letter per axis, such as "BL".
        sizes: sizes that are already known, such as B=3; other axes may have any size.

    Raises:
        InputError: the rank or one of the sizes is different.

    >>> expect_shape("attention_mask", np.zeros((2, 3)), "BL", B=2, L=3)
    >>> expect_shape("attention_mask", np.zeros((2, 3)), "BL", B=2, L=4)
    Traceback (most recent call last):
    npdistil.errors.InputError: attention_mask: expected shape [B=2, L=4], received (2, 3).
    """
    if array.ndim != len(axes) or any(
        array.shape[axes.index(axis)] != sizes[axis] for axis in sizes
    ):
        expected = [sizes.get(axis) for axis in axes]
        shown = ", ".join(
            axis if size is None else f"{axis}={size}"
            for axis, size in zip(axes, expected, strict=True)
        )
        raise InputError(f"{name}: expected shape [{shown}], received {array.shape}.")
