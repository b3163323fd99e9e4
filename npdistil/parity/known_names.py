"""Whether what the other side shows is anything that there is: a slip of the pen is no finding."""

import re
from difflib import get_close_matches

from ..errors import InputError
from ..trace.names import encoder_names
from .hypothesis import LOGITS, SENTENCE
from .ours import Ours
from .side import Observed

LONGEST = 80  # characters of a name that are looked at


def expect_known(name: str, ours: Ours, theirs: Observed) -> None:
    """Refuse activations that no model has, and scores where ours has no classifier.

    A layer that ours alone does not have is a finding, and not refused.

    Args:
        name: of the other side.
        ours: our side.
        theirs: what the other one showed.

    Raises:
        InputError: such a name, beside the one that is most like it; or such scores.
    """
    there = {*theirs.activations, *([] if theirs.scores is None else [LOGITS])}
    if LOGITS in there and not ours.head:
        raise InputError(
            f"{name}: shows the logits of a classifier of whole texts, and this model has none; "
            "leave them out, or name the folder with the classifier."
        )
    known = [*encoder_names(ours.config, has_pooler=True), LOGITS, SENTENCE]
    for activation in theirs.activations:
        # Of a number of layer alone it may be that the other side has more of them.
        if activation not in known and _in_layer_0(activation) not in known:
            (nearest,) = get_close_matches(activation[:LONGEST], known, 1, cutoff=0)
            raise InputError(
                f"{name}: {activation[:LONGEST]!r} is no activation; the nearest name is "
                f"{nearest!r}, and npdistil/trace/names.py has them all."
            )


def _in_layer_0(activation: str) -> str:
    return re.sub(r"^layers\.(0|[1-9]\d*)\.", "layers.0.", activation)
