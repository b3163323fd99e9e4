"""The tokenizer's compiled functions, as Python calls them."""

from ..objects.unit import Entry, Function, Unit
from .forms import ENCODE_TEXTS, GROW_TRIE, PLACE_TRIE

TEXT = Unit(
    "text",
    __name__,
    (
        Function(".encode_texts", "encode_texts", ENCODE_TEXTS),
        Function(".trie", "grow_trie", GROW_TRIE),
        Function(".trie", "place_trie", PLACE_TRIE),
    ),
)

encode_texts = Entry(TEXT, "encode_texts")
grow_trie = Entry(TEXT, "grow_trie")
place_trie = Entry(TEXT, "place_trie")
