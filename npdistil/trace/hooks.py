"""Functions that see an activation on its way and may put another in its place."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from ..arguments import as_integer
from ..config import EncoderConfig
from ..dims import Floats
from ..errors import InputError
from .names import NamesFilter, selected

# hook(value, name): a copy that it may change in place, or return another for; None: the copy.
Hook: TypeAlias = Callable[[Floats, str], Any]
Hooks: TypeAlias = Iterable[tuple[NamesFilter, Hook]]


class Watch:
    """What one pass is watched for: the names to keep, and the hooks of names, in their order.

    Attributes:
        kept: names whose values are kept, as hooks left them.
        hooked: names that a hook sees.
        values: what was kept so far, by name, in the order of computation.
    """

    def __init__(
        self,
        kept: Collection[str],
        hooks: Hooks,
        names: Collection[str],
        passed: Collection[str] = (),
    ) -> None:
        """Take names and hooks; `passed` as for `selected`.

        Raises:
            InputError: hooks that are no pairs of names and a function, or that name nothing.
        """
        self.kept = frozenset(kept)
        self.values: dict[str, Floats] = {}
        self._hooks = [
            (selected(chosen, names, "fwd_hooks", passed), hook) for chosen, hook in _checked(hooks)
        ]
        self.hooked = frozenset(name for chosen, _ in self._hooks for name in chosen)

    def edited(self, name: str, value: Floats) -> Floats:
        """What all hooks of a name make of its value, one after another.

        Raises:
            InputError: a hook returned something of another shape.
        """
        for chosen, hook in self._hooks:
            if name in chosen:
                copy = value.copy()
                returned = hook(copy, name)
                edited = np.asarray(copy if returned is None else returned)
                if edited.shape != value.shape or edited.dtype.kind not in "fiub":
                    raise InputError(
                        f"fwd_hooks: the hook of {name} returned {edited.dtype} of shape "
                        f"{edited.shape}; return floats of shape {value.shape}, or None."
                    )
                value = edited.astype(value.dtype)
        return value


def head_ablation(
    config: EncoderConfig, heads: Mapping[int, int | Iterable[int]]
) -> list[tuple[NamesFilter, Hook]]:
    """Hooks that take away attention heads: what a head hands over, its `context`, is zero.

    Args:
        config: of the encoder.
        heads: for numbers of layers, numbers of heads.

    Raises:
        InputError: a layer or a head that the encoder does not have.

    Source: Michel et al. 2019, arXiv:1905.10650, section 2.3.
    """
    K, hooks = config.head_size, []
    for layer, numbers in heads.items():
        n = _within(layer, "layer", config.num_hidden_layers)
        several = numbers if isinstance(numbers, Iterable) else [numbers]
        columns = [
            slice(h * K, (h + 1) * K)
            for h in (_within(head, "head", config.num_attention_heads) for head in several)
        ]

        def zero(context_BLD: Floats, name: str, columns: list[slice] = columns) -> None:
            for own in columns:
                context_BLD[..., own] = 0

        hooks.append((f"layers.{n}.attention.context", zero))
    return [*hooks]


def _within(value: object, what: str, count: int) -> int:
    number = as_integer(value, what)
    if not 0 <= number < count:
        raise InputError(f"{what}: expected 0 to {count - 1}, received {number}.")
    return number


def _checked(hooks: Hooks) -> list[tuple[NamesFilter, Hook]]:
    checked = []
    for item in hooks:
        if not (isinstance(item, tuple | list) and len(item) == 2 and callable(item[1])):
            raise InputError(f"fwd_hooks: expected pairs (names, function), received {item!r:.80}.")
        checked.append((item[0], item[1]))
    return checked
