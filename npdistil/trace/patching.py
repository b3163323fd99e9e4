"""Activation patching: run one text, with some activations of another in their places.

What of the other text's answer comes back says where the model keeps what tells the two apart.

Source: Vig et al. 2020, arXiv:2004.12265; Meng et al. 2022, arXiv:2202.05262, section 2.1 (causal
tracing).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from ..arguments import as_integer
from ..dims import Floats
from ..errors import InputError
from .cache import ActivationCache
from .hooks import Hook, Hooks
from .names import NamesFilter, selected

Output = TypeVar("Output")


def patch(
    donor: ActivationCache,
    names: NamesFilter,
    positions: Sequence[int] | None = None,
    donor_positions: Sequence[int] | None = None,
) -> list[tuple[NamesFilter, Hook]]:
    """Hooks that put another text's activations in their places.

    Args:
        donor: what was kept of the other text.
        names: which of its activations; as `names_filter`.
        positions: columns that are replaced; of attention maps the rows of the asking tokens. None
            replaces everything, which needs texts of the same number of columns.
        donor_positions: columns of the donor that go there; None: the same.

    Raises:
        InputError: a name that the donor has not kept, positions that are no integers, of different
            number, outside the donor, or of an activation that has none. The hooks raise it for
            shapes that do not fit.
    """
    own = None if positions is None else _integers(positions, "positions")
    places = own or []
    if donor_positions is not None:
        places = _integers(donor_positions, "donor_positions")
        if own is None or len(places) != len(own):
            raise InputError("donor_positions: give as many of them as of positions.")
    chosen = selected(names, donor, "names")
    columns = donor.attention_mask.shape[1]
    if not all(0 <= column < columns for column in places):
        raise InputError(f"positions: expected 0 to {columns - 1} in the donor, received {places}.")

    def put(value: Floats, name: str) -> Floats:
        given = donor[name]
        if own is None:
            if given.shape != value.shape:
                raise InputError(
                    f"{name}: the donor's is {given.shape}, this text's {value.shape}; give "
                    "positions and donor_positions, or texts of the same length."
                )
            return given
        axis = _columns_axis(value, name)
        if not all(0 <= column < value.shape[axis] for column in own):
            raise InputError(f"positions: expected 0 to {value.shape[axis] - 1}, received {own}.")
        try:
            np.moveaxis(value, axis, 0)[own] = np.moveaxis(given, axis, 0)[places]
        except ValueError:
            raise InputError(
                f"{name}: the donor's {given.shape} do not fit this text's {value.shape}; maps "
                "need texts of the same length."
            ) from None
        return value

    return [(name, put) for name in donor if name in chosen]


def patch_sweep(
    run: Callable[[Hooks], Output],
    donor: ActivationCache,
    names: Sequence[str],
    positions: Sequence[int],
    score: Callable[[Output], float],
) -> Floats:
    """Patch each name at each position alone, and say what becomes of a number.

    Args:
        run: hooks to a result, with the text that is patched.
        donor: what was kept of the other text; of the same length.
        names: rows of the result.
        positions: its columns.
        score: what is measured, such as the difference of two logits.

    Returns:
        float64 [len(names), len(positions)].

    Raises:
        InputError: as `patch`.
    """
    return np.array(
        [[score(run(patch(donor, name, [place]))) for place in positions] for name in names],
        np.float64,
    ).reshape(len(names), len(positions))


def _integers(positions: Sequence[int], argument: str) -> list[int]:
    """Columns as a list: an array, too, is as long as it is."""
    if not isinstance(positions, Iterable):
        raise InputError(f"{argument}: expected integers, received {positions!r:.80}.")
    return [as_integer(position, argument) for position in positions]


def _columns_axis(value: Floats, name: str) -> int:
    """Where the columns of the batch are: [B, L, ...], of maps [B, H, L, L]."""
    if value.ndim < 3:
        raise InputError(f"{name}: is one row for each text and has no positions.")
    return 2 if value.ndim == 4 else 1
