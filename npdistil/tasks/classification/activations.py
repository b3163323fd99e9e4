"""What a cross-encoder applies to its logits: decided by the folder, or the caller's own."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import as_flag
from ...dims import Floats
from ...errors import ConfigError, InputError
from ..user_warning import warn_user
from .scores import FUNCTIONS, Scores, softmax

Activation = Callable[[NDArray[np.float32]], Any] | str
RowFunction = Callable[[Floats], Scores]  # logits of one pair [C] to its scores [C]
# Functions of torch by their last name; torch has them in torch.nn and in modules of it.
ACTIVATIONS = {"Sigmoid": "sigmoid", "Identity": "none"}


def activation_of(name: str | None, num_labels: int) -> str:
    """ "sigmoid" or "none", as sentence-transformers 6.2 decides.

    Args:
        name: a dotted name of torch; None where no file has one.
        num_labels: classes of the head.

    Raises:
        ConfigError: another function of torch.

    Warns:
        UserWarning: a name outside torch, which is not trusted: the default is taken.
    """
    if name is not None and not name.startswith("torch."):
        warn_user(
            f"activation_fn {name!r:.80} is none of torch's, so the default is taken; pass "
            "activation_fn to have another."
        )
        name = None
    if name is None:
        return "sigmoid" if num_labels == 1 else "none"
    known = ACTIVATIONS.get(name.rpartition(".")[2])
    if known is None:
        raise ConfigError(
            f"activation_fn {name!r:.80} is not built, only {', '.join(ACTIVATIONS)}; pass "
            "activation_fn to say what to use instead."
        )
    return known


def checked_activation(activation_fn: object) -> Activation:
    """A name of `FUNCTIONS`, or a function.

    Raises:
        InputError: anything else.
    """
    if callable(activation_fn) or (isinstance(activation_fn, str) and activation_fn in FUNCTIONS):
        return activation_fn
    raise InputError(
        f"activation_fn: expected one of {[*FUNCTIONS]}, a function or None, received "
        f"{activation_fn!r:.80}."
    )


def row_function(activation: Activation, apply_softmax: object, num_labels: int) -> RowFunction:
    """What turns the logits of one pair into its scores.

    Args:
        activation: as `checked_activation` gives it.
        apply_softmax: afterwards, a softmax over the labels, if there are several.
        num_labels: classes of the head.

    Raises:
        InputError: apply_softmax is neither True nor False.
    """
    applied = FUNCTIONS[activation] if isinstance(activation, str) else _of_rows(activation)
    if as_flag(apply_softmax, "apply_softmax") and num_labels > 1:
        return lambda logits_C: softmax(applied(logits_C))
    return applied


def _of_rows(function: Callable[[NDArray[np.float32]], Any]) -> RowFunction:
    """A caller's function of [1, C] as one of [C]: it never sees more than one pair."""

    def applied(logits_C: Floats) -> Scores:
        scores: Scores = np.asarray(function(logits_C[None].astype(np.float32)), np.float32)
        if scores.shape != (1, len(logits_C)):
            raise InputError(
                f"activation_fn: expected an array of shape (1, {len(logits_C)}) again, received "
                f"{scores.shape}."
            )
        scores_C: Scores = scores[0]
        return scores_C

    return applied
