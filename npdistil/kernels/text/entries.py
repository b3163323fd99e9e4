"""The tokenizer's compiled functions, as Python calls them."""

from ..objects.unit import Entry, Function, Unit
from .forms import ENCODE_PARTS, GROW_TRIE, PLACE_TRIE, PLACE_WORDS

TEXT = Unit(
    "text",
    __name__,
    (
        Function(".encode_parts", "encode_parts", ENCODE_PARTS),
        Function(".trie", "grow_trie", GROW_TRIE),
        Function(".trie", "place_trie", PLACE_TRIE),
        Function(".known_words", "place_words", PLACE_WORDS),
    ),
)

encode_parts = Entry(TEXT, "encode_parts")
grow_trie = Entry(TEXT, "grow_trie")
place_trie = Entry(TEXT, "place_trie")
place_words = Entry(TEXT, "place_words")
