"""Building a double array from sorted tokens, in time that a start-up does not notice."""

from ..jit import kernel
from .forms import FREE, GROW_TRIE, PLACE_TRIE

TRIES = 32  # free places to look at for a node with several children


@kernel(*GROW_TRIE)
def grow_trie(symbol_C, start_V, child_N, last_N, sibling_N, symbol_N, node_V, count):
    """Tokens to a linked trie: first and last children, next siblings, the node of each token.

    The tokens are sorted and differ, so a node that is shared is always the last child so far.
    Node 0 is the root; 0 also means "no such node". `count` receives the number of nodes, at most
    one more than there are symbols.

    Twin: text.wordpiece.WordPiece, whose dictionary holds the same tokens.
    """
    child_N[0] = last_N[0] = sibling_N[0] = 0
    nodes = 1
    for v in range(start_V.shape[0] - 1):
        node = 0
        for c in range(start_V[v], start_V[v + 1]):
            child = last_N[node]
            if child == 0 or symbol_N[child] != symbol_C[c]:
                if child == 0:
                    child_N[node] = nodes
                else:
                    sibling_N[child] = nodes
                last_N[node] = child = nodes
                child_N[child] = last_N[child] = sibling_N[child] = 0
                symbol_N[child] = symbol_C[c]
                nodes += 1
            node = child
        node_V[v] = node
    count[0] = nodes


@kernel(*PLACE_TRIE)
def place_trie(
    child_N, sibling_N, symbol_N, node_V, id_V, nodes, symbols,
    place_N, next_S, before_S, base_S, parent_S, id_S, used,
):  # fmt: skip
    """A linked trie to a double array: each node finds a base that suits all its children.

    Nodes with one child fill the holes; the others look at a few free places and else take the
    end, so the time does not depend on how full the array is. Places below `symbols` stay empty,
    so that no base is negative. `used` receives how many places matter, so that every base plus
    symbol lies among them, or 0: there are not enough.

    Twin: text.wordpiece.WordPiece, whose dictionary holds the same tokens.
    """
    places = base_S.shape[0]
    for s in range(places):
        base_S[s] = 0
        parent_S[s] = FREE
        id_S[s] = -1
        next_S[s] = s + 1  # free places make a ring through place `symbols`, the root's
        before_S[s] = s - 1
    head = symbols
    next_S[places - 1] = head
    before_S[head] = places - 1
    place_N[0] = head
    top = head + 1  # nothing is taken from here on
    used[0] = 0
    for node in range(nodes):
        first = child_N[node]
        if first == 0:
            continue
        place = next_S[head]
        found = False
        for _ in range(TRIES):
            if place >= top or place == head:
                break
            base = place - symbol_N[first]
            child = sibling_N[first]
            while child > 0 and base + symbol_N[child] < places:
                if parent_S[base + symbol_N[child]] != FREE:
                    break
                child = sibling_N[child]
            if child == 0:
                found = True
                break
            place = next_S[place]
        if not found:
            place = top
        base = place - symbol_N[first]
        base_S[place_N[node]] = base
        child = first
        while child > 0:
            place = base + symbol_N[child]
            if place + symbols + 1 >= places:
                return
            place_N[child] = place
            parent_S[place] = place_N[node]
            next_S[before_S[place]] = next_S[place]
            before_S[next_S[place]] = before_S[place]
            top = max(top, place + 1)
            child = sibling_N[child]
    for v in range(node_V.shape[0]):
        id_S[place_N[node_V[v]]] = id_V[v]
    used[0] = top + symbols + 1
