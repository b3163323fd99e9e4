"""Passes that are watched: packed values shown padded and by name, and put back as they return."""

from collections.abc import Collection, Iterable
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..dims import Floats, expect_shape
from ..errors import InputError
from ..reference.tap import Tap
from ..trace.cache import ActivationCache
from ..trace.hooks import Hooks, Watch
from ..trace.names import COMPILED, NamesFilter, encoder_names, selected
from .numpy_backend import NumpyBackend
from .output import EncoderOutput
from .packing import PackedBatch, pack, unpack, unpack_attention

if TYPE_CHECKING:
    from .encoder import Encoder


class PaddedTap(Tap):
    """Shows what its watch wants to see as public arrays [B, L, ...], zeros at masked places."""

    def __init__(self, watch: Watch, keep_BL: NDArray[np.bool_], prefix: str = "") -> None:
        """Watch one pass over the batch of `keep_BL`."""
        self._watch, self._keep_BL, self._prefix = watch, keep_BL, prefix

    def within(self, part: str) -> "PaddedTap":
        """See `Tap.within`."""
        return PaddedTap(self._watch, self._keep_BL, f"{self._prefix}{part}.")

    def rows(self, name: str, x_TE: Floats) -> Floats:
        """See `Tap.rows`."""
        watch, name = self._watch, self._prefix + name
        if name in watch.hooked:
            x_TE = watch.edited(name, unpack(x_TE, self._keep_BL))[self._keep_BL]
        if name in watch.kept:
            watch.values[name] = unpack(x_TE, self._keep_BL)
        return x_TE

    def maps(self, name: str, x: Iterable[Floats]) -> Iterable[Floats]:
        """See `Tap.maps`."""
        watch, name = self._watch, self._prefix + name
        if name not in watch.hooked and name not in watch.kept:
            return x
        maps = [*x]
        if name in watch.hooked:
            edited_BHLM = watch.edited(name, self._padded(maps))
            columns = [np.flatnonzero(keep_L) for keep_L in self._keep_BL]
            maps = [
                np.ascontiguousarray(edited_BHLM[b][:, own[:, None], own])
                for b, own in enumerate(columns)
            ]
        if name in watch.kept:
            watch.values[name] = self._padded(maps)
        return maps

    def sequences(self, name: str, x_BE: Floats) -> Floats:
        """One row for each text, which has no padding."""
        watch, name = self._watch, self._prefix + name
        if name in watch.hooked:
            x_BE = watch.edited(name, x_BE)
        if name in watch.kept:
            watch.values[name] = x_BE
        return x_BE

    def _padded(self, maps: list[Floats]) -> Floats:
        if not maps:
            raise InputError("input_ids: a batch without texts has no attention to look at.")
        return unpack_attention(maps, self._keep_BL, len(maps[0]), maps[0].dtype)


def watch_for(
    encoder: "Encoder",
    names_filter: NamesFilter,
    hooks: Hooks,
    more: Collection[str] = (),
    passed: Collection[str] = (),
) -> Watch:
    """A watch over names of the encoder and `more`, but for `passed`, which the pass begins behind.

    The NumPy backend shows everything; the compiled one only what `names.COMPILED` lists and what
    follows the encoder, as the rest never is in memory as a whole.

    Raises:
        InputError: names that there are not, or not on this backend or in this pass; hooks on the
            compiled one.
    """
    own = encoder_names(encoder.config, encoder.pooler is not None)
    every = dict.fromkeys(name for name in [*own, *more] if name not in passed)
    shown, hooks = frozenset(every), [*hooks]
    if not isinstance(encoder.backend, NumpyBackend):
        if hooks:
            raise InputError(
                "fwd_hooks: the numba backend computes a pass in one compiled call, which no "
                'function can enter; load the model with backend="numpy".'
            )
        behind = [
            name for name in every if name == "pooler" or (name in more and ".norm." not in name)
        ]
        shown = selected([*COMPILED, *behind], every, "COMPILED")
    if names_filter is None:
        return Watch(shown, hooks, every, passed)
    kept = selected(names_filter, every, "names_filter", passed)
    if missing := [name for name in every if name in kept - shown]:
        raise InputError(
            f"names_filter: the numba backend shows {', '.join(COMPILED)} and pooler alone, not "
            f'{missing[0]}; load the model with backend="numpy".'
        )
    return Watch(kept, hooks, every, passed)


