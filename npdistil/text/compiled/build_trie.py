"""A double array out of tokens."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...kernels.text.entries import grow_trie, place_trie
from ...kernels.text.forms import Table, Trie

Array = TypeVar("Array", bound=np.ndarray[Any, Any])


def build_trie(
    symbol_C: Table, length_V: NDArray[np.int64], id_V: NDArray[np.int32], symbols: int
) -> Trie:
    """The trie of V tokens, sorted by their symbols and all different.

    Args:
        symbol_C: the symbols of all tokens, each from 1 to `symbols`.
        length_V: how many symbols each token has; none has 0.
        id_V: the tokens' ids.
        symbols: the largest symbol.
    """
    start_V = np.concatenate([np.zeros(1, np.int64), np.cumsum(length_V)])
    most = len(symbol_C) + 1
    child_N, last_N, sibling_N, place_N = (np.empty(most, np.int64) for _ in range(4))
    symbol_N = np.empty(most, np.uint32)
    node_V, count = np.empty(len(id_V), np.int64), np.empty(1, np.int64)
    grow_trie(symbol_C, start_V, child_N, last_N, sibling_N, symbol_N, node_V, count)
    nodes = int(count[0])
    places = nodes + 4 * symbols + 1024
    while True:
        base_S, parent_S = (np.empty(places, np.uint32) for _ in range(2))
        id_S = np.empty(places, np.int32)
        next_S, before_S = (np.empty(places, np.int64) for _ in range(2))
        place_trie(
            *(child_N, sibling_N, symbol_N, node_V, id_V, nodes, symbols),
            *(place_N, next_S, before_S, base_S, parent_S, id_S, count),
        )
        if used := int(count[0]):
            base_S, parent_S, id_S = (
                base_S[:used].copy(),
                parent_S[:used].copy(),
                id_S[:used].copy(),
            )
            return Trie(frozen(base_S), frozen(parent_S), frozen(id_S), root=symbols)
        places *= 2


def frozen(array: Array) -> Array:
    """Make read-only, which the kernels' signature asks for: inside tuples to the letter."""
    array.flags.writeable = False
    return array
