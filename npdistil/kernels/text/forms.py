"""The data that the tokenizer's kernels share: what the tables look like, and their types."""

import numpy as np
from numpy.typing import NDArray

from ...named_tuple import NamedTuple
from ..signature import COUNTERS, INT, ArrayKind, RecordKind

BYTES, OUT_BYTES = (ArrayKind(np.dtype("uint8"), 1, writable) for writable in (False, True))
IN_LONGS, OUT_LONGS = (ArrayKind(np.dtype("uint64"), 1, writable) for writable in (False, True))
IN_I, OUT_I = (ArrayKind(np.dtype("int64"), 1, writable) for writable in (False, True))
IN_TABLE, OUT_TABLE = (ArrayKind(np.dtype("uint32"), 1, writable) for writable in (False, True))
IN_IDS, OUT_IDS = (ArrayKind(np.dtype("int32"), 1, writable) for writable in (False, True))
OUT_SPANS = ArrayKind(np.dtype("int32"), 2, True)

# What a character, or one part of what it becomes, does to the words around it. An entry holds
# the kind in bits 0 to 2, AT_TOKEN in bit 3, the rank of its combining class in bits 4 to 9, and a
# number from bit 10 on: the symbol that tries know, for EXPANDED the place in the pool.
LETTER, SPACE, ALONE, IGNORED, EXPANDED, FLUSH, LONG, ADDED = range(8)
AT_TOKEN = 8  # an added token may begin with this byte
RANK_SHIFT, RANK_MASK = 4, 63
NUMBER_SHIFT = 10

# What is asked for: ids; also the numbers of their words; also their places in the text.
IDS_ONLY, WITH_WORDS, WITH_SPANS = range(3)

# Why a text ended.
DONE = 0
CUT_SHORT = 1  # the text was only the beginning of one, and it did not suffice
REORDERED = 2  # offsets were asked for, and marks that survive may change places

# Words that are found by their bytes.
MOST_BYTES = 12  # what two numbers hold beside the id
BEHIND = 16  # bytes that must be readable behind the last text
CASE = 0x2020202020202020  # the bit that makes a letter lower case, in each of eight bytes

FREE = np.uint32(0xFFFF_FFFF)  # as a parent: nobody's
NOTHING = np.uint32(0)  # the symbol of a character that no token contains

Table = NDArray[np.uint32]


class Trie(NamedTuple):
    """A double array: base_N[node] + symbol is the child of a node if parent_N there says so.

    Source: Aoe 1989, "An efficient digital search algorithm by using a double-array structure".
    """

    base_N: Table
    parent_N: Table
    id_N: NDArray[np.int32]  # of the token that ends here; -1: none does
    root: int


class KnownWords(NamedTuple):
    """Words that `kernels.text.known_words` finds by their bytes."""

    slot_S: NDArray[np.uint64]
    shift: int
    fold: int  # CASE: they are those of lowered text; else 0


class TextTables(NamedTuple):
    """Everything that the pass over the text reads."""

    byte_entry: Table  # 256: what ASCII does; LONG for all other bytes
    page_of: Table  # code point >> 8 to the place of its page
    page_entry: Table
    pool: Table  # for each EXPANDED: how many entries, then these
    words: Trie
    suffix_root: int  # where a piece begins that does not begin its word
    known: KnownWords
    added: Trie  # over bytes: a byte's symbol is its value + 1
    unk_id: int
    max_chars: int  # a longer word is one [UNK]
    cls_id: int  # -1: not wanted
    sep_id: int


class WordSpace(NamedTuple):
    """What the pass scribbles on, max_chars long: the word at hand, then its pieces."""

    symbol_W: Table
    rank_W: Table
    origin_W: NDArray[np.int64]
    piece_W: NDArray[np.int64]
    piece_end_W: NDArray[np.int64]


TRIE = RecordKind(Trie, (IN_TABLE, IN_TABLE, IN_IDS, INT))
KNOWN = RecordKind(KnownWords, (IN_LONGS, INT, INT))
TABLES = RecordKind(TextTables, (*[IN_TABLE] * 4, TRIE, INT, KNOWN, TRIE, INT, INT, INT, INT))
WORD_SPACE = RecordKind(WordSpace, (OUT_TABLE, OUT_TABLE, OUT_I, OUT_I, OUT_I))

# What the functions take that Python calls.
ENCODE_PARTS = (
    *(BYTES, IN_TABLE, BYTES, IN_I, IN_I, BYTES, IN_I, IN_I),
    *(INT, INT, TABLES, WORD_SPACE, OUT_I, OUT_BYTES, COUNTERS),
    *(OUT_I, OUT_I, OUT_IDS, OUT_IDS, OUT_SPANS, OUT_I, OUT_BYTES),
)
PLACE_WORDS = (IN_LONGS, IN_LONGS, IN_IDS, INT, OUT_LONGS)
GROW_TRIE = (IN_TABLE, IN_I, OUT_I, OUT_I, OUT_I, OUT_TABLE, OUT_I, OUT_I)
PLACE_TRIE = (
    *(IN_I, IN_I, IN_TABLE, IN_I, IN_IDS, INT, INT),
    *(OUT_I, OUT_I, OUT_I, OUT_TABLE, OUT_TABLE, OUT_IDS, OUT_I),
)


def word_space(max_chars: int) -> WordSpace:
    """Room for one thread."""
    symbol_W, rank_W = np.empty((2, max_chars), np.uint32)
    origin_W, piece_W, piece_end_W = np.empty((3, max_chars), np.int64)
    return WordSpace(symbol_W, rank_W, origin_W, piece_W, piece_end_W)