def run_watched(
    encoder: "Encoder",
    batch: PackedBatch,
    keep_BL: NDArray[np.bool_],
    watch: Watch,
    start: tuple[int, Floats] | None = None,
) -> Floats:
    """The last layer's rows [T, D]; the watch has what it asked for, but for the pooler's."""
    tap = PaddedTap(watch, keep_BL)
    if isinstance(encoder.backend, NumpyBackend):
        return encoder.backend.tapped(batch, tap, start)
    wants_maps = any(name.endswith(".probs") for name in watch.kept)
    packed = encoder.backend.encode(batch, True, wants_maps)
    for n, hidden_TD in enumerate(packed.hidden_states):
        if n and wants_maps:
            tap.maps(f"layers.{n - 1}.attention.probs", packed.attentions[n - 1])
        tap.rows(f"layers.{n - 1}.output" if n else "embeddings", hidden_TD)
    return packed.hidden_states[-1]


def finished(
    encoder: "Encoder",
    last_TD: Floats,
    batch: PackedBatch,
    keep_BL: NDArray[np.bool_],
    watch: Watch,
) -> tuple[EncoderOutput, ActivationCache]:
    """What a watched pass returns; the pooler is computed now if somebody watches it."""

    def pooler() -> Floats | None:
        return encoder.pooled_first(last_TD, batch, keep_BL)

    if "pooler" in watch.kept | watch.hooked:
        pooled = pooler()
        assert pooled is not None  # its name is there only with a pooler
        pooled = PaddedTap(watch, keep_BL).sequences("pooler", pooled)
        output = EncoderOutput(unpack(last_TD, keep_BL), lambda: pooled)
    else:
        output = EncoderOutput(unpack(last_TD, keep_BL), pooler)
    return output, ActivationCache(watch.values, keep_BL)


def run(
    encoder: "Encoder",
    input_ids: ArrayLike,
    attention_mask: ArrayLike | None,
    token_type_ids: ArrayLike | None,
    names_filter: NamesFilter,
    hooks: Hooks,
) -> tuple[EncoderOutput, ActivationCache]:
    """A whole pass over a padded batch; see `Encoder.run_with_cache`."""
    watch = watch_for(encoder, names_filter, hooks)
    batch, keep_BL = pack(input_ids, attention_mask, token_type_ids, encoder.config)
    last_TD = run_watched(encoder, batch, keep_BL, watch)
    return finished(encoder, last_TD, batch, keep_BL, watch)


def run_from(
    encoder: "Encoder",
    layer: int,
    state: ArrayLike,
    attention_mask: ArrayLike | None,
    names_filter: NamesFilter,
    hooks: Hooks,
) -> tuple[EncoderOutput, ActivationCache]:
    """The layers from number `layer` on; see `Encoder.run_from_layer`."""
    config = encoder.config
    if not isinstance(encoder.backend, NumpyBackend):
        raise InputError(
            "run_from_layer: the numba backend computes a pass in one compiled call from the "
            'embeddings on; load the model with backend="numpy".'
        )
    if not 0 <= layer <= config.num_hidden_layers:
        raise InputError(f"layer: expected 0 to {config.num_hidden_layers}, received {layer}.")
    state_BLD: NDArray[Any] = np.asarray(state)
    expect_shape("state", state_BLD, "BLD", D=config.hidden_size)
    if state_BLD.dtype.kind != "f":
        raise InputError(f"state: expected floats, received {state_BLD.dtype}.")
    first = f"layers.{layer}." if layer < config.num_hidden_layers else "pooler"
    names = encoder_names(config, has_pooler=True)
    passed = {*takewhile(lambda name: not name.startswith(first), names)}
    watch = watch_for(encoder, names_filter, hooks, passed=passed)
    # Ids no longer matter; packing them checks the mask and says where each text's rows are.
    batch, keep_BL = pack(np.zeros(state_BLD.shape[:2], int), attention_mask, None, config)
    rows_TD = state_BLD[keep_BL].astype(encoder.backend.dtype)
    last_TD = run_watched(encoder, batch, keep_BL, watch, (layer, rows_TD))
    return finished(encoder, last_TD, batch, keep_BL, watch)
